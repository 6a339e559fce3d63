//! Checks before a request, since the server's own refusal does not name the field, and comparisons after a write,
//! since the server drops what it does not know.

use serde_json::{Map, Value};

use crate::client;
use crate::task::{Result, TaskError};

/// Refuses a text longer than the server takes, in characters. `origin` is an option in markup, or a file.
pub(super) fn require_length(origin: &str, text: Option<&str>, limit: usize) -> Result<()> {
    match text.unwrap_or("").chars().count() {
        length if length > limit => Err(TaskError::Refused(format!(
            "{origin} is {length} characters long, and the server takes at most {limit}"
        ))),
        _ => Ok(()),
    }
}

/// The fields of a serialized object.
pub(super) fn fields(object: Value) -> Map<String, Value> {
    match object {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// The fields of `object` that `like` has too.
pub(super) fn same_fields(object: Value, like: &Map<String, Value>) -> Map<String, Value> {
    let mut same = fields(object);
    same.retain(|name, _| like.contains_key(name));
    same
}

/// The answer to a read after a write. An error says that the server took the write itself.
pub(super) fn require_read_back<T>(object: &str, answer: Result<T, client::Error>) -> Result<T> {
    answer.map_err(|source| TaskError::Unverified {
        object: object.into(),
        source,
    })
}

/// Fails when a field has another value after a write than the one that was sent.
pub(super) fn require_stored(object: &str, sent: Value, found: Value) -> Result<()> {
    let sent = fields(sent);
    let found = same_fields(found, &sent);
    if sent == found {
        return Ok(());
    }
    Err(TaskError::ReadBack {
        object: object.into(),
        expected: Value::Object(sent).to_string(),
        found: Value::Object(found).to_string(),
    })
}

/// Fails when the server still has what was deleted.
pub(super) fn require_deleted(object: &str, still_there: bool) -> Result<()> {
    if !still_there {
        return Ok(());
    }
    Err(TaskError::ReadBack {
        object: object.into(),
        expected: "its deletion".into(),
        found: "it".into(),
    })
}
