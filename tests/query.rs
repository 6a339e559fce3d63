//! Queries: what they are sent as, and which filters of a user are accepted.

#![allow(
    clippy::unwrap_used,
    reason = "a test stops where its setting cannot be made"
)]

use mr_provisioner::client::{Comparison, ErrorKind, Operand, Query, Symbol};

/// The position and the reason of the error of a filter that is not valid.
fn invalid_filter(text: &str) -> Option<(usize, String)> {
    let error = Query::parse(text).err()?;
    assert_eq!(error.kind(), ErrorKind::InvalidQuery, "{text:?}");
    let sentence = error.to_string();
    let rest = sentence.strip_prefix("the filter is not valid at character ");
    let (position, reason) = rest.unwrap().split_once(": ").unwrap();
    Some((position.parse().unwrap(), reason.to_owned()))
}

/// Small pseudo-random numbers from a seed, so that a failure repeats.
fn random_numbers(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed;
    move |bound| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % bound
    }
}

#[test]
fn names_are_quoted_in_the_query_language() {
    for (name, expected) in [
        ("plain", r#"(= name "plain")"#),
        ("a b", r#"(= name "a b")"#),
        (r#"quo"te"#, r#"(= name "quo\"te")"#),
        (r"back\slash", r#"(= name "back\\slash")"#),
        (r"end\", r#"(= name "end\\")"#),
        ("it's 100% (x); a/b", r#"(= name "it's 100% (x); a/b")"#),
        ("n\nl\tt", "(= name \"n\nl\tt\")"),
        ("ü機😀", r#"(= name "ü機😀")"#),
    ] {
        assert_eq!(Query::name_is(name).to_string(), expected);
    }
}

#[test]
fn name_contains_escapes_wildcards() {
    assert_eq!(
        Query::name_contains(r#"a%b_c\d"e"#).to_string(),
        r#"(=~ name "a\\%b\\_c\\\\d\"e")"#
    );
}

#[test]
fn queries_are_combined() {
    let several = Query::compare(
        Comparison::Greater,
        Operand::Symbol(Symbol::InterfaceCount),
        Operand::Integer(1),
    )
    .unwrap();
    let either = Query::or([Query::without_bmc(), Query::name_is("x")]);
    let query = Query::and([Query::unassigned(), several, either]);
    assert_eq!(
        query.to_string(),
        r#"(and (= assignee_count 0) (> interface_count 1) (or (= bmc_type "") (= name "x")))"#
    );
    assert_eq!(Query::and([]).to_string(), "(and)");
}

#[test]
fn built_query_is_parsed_back_to_itself() {
    let mut next = random_numbers(7);
    let alphabet: Vec<char> = "ab \\\"'();%_/\n\t\u{8}üß機😀&+=#tnrbf[]`,{}"
        .chars()
        .collect();
    for _ in 0..3000 {
        let mut queries = Vec::new();
        for _ in 0..next(4) {
            let text: String = (0..next(9))
                .map(|_| alphabet[next(alphabet.len() as u64) as usize])
                .collect();
            queries.push(match next(5) {
                0 => Query::name_is(&text),
                1 => Query::name_contains(&text),
                2 => Query::without_bmc(),
                3 => Query::compare(
                    Comparison::NotEqual,
                    Operand::Text(text),
                    Operand::Symbol(Symbol::Arch),
                )
                .unwrap(),
                _ => Query::compare(
                    Comparison::Less,
                    Operand::Symbol(Symbol::InterfaceCount),
                    Operand::Integer(next(9) as i64 - 4),
                )
                .unwrap(),
            });
        }
        let query = if next(2) == 0 {
            Query::and(queries)
        } else {
            Query::or(queries)
        };
        let text = query.to_string();
        assert_eq!(Query::parse(&text).unwrap(), query, "{text}");
    }
}

#[test]
fn random_filter_is_parsed_or_refused_with_its_position() {
    let mut next = random_numbers(11);
    let pieces = [
        "(", ")", "\"", "\\", ";", "\n", " ", "=", "=~", "and", "or", "name", "arch", "nil", "t",
        "5", "-", "\"x\"", "é", "\0",
    ];
    for _ in 0..5000 {
        let text: String = (0..next(12))
            .map(|_| pieces[next(pieces.len() as u64) as usize])
            .collect();
        match Query::parse(&text) {
            // What is accepted is a comparison or a combination, never a text alone.
            Ok(query) => assert!(query.to_string().starts_with(['(', 't']), "{text:?}"),
            Err(_) => {
                let (position, _) = invalid_filter(&text).unwrap();
                assert!(
                    (1..=text.chars().count() + 1).contains(&position),
                    "{text:?} {position}"
                );
            }
        }
    }
}

#[test]
fn valid_filters_are_parsed() {
    for (text, sent) in [
        ("t", "t"),
        (" nil ; everything", "t"),
        (r#"(= name "x")"#, r#"(= name "x")"#),
        (r#"(=name "x")"#, ""),
        (r#"( =  "x" name )"#, r#"(= "x" name)"#),
        ("(and)", "(and)"),
        ("(or t (= arch nil))", "(or t (= arch nil))"),
        ("(>= interface_count 2)", "(>= interface_count 2)"),
        (r#"(= assignee_count "0")"#, "(= assignee_count 0)"),
        ("(= name arch)", "(= name arch)"),
        (
            "; first\n(= arch ; second\n\"arm64\")",
            r#"(= arch "arm64")"#,
        ),
        (r#"(=~ name "a\\%")"#, r#"(=~ name "a\\%")"#),
        // An escape that the server does not know stays as two characters.
        (r#"(= name "a\x\n\t")"#, "(= name \"a\\\\x\n\t\")"),
        (r#"(= name ";)(")"#, r#"(= name ";)(")"#),
    ] {
        match Query::parse(text) {
            Ok(query) => assert_eq!(query.to_string(), sent, "{text}"),
            Err(_) => assert_eq!(sent, "", "{text}"),
        }
    }
}

#[test]
fn invalid_filter_is_refused_with_reason_and_position() {
    let deep = format!("{}{}", "(and ".repeat(40), ")".repeat(40));
    let long = " ".repeat(5000);
    for (text, position, reason) in [
        ("", 1, "it is empty"),
        (" ; only a comment", 1, "it is empty"),
        (r#""machine.id = 2""#, 1, "a text alone selects nothing"),
        ("name", 1, "`name` alone selects nothing"),
        ("5", 1, "`5` alone selects nothing"),
        ("'x", 1, "' has no meaning here"),
        ("[ ]", 1, "[ has no meaning here"),
        ("(= name 'x')", 9, "' has no meaning here"),
        ("()", 2, "the parentheses are empty"),
        (r#"("=" name)"#, 2, "an operator must come first"),
        ("((= name arch))", 2, "an operator must come first"),
        (r#"(foo name "x")"#, 2, "`foo` is not an operator"),
        (r#"(not (= name "x"))"#, 2, "`not` is not an operator"),
        (r#"(and (= name "x")"#, 1, "this parenthesis is not closed"),
        (r#"(= name "x)"#, 9, "this quote is not closed"),
        (r#"(= name "x\"#, 9, "this quote is not closed"),
        (r#"(= name "x"))"#, 13, "there is no opening parenthesis"),
        (")", 1, "there is no opening parenthesis"),
        (
            r#"(= name "x") (= arch "y")"#,
            14,
            "the expression ends before this",
        ),
        ("(= name)", 2, "two operands, not 1"),
        (r#"(= name "x" "y")"#, 2, "two operands, not 3"),
        (r#"(= hostname "x")"#, 4, "`hostname` is no symbol"),
        ("(= name x)", 9, "`x` is no symbol"),
        ("(= name t)", 9, "`t` is no symbol"),
        ("(= name 5)", 2, "name is compared with a text"),
        (
            r#"(= assignee_count "x")"#,
            2,
            "assignee_count is compared with a number",
        ),
        ("(= assignee_count 1.5)", 19, "`1.5` is no symbol"),
        ("(= name assignee_count)", 2, "cannot be compared"),
        (r#"(= "a" "b")"#, 2, "one side of = must be a symbol"),
        ("(< name nil)", 2, "nil can only be compared with"),
        ("(=~ name 5)", 2, "=~ compares"),
        ("(=~ name nil)", 2, "=~ compares"),
        (r#"(=~ "a" "b")"#, 2, "=~ compares"),
        (r#"(=~ "a" name)"#, 2, "=~ compares"),
        (r#"(=~ assignee_count "1")"#, 2, "=~ compares"),
        (
            r#"(and "machine.id = 2")"#,
            6,
            "a text alone selects nothing",
        ),
        ("(or name)", 5, "`name` alone selects nothing"),
        ("(and nil)", 6, "`nil` alone selects nothing"),
        ("(= name (= arch name))", 2, "not expressions"),
        ("(= name \"a\0b\")", 11, "NUL"),
        (&deep, 161, "nested deeper than 32"),
        (&long, 4097, "longer than 4096"),
    ] {
        let (found, said) = invalid_filter(text).unwrap();
        assert!(said.contains(reason), "{text:?}: {said}");
        assert_eq!(found, position, "{text:?}: {said}");
    }
}

#[test]
fn mentions_finds_symbols_but_not_texts() {
    let mentions = |text: &str, symbol| Query::parse(text).unwrap().mentions(symbol);
    for text in [
        "(= assignee_count 0)",
        "(< 0 assignee_count)",
        "(and (= name \"x\") (or (= arch \"y\") (> interface_count assignee_count)))",
    ] {
        assert!(mentions(text, Symbol::AssigneeCount), "{text}");
    }
    for text in [
        "t",
        "(and)",
        "(= name \"assignee_count\")",
        "(=~ name \"assignee_count\")",
    ] {
        assert!(!mentions(text, Symbol::AssigneeCount), "{text}");
    }
    assert!(mentions("(=~ arch \"64\")", Symbol::Arch));
}
