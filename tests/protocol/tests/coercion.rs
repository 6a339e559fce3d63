//! Coercion of values to the types of their options, where the recorded cases have no example.

use mr_provisioner::ansible::{Call, Kind, ModuleSpec, Opt};
use serde_json::{Map, Value, json};

static SPEC: ModuleSpec = ModuleSpec {
    options: &[&[
        Opt::new("text", Kind::Str),
        Opt::new("flag", Kind::Bool),
        Opt::new("whole", Kind::Int),
        Opt::new("number", Kind::Float),
        Opt::new("words", Kind::List(&Kind::Str)),
    ]],
    ..ModuleSpec::EMPTY
};

/// The value that an option has, or the end of the message about it.
fn coerced(option: &str, value: &Value) -> Result<Value, String> {
    let options = Map::from_iter([(option.to_owned(), value.clone())]);
    match Call::new(&SPEC, &options) {
        Ok(call) => Ok(call.options[option].clone()),
        Err(failure) => {
            let (_, error) = failure.message.split_once(": ").unwrap();
            Err(error.to_owned())
        }
    }
}

fn values(list: Value) -> Vec<Value> {
    list.as_array().cloned().unwrap()
}

#[test]
fn booleans_are_words_or_numbers() {
    for value in values(json!([true, 1, 1.0, "yes", " On\n", "T", "1"])) {
        assert_eq!(coerced("flag", &value), Ok(json!(true)), "{value}");
    }
    for value in values(json!([false, 0, 0.0, "no", "OFF", "f", "n"])) {
        assert_eq!(coerced("flag", &value), Ok(json!(false)), "{value}");
    }
    for value in values(json!(["", 2, -1, "2", "1.0", "enabled", [], {}])) {
        assert!(coerced("flag", &value).is_err(), "{value}");
    }
}

#[test]
fn numbers_are_read_as_python_reads_them() {
    let whole = [
        (" 1 ", Some(1)),
        ("+1", Some(1)),
        ("-1", Some(-1)),
        (" 1_000 ", Some(1000)),
        ("1_000", Some(1000)),
        ("0644", Some(644)),
        ("1.0", Some(1)),
        ("1e3", Some(1000)),
        ("1.5e1", Some(15)),
        ("100e-2", Some(1)),
        ("0e-5", Some(0)),
        ("0.0", Some(0)),
        ("1.5", None),
        ("1e-1", None),
        ("", None),
        (".", None),
        ("0x10", None),
        ("inf", None),
        ("1e999999999", None),
        ("9223372036854775807", Some(i64::MAX)),
        ("9223372036854775808", None),
    ];
    for (text, expected) in whole {
        let number = coerced("whole", &json!(text)).ok();
        assert_eq!(number, expected.map(Value::from), "{text:?}");
    }
    let finite = [
        ("0.5", Some(0.5)),
        ("1e3", Some(1000.0)),
        (" 1_000.5 ", Some(1000.5)),
        ("_1", None),
        ("1__0", None),
        ("1_", None),
        ("nan", None),
        ("inf", None),
        ("x", None),
    ];
    for (text, expected) in finite {
        let number = coerced("number", &json!(text)).ok();
        assert_eq!(number, expected.map(Value::from), "{text:?}");
    }
    assert_eq!(coerced("whole", &json!(2.0)), Ok(json!(2)));
    assert_eq!(coerced("whole", &json!(true)), Ok(json!(1)));
    assert_eq!(coerced("number", &json!(3)), Ok(json!(3.0)));
    for (value, quoted) in [(json!("big"), "'big'"), (json!(1.5), "1.5")] {
        let error = format!("\"{quoted}\" cannot be converted to an int");
        assert_eq!(coerced("whole", &value), Err(error));
    }
}

#[test]
fn texts_are_written_as_python_writes_them() {
    for (json, expected) in [
        ("true", "True"),
        ("1", "1"),
        ("-7", "-7"),
        (
            "123456789012345678901234567890",
            "123456789012345678901234567890",
        ),
        ("1.0", "1.0"),
        ("1e3", "1000.0"),
        ("0.1", "0.1"),
        ("1e16", "1e+16"),
        ("1.5e-5", "1.5e-05"),
        ("0.0001", "0.0001"),
        ("1e400", "inf"),
        ("5", "5"),
    ] {
        let value = serde_json::from_str(json).unwrap();
        assert_eq!(coerced("text", &value), Ok(expected.into()), "{json}");
    }
}

#[test]
fn lists_and_dictionaries_are_no_texts_and_are_shown_as_python_writes_them() {
    for (json, expected) in [
        (r#"[1, "a"]"#, "[1, 'a']"),
        (
            r#"{"a": [1, "x", null, true], "b": {"it's": "\"q\""}}"#,
            r#"{'a': [1, 'x', None, True], 'b': {"it's": '"q"'}}"#,
        ),
        (r#"["a'b\"c"]"#, r#"['a\'b"c']"#),
        (
            r#"["\n\u0000\u007f\u0085\u2028ä\\"]"#,
            r"['\n\x00\x7f\x85\u2028ä\\']",
        ),
        (r#"["😀\udb40\udc01"]"#, "['😀\\U000e0001']"),
    ] {
        let value = serde_json::from_str(json).unwrap();
        let shown = format!("\"{expected}\" cannot be converted to an int");
        assert_eq!(coerced("whole", &value), Err(shown), "{json}");
        let error = coerced("text", &value).unwrap_err();
        assert!(error.ends_with("cannot be converted to a str"), "{error}");
    }
}

#[test]
fn lists_are_split_at_commas() {
    for (value, expected) in [
        (json!("a, b "), json!(["a", " b "])),
        (json!(""), json!([""])),
        (json!(true), json!(["True"])),
    ] {
        assert_eq!(coerced("words", &value), Ok(expected));
    }
    let error = "<class 'dict'> cannot be converted to a list";
    assert_eq!(coerced("words", &json!({})), Err(error.to_owned()));
}
