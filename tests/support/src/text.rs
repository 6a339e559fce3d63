//! Assertions on texts, and short ways into a result.

use serde_json::{Value, json};

use crate::TOKEN;

/// Asserts that a text has each of these parts.
#[track_caller]
pub fn assert_contains(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no {part:?} in {text:?}");
    }
}

/// Asserts that an output does not have the token that the programs are given.
#[track_caller]
pub fn assert_no_token(printed: &str) {
    assert!(!printed.contains(TOKEN), "the token was printed: {printed}");
}

/// A value that must be a text.
pub fn text(value: &Value) -> String {
    let text = value.as_str();
    text.unwrap_or_else(|| panic!("not a text: {value}"))
        .to_owned()
}

/// The message of a module's result.
pub fn message(result: &Value) -> String {
    text(&result["msg"])
}

/// Asserts that a module failed, and whether its result says that something changed.
#[track_caller]
pub fn assert_failed(result: &Value, changed: bool) {
    let ended = (&result["failed"], &result["changed"]);
    assert_eq!(ended, (&json!(true), &json!(changed)), "{result:#}");
}

/// The actions of a result's plan.
pub fn actions(result: &Value) -> Vec<String> {
    column(&result["plan"], "action")
}

/// The texts that the objects of a list have under a key.
pub fn column(list: &Value, key: &str) -> Vec<String> {
    let objects = list.as_array();
    let objects = objects.unwrap_or_else(|| panic!("not a list: {list}"));
    objects.iter().map(|object| text(&object[key])).collect()
}
