//! What is named should be there: it must where it is to be shown, and where it is to be deleted, that is worth a word.

use serde_json::{Value, json};

use crate::ansible::{Call, Failure, Success};
use crate::cli::commands;
use crate::cli::commands::{Command, View};
use crate::cli::output::text::text_of;
use crate::cli::request::Request;
use crate::modules::failure::failure;
use crate::support::suggest::near;
use crate::task::TaskError;

/// The outcome; of a command that shows what is named, a failure when there is no such thing, and of one that deletes it
/// a warning.
pub(crate) fn require(
    request: &Request,
    outcome: Result<Success, Failure>,
) -> Result<Success, Failure> {
    let mut success = outcome?;
    let is_empty = |list: &str| success.fields.get(list) == Some(&json!([]));
    match request.command.view {
        View::Details(list) if is_empty(list) => match missing(request, request.command) {
            Some(error) => Err(failure(error)),
            None => Ok(success),
        },
        // The module's own result is not added to.
        View::Steps if is_empty("plan") && success.warnings.is_empty() && !request.json => {
            let missing = deleted_with(request.command).and_then(|show| missing(request, show));
            success
                .warnings
                .extend(missing.map(|error| error.to_string()));
            Ok(success)
        }
        _ => Ok(success),
    }
}

/// For a command that deletes, the one that shows the same.
fn deleted_with(command: &Command) -> Option<&'static Command> {
    let [noun, "delete"] = command.words else {
        return None;
    };
    commands::ALL
        .iter()
        .find(|other| other.words == [noun, "show"])
}

/// That what was named is not among what a command shows, with the names that look like it; none where nothing was named.
fn missing(request: &Request, show: &Command) -> Option<TaskError> {
    let (key, _) = show.operands.first()?;
    let wanted = text_of(request.call.options.get(*key)?);
    let names = names(request, show, key).unwrap_or_default();
    // One of somebody else may be there.
    let to_delete = if deleted_with(request.command).is_some() {
        " to delete"
    } else {
        ""
    };
    let near = near(&wanted, names.iter().map(String::as_str));
    Some(TaskError::NotFound {
        what: format!("{}{to_delete} with the {key}", show.words[0]),
        name: format!("'{wanted}'"),
        near: near.into_iter().map(str::to_owned).collect(),
    })
}

/// All the names that might have been given.
fn names(request: &Request, show: &Command, key: &str) -> Option<Vec<String>> {
    let View::Details(list) = show.view else {
        return None;
    };
    let spec = show.module.spec;
    let mut options = request.call.options.clone();
    options.retain(|name, _| name != key && spec.all_options().any(|option| option.name == name));
    let call = Call::new(spec, &options).ok()?;
    let others = show.module.answer(&call).ok()?;
    let objects = others.fields.get(list).and_then(Value::as_array)?;
    Some(objects.iter().map(|object| text_of(&object[key])).collect())
}
