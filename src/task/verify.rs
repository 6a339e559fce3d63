//! What is checked before sending, since the server's own refusal does not name the field,
//! and what is compared after writing, since the server drops what it does not know.

use serde_json::{Map, Value};

use crate::client;
use crate::task::TaskError;

/// Refuses a text longer than the server takes, in characters.
pub(super) fn at_most(option: &str, text: &str, limit: usize) -> Result<(), TaskError> {
    match text.chars().count() {
        length if length > limit => Err(TaskError::Refused(format!(
            "{option} is {length} characters long, and the server takes at most {limit}"
        ))),
        _ => Ok(()),
    }
}

/// The fields that a request would send: those that are to change.
pub(super) fn fields_sent(changes: Value) -> Map<String, Value> {
    match changes {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// The fields of `object` that `like` has too.
pub(super) fn same_fields(object: Value, like: &Map<String, Value>) -> Map<String, Value> {
    let Value::Object(mut fields) = object else {
        return Map::new();
    };
    fields.retain(|name, _| like.contains_key(name));
    fields
}

/// The answer to the look after a write; a failure says that the write itself was taken.
pub(super) fn looked_at<T>(object: &str, answer: Result<T, client::Error>) -> Result<T, TaskError> {
    answer.map_err(|source| TaskError::Unverified {
        object: object.into(),
        source,
    })
}

/// Fails when what the server has after a write is not what was sent.
pub(super) fn read_back(
    object: &str,
    sent: &Map<String, Value>,
    found: &Map<String, Value>,
) -> Result<(), TaskError> {
    if sent == found {
        return Ok(());
    }
    let text = |fields: &Map<String, Value>| Value::Object(fields.clone()).to_string();
    Err(TaskError::ReadBack {
        object: object.into(),
        expected: text(sent),
        found: text(found),
    })
}

/// Fails when the server still has what was deleted.
pub(super) fn gone(object: &str, still_there: bool) -> Result<(), TaskError> {
    if !still_there {
        return Ok(());
    }
    Err(TaskError::ReadBack {
        object: object.into(),
        expected: "its deletion".into(),
        found: "it".into(),
    })
}

/// The reason of a step: `kernel_id and netboot_enabled differ`.
pub(super) fn what_differs(fields: &Map<String, Value>) -> String {
    let names: Vec<&str> = fields.keys().map(String::as_str).collect();
    match names.as_slice() {
        [only] => format!("{only} differs"),
        _ => format!("{} differ", names.join(", ")),
    }
}
