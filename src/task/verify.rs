//! Checks before a request, since the server's own refusal does not name the field, and comparisons after a write,
//! since the server drops what it does not know, and keeps some of what it refuses.

use serde::Serialize;
use serde_json::{Map, Value, json};

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

/// New values of some fields of an object.
#[derive(Debug)]
pub(crate) struct Change<Fields> {
    pub(super) to: Fields,
    /// What the fields had before.
    pub(super) from: Fields,
}

/// Writes fields of an object with `put`, and reads the object back with `get`. After a refusal, `put_back` undoes what the
/// server kept of it.
pub(super) fn write<Fields: Serialize, T: Serialize>(
    object: &str,
    change: &Change<Fields>,
    put: impl Fn(&Fields) -> Result<T, client::Error>,
    put_back: impl Fn(&Fields) -> Result<T, client::Error>,
    get: impl Fn() -> Result<T, client::Error>,
) -> Result<T> {
    match put(&change.to) {
        // An answer that cannot be read does not matter, since the object is read.
        Err(error) if !error.is_unreadable_success() => {
            return Err(undo_refused(error, change, put_back, get));
        }
        _ => {}
    }
    require_read_back(object, get())
}

/// The error of a refused write, after what the server kept of it was put back.
///
/// A server with one database session changes some objects before it refuses, and the next write of anybody stores that.
/// Another server has kept nothing, and gets no further write.
fn undo_refused<Fields: Serialize, T: Serialize>(
    error: client::Error,
    change: &Change<Fields>,
    put_back: impl Fn(&Fields) -> Result<T, client::Error>,
    get: impl Fn() -> Result<T, client::Error>,
) -> TaskError {
    if !error.may_have_been_kept() {
        return error.into();
    }
    let (sent, before) = (fields(json!(change.to)), fields(json!(change.from)));
    let kept = |found: T| -> Vec<String> {
        let found = same_fields(json!(found), &sent);
        let is_kept =
            |name: &String| found[name] == sent[name] && before.get(name) != Some(&sent[name]);
        found.keys().filter(|name| is_kept(name)).cloned().collect()
    };
    let Ok(found) = get() else {
        return error.into();
    };
    let mut left = kept(found);
    let was_kept = !left.is_empty();
    if was_kept {
        // Only the object tells whether it worked: this may be refused for the same reason, and be kept as well.
        let _ = put_back(&change.from);
        left = get().map(kept).unwrap_or(left);
    }
    TaskError::WriteRefused {
        source: error,
        was_kept,
        left,
    }
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
