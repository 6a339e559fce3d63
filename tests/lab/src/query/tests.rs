//! Queries beyond the recorded ones, checked against the seeded machines.

use crate::reply::{Content, Reply};
use crate::seed;

fn parse(query: &str) -> Result<super::Filter, Reply> {
    let filter = super::parse(query)?;
    filter.check().map(|()| filter)
}

const NONE: [i64; 0] = [];
const ALL: [i64; 8] = [1, 2, 3, 4, 5, 6, 7, 8];

fn found(query: &str) -> Vec<i64> {
    let folder = tempfile::tempdir().unwrap();
    let db = seed::load(folder.path()).unwrap();
    let filter = parse(query).unwrap_or_else(|reply| panic!("{query}: {reply:?}"));
    db.machines
        .iter()
        .filter(|machine| filter.accepts(&db, machine))
        .map(|machine| machine.id)
        .collect()
}

/// The status and, of a JSON answer, the class of the error and the beginning of its text.
fn refused(query: &str) -> (u16, String, String) {
    let Reply {
        status,
        content: Content::Text(text),
        ..
    } = parse(query)
        .err()
        .unwrap_or_else(|| panic!("{query} passes"))
    else {
        panic!("refusals are texts");
    };
    let body: serde_json::Value = serde_json::from_slice(&text).unwrap_or_default();
    let errors = body["errors"]
        .as_str()
        .unwrap_or_default()
        .lines()
        .next()
        .unwrap_or_default();
    (
        status,
        body["error_type"].as_str().unwrap_or_default().to_owned(),
        errors.to_owned(),
    )
}

#[test]
fn operators_accept_all_operand_types() {
    assert_eq!(found("(and (or) (= name \"qdc01\"))"), [2]);
    assert_eq!(found("(or (and) (= name \"qdc01\"))"), [2]);
    assert_eq!(found("(or (= name \"x\") nil)"), NONE);
    assert_eq!(found("(and t t)"), ALL);
    assert_eq!(found("(and t (= 1 2))"), NONE);
    assert_eq!(found("(= 1 1.0)"), ALL);
    assert_eq!(found("(= nil nil)"), ALL);
    assert_eq!(found("(< 5 interface_count)"), [1]);
    assert_eq!(found("(= (= name \"qdc01\") t)"), [2]);
    assert_eq!(found("(!= (= arch \"arm64\") t)"), [8]);
    assert_eq!(found("(= assignee_count interface_count)"), [2, 3, 5, 7]);
    assert_eq!(found("(!= interface_count \" 1 \")"), [1, 6]);
    assert_eq!(found("(< interface_count 99999999999999999999)"), ALL);
    assert_eq!(found("(=~ name \"\\\\%\")"), NONE);
}

#[test]
fn texts_have_lisp_escapes() {
    assert_eq!(found(r#"(= name "bad bmc/box \"q\"")"#), [7]);
    assert_eq!(found("(= name\"qdc01\")"), [2]);
    assert_eq!(found("(= name \"qdc01\") ; the end"), [2]);
}

#[test]
fn only_simple_raw_sql_is_parsed() {
    assert_eq!(found("\"machine.id = 2\""), [2]);
    assert_eq!(found("\"machine.id > 6\""), [7, 8]);
    assert_eq!(found("\"1 = 1\""), ALL);
    assert_eq!(
        found("(and \"machine.id <> 2\" (= arch \"arm64\"))"),
        [1, 3, 4, 5, 6, 7]
    );
    assert_eq!(refused("\"machine.id = 2 OR 1=1\"").1, "ProgrammingError");
    assert!(
        refused("\"qdc01\"")
            .2
            .contains("column \"qdc01\" does not exist")
    );
}

#[test]
fn errors_come_from_the_first_failing_stage() {
    let value_error = |query, text: &str| {
        assert_eq!(
            refused(query),
            (400, "ValueError".into(), text.into()),
            "{query}"
        )
    };
    value_error("(foo)", "`foo` is not a valid operation");
    value_error(
        "(and (= name 5) (= hostname 1))",
        "`=` is not a valid operation",
    );
    value_error("(and hostname)", "`and` is not a valid operation");
    value_error("(foo (bar))", "`foo` is not a valid operation");
    value_error("(= name ())", "s-expr is empty");
    value_error("((and) t)", "s-expr operation must be a symbol");
    value_error("(= name \"a\") t", "failed to parse query");
    value_error("; nothing", "failed to parse query");
    for query in [
        "(=~ nil \"x\")",
        "(< name nil)",
        "(< name t)",
        "(< \"a\" 5)",
        "(and 5)",
        "(=~ name t)",
        "(=~ name name)",
        "'x",
        "(and 'x)",
        "(= na\\",
        "foo",
        "1.5",
        "(",
        "]",
    ] {
        assert_eq!(refused(query).0, 500, "{query}");
    }
    let database = |query, class: &str| {
        assert_eq!(
            (refused(query).0, refused(query).1),
            (400, class.into()),
            "{query}"
        )
    };
    database("(= name t)", "ProgrammingError");
    database("(= arch 1.5)", "ProgrammingError");
    database("(= name assignee_count)", "ProgrammingError");
    database("(= interface_count \"1.5\")", "DataError");
    database("(or (= name \"x\") arch)", "ProgrammingError");
    database("interface_count", "ProgrammingError");
}

#[test]
fn symbols_with_escapes_are_named_with_their_escapes() {
    let blamed = |query| refused(query).2;
    assert_eq!(blamed("(= na\\me 1)"), "`=` is not a valid operation");
    assert_eq!(blamed("(foo.bar)"), "`foo\\.bar` is not a valid operation");
    assert_eq!(blamed("(a\\ b;c)"), "`a\\ b\\;c` is not a valid operation");
}

#[test]
fn pattern_match_needs_a_text_and_a_text_column() {
    for query in ["(=~ name arch)", "(=~ \"a\" name)", "(=~ t \"a\")"] {
        assert_eq!(refused(query).0, 500, "{query}");
    }
    assert_eq!(refused("(=~ (= name \"a\") \"b\")").1, "ProgrammingError");
}

#[test]
fn quotes_and_brackets_cannot_be_converted_to_sql() {
    for (query, kind) in [
        ("(= name [x])", "Bracket"),
        ("(!= arch 'x)", "Quoted"),
        ("(< assignee_count '(a))", "Quoted"),
    ] {
        let (status, class, text) = refused(query);
        assert_eq!(
            (status, class.as_str()),
            (400, "ProgrammingError"),
            "{query}"
        );
        assert!(
            text.ends_with(&format!("can't adapt type '{kind}'")),
            "{text}"
        );
    }
    assert_eq!(found("(= 'a 'a)"), ALL);
    assert_eq!(found("(= [a] 'a)"), NONE);
    assert_eq!(found("(= 'qdc01 name)"), NONE);
    assert_eq!(found("(!= [x] name)"), ALL);
}

#[test]
fn decisive_operand_hides_errors_of_the_others() {
    assert_eq!(found("(or t name)"), ALL);
    assert_eq!(found("(and (= 1 2) interface_count)"), NONE);
    assert_eq!(found("(or (= 1 2) (= name \"qdc01\"))"), [2]);
    assert_eq!(refused("(or t 5)").0, 500);
    assert_eq!(refused("(or t hostname)").1, "ValueError");
}

#[test]
fn conditions_can_be_compared_with_null() {
    assert_eq!(found("(!= (= name \"qdc01\") nil)"), ALL);
    assert_eq!(found("(= nil (= name \"qdc01\"))"), NONE);
}

#[test]
fn numbers_compare_like_in_python_and_postgresql() {
    assert_eq!(found("(< interface_count nan)"), ALL);
    assert_eq!(found("(> Infinity interface_count)"), ALL);
    assert_eq!(found("(= interface_count 1_0e-1)"), [2, 3, 4, 5, 7, 8]);
    assert_eq!(found("(< nan 1)"), NONE);
    assert_eq!(refused("(= interface_count \"1_0\")").1, "DataError");
    assert_eq!(
        refused("(= interface_count \"99999999999999999999\")").1,
        "DataError"
    );
}

#[test]
fn empty_text_finds_all_machines() {
    assert_eq!(found("\"\""), ALL);
}
