//! What is to be shown must be there.

use serde_json::Value;

use super::commands::View;
use super::given::Request;
use super::text::text_of;
use crate::ansible::{Failure, Success};
use crate::failure::failure;
use crate::near::near;
use crate::task::TaskError;

/// The outcome; of a command that shows what is named, a failure when there is no such thing.
pub(super) fn require(
    request: &Request,
    outcome: Result<Success, Failure>,
) -> Result<Success, Failure> {
    let success = outcome?;
    let (View::Details(list), Some((key, _))) =
        (request.command.view, request.command.operands.first())
    else {
        return Ok(success);
    };
    let is_empty = success
        .fields
        .get(list)
        .and_then(Value::as_array)
        .is_some_and(Vec::is_empty);
    match request.call.options.get(*key).filter(|_| is_empty) {
        Some(wanted) => Err(missing(request, list, key, &text_of(wanted))),
        None => Ok(success),
    }
}

/// Names what is there and looks like it.
fn missing(request: &Request, list: &str, key: &str, wanted: &str) -> Failure {
    let mut all = request.call.clone();
    all.options.remove(key);
    let others = request.command.module.answer(&all).unwrap_or_default();
    let names: Vec<String> = others
        .fields
        .get(list)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|object| text_of(&object[key]))
        .collect();
    let near = near(wanted, names.iter().map(String::as_str));
    failure(TaskError::NotFound {
        what: format!("{} with the {key}", request.command.words[0]),
        name: format!("'{wanted}'"),
        near: near.into_iter().map(str::to_owned).collect(),
    })
}
