//! Refuses texts that the server cannot store. A NUL is the only such character that gets here: a single surrogate makes
//! the arguments file invalid JSON, which [`super::not_utf8`] explains.
//!
//! A server that is started with one database session for all requests answers nobody any more after such a text.

use serde_json::Value;

/// The message for an option with a NUL character, where it has one. An element of a list is named by its position.
pub(crate) fn check(name: &str, value: &Value) -> Result<(), String> {
    match value {
        Value::String(text) if text.contains('\0') => Err(format!(
            "The option '{name}' has a NUL character, which the server cannot store."
        )),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .try_for_each(|(index, item)| check(&format!("{name}[{index}]"), item)),
        _ => Ok(()),
    }
}
