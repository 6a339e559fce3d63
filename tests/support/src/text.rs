//! Assertions on texts, and short ways into a result.

use serde_json::Value;

use crate::TOKEN;

/// Asserts that a text has each of these parts.
pub fn assert_contains(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no {part:?} in {text:?}");
    }
}

/// Asserts that an output does not have the token that the programs are given.
pub fn assert_no_token(printed: &str) {
    assert!(!printed.contains(TOKEN), "the token was printed: {printed}");
}

/// A value that must be a text.
pub fn text(value: &Value) -> String {
    let text = value.as_str();
    text.unwrap_or_else(|| panic!("not a text: {value}"))
        .to_owned()
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
