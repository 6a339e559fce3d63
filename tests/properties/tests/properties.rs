//! Properties with random inputs. `PROPTEST_CASES` sets how many.

use mrp_properties::{answers, arguments, inventory, labs, mark, options, query, scrubber};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::Value;

/// Few for each property, so that the ring stays quick; the fuzz targets try millions.
fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases: std::env::var("PROPTEST_CASES")
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(cases),
        // A failure prints its input, which goes to a test of its own.
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// A text with the characters that mean something to a parser here.
fn text() -> impl Strategy<Value = String> {
    let special: Vec<char> = "[\"'\\%_&;()#=]*$~{}<>\n\r\t/+.,: -".chars().collect();
    let character = prop_oneof![
        prop::sample::select(special),
        prop::char::range('a', 'z'),
        prop::char::range('0', '9'),
        any::<char>(),
    ];
    vec(character, 0..24).prop_map(String::from_iter)
}

/// A value of JSON, often one that stands for a boolean or a number.
fn json() -> impl Strategy<Value = Value> {
    let words = prop::sample::select(vec![
        "yes",
        "No",
        " on ",
        "0",
        "1",
        "1.0",
        "1e3",
        "-0",
        "1_000",
        "0x10",
        "inf",
        "NaN",
        "",
        "~",
        "$HOME/x",
        "a,b",
        ",",
        "one",
        "18446744073709551616",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (-2..3_i64).prop_map(Value::from),
        words.prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(text(), inner, 0..4).prop_map(|fields| fields.into_iter().collect()),
        ]
    })
}

/// A line of a file of options, often a valid one.
fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        text(),
        text().prop_map(|name| format!("[{name}]")),
        (
            prop::sample::select(vec![
                "mrp_url",
                "token",
                "mrp_token",
                "timeout",
                "scope",
                "query",
                "cache_lifetime",
                "lab",
                "interface",
                "holders",
            ]),
            text()
        )
            .prop_map(|(name, value)| format!("{name} = {value}")),
        Just("mrp_url = http://127.0.0.1/".to_owned()),
    ]
}

fn lines() -> impl Strategy<Value = String> {
    vec(line(), 0..8).prop_map(|lines| lines.join("\n"))
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..64),
        json().prop_map(|value| value.to_string().into_bytes()),
    ]
}

proptest! {
    #![proptest_config(config(128))]

    #[test]
    fn any_arguments_file_is_a_call_or_a_failure(module: u8, contents in bytes()) {
        arguments::bytes_are_a_call_or_a_failure(module, &contents);
    }

    #[test]
    fn check_mode_is_never_lost(mode in json()) {
        arguments::check_mode_is_never_lost(&mode);
    }

    #[test]
    fn any_value_gets_the_type_of_its_option_or_is_refused(value in json()) {
        options::value_gets_its_type_or_is_refused(&value);
    }

    #[test]
    fn built_query_selects_what_it_says(names in vec(text(), 0..4), is_part: bool, all: bool) {
        query::built_query_selects_what_it_says(&names, is_part, all);
    }

    #[test]
    fn accepted_filter_is_accepted_by_the_server(
        parts in vec(prop::sample::select(vec![
            "(", ")", "(= ", "(=~ ", "(and ", "(or ", "(< ", "name ", "arch ", "bmc_type ", "assignee_count ", "nil ", "t ",
            "5 ", "-1 ", "\"x\" ", "\"7\" ", "\"\\n%\" ", ";c\n", "\u{a0}",
        ]), 0..12)
    ) {
        query::accepted_filter_is_accepted_by_the_server(&parts.concat());
    }

    #[test]
    fn any_answer_is_complete_or_an_error(body in bytes()) {
        answers::answer_is_complete_or_an_error(&body);
    }

    #[test]
    fn answer_without_a_field_that_decides_is_an_error(values in vec(json(), 0..10), missing: u8) {
        answers::answer_without_a_field_that_decides_is_an_error(&values, missing);
    }

    #[test]
    fn any_refusal_is_a_sentence_without_the_token(status: u16, before in bytes(), after in bytes()) {
        answers::refusal_is_a_sentence_without_the_token(status, &before, &after);
    }

    #[test]
    fn list_is_read_the_same_in_any_parts(list in bytes(), lengths in vec(0..9_u8, 0..9)) {
        answers::list_is_read_the_same_in_any_parts(&list, &lengths);
    }

    #[test]
    fn mark_survives_the_server(user in text(), file_name in text(), contents: u64) {
        mark::mark_survives_the_server(&user, &file_name, &contents.to_le_bytes());
    }

    #[test]
    fn any_name_has_a_mark_or_none(name in "[a/.]{0,3}(s256-[0-9a-f]{30,33})?[./a-f0-9]{0,10}") {
        mark::any_name_has_a_mark_or_none(&name);
    }

    #[test]
    fn any_text_is_options_of_an_inventory_or_a_failure(text in lines()) {
        inventory::text_is_options_or_a_failure(&text);
    }

    #[test]
    fn copy_is_read_only_as_it_was_written(inventory in json(), secret in text(), at: usize, byte: u8) {
        inventory::copy_is_read_only_as_it_was_written(&inventory, &secret, at, byte);
    }

    #[test]
    fn any_bytes_are_no_copy(copy in bytes()) {
        inventory::bytes_are_no_copy(&copy);
    }

    #[test]
    fn any_text_is_labs_or_a_failure(text in lines()) {
        labs::text_is_labs_or_a_failure(&text);
    }

    #[test]
    fn no_spelling_of_a_secret_is_left(
        secret in text(), encoders in vec(any::<u8>(), 0..4), before in text(), after in text()
    ) {
        scrubber::no_spelling_is_left(&secret, &encoders, &before, &after);
    }
}

proptest! {
    #![proptest_config(config(32))]

    #[test]
    fn module_reads_all_options_that_are_accepted(module: u8, values in vec((any::<u8>(), json()), 0..6)) {
        options::module_reads_all_options_that_are_accepted(module, &values);
    }
}
