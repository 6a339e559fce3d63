//! Named objects that do not exist: a failure for a command that shows them, a warning for one that deletes them.

use serde_json::{Value, json};

use crate::ansible::{Call, Failure, Success};
use crate::cli::command_request::CommandRequest;
use crate::cli::commands::{self, Command, View, preseed_show};
use crate::cli::output::text::display_text;
use crate::support::suggest::near;
use crate::task::TaskError;

/// Adds the failure or the warning to the outcome of a command. For the modules, such a result is a success.
pub(crate) fn check(
    request: &CommandRequest,
    outcome: Result<Success, Failure>,
) -> Result<Success, Failure> {
    let mut success = outcome?;
    let is_empty = |list: &str| success.fields.get(list) == Some(&json!([]));
    match request.command.view {
        View::Details(list) if is_empty(list) => {
            if let Some(error) = not_found(request, request.command, "") {
                return Err(error.into());
            }
        }
        // As JSON the result is that of the module alone.
        View::Steps
            if is_empty("plan") && success.warnings.is_empty() && !request.format.is_data() =>
        {
            // For a command that deletes objects, the one that shows them.
            let show = commands::ALL.iter().find(|show| {
                let words = (request.command.words, show.words);
                matches!(words, ([noun, "delete"], [other, "show"]) if noun == other)
            });
            let error = show.and_then(|show| not_found(request, show, " to delete"));
            let warning = error.map(|error| error.to_string());
            success.warnings.extend(warning);
        }
        _ => {}
    }
    Ok(success)
}

/// The error for the object that the request names, with similar names; None where it names none.
fn not_found(request: &CommandRequest, show: &Command, purpose: &str) -> Option<TaskError> {
    let (key, _) = show.operands.first()?;
    let name = display_text(request.call.options.get(*key)?);
    let names = known_names(request, show, key).unwrap_or_default();
    let mut near = near(&name, names.iter().map(String::as_str));
    if near.is_empty() {
        near = with_near_beginning(&name, &names);
    }
    Some(TaskError::NotFound {
        what: format!("{}{purpose} with the {key}", show.words[0]),
        name: format!("'{name}'"),
        near: near.into_iter().map(str::to_owned).collect(),
    })
}

/// The names that begin nearly as the typed one, at most three: `alise` for `alice-seed`.
fn with_near_beginning<'a>(typed: &str, names: &'a [String]) -> Vec<&'a str> {
    let length = typed.chars().count();
    // Of fewer letters, too many names begin alike.
    if length < 4 {
        return Vec::new();
    }
    let begins_nearly = |name: &&str| {
        let beginning: String = name.chars().take(length).collect();
        !near(typed, [&*beginning]).is_empty()
    };
    let names = names.iter().map(String::as_str);
    names.filter(begins_nearly).take(3).collect()
}

/// The names of all objects that the other options of the request match.
fn known_names(request: &CommandRequest, show: &Command, key: &str) -> Option<Vec<String>> {
    let View::Details(list) = show.view else {
        return None;
    };
    let spec = show.module.spec;
    let mut options = request.call.options.clone();
    options.retain(|name, _| {
        name != key
            && name != preseed_show::RAW
            && spec.all_options().any(|option| option.name == name)
    });
    let call = Call {
        progress: request.call.progress.clone(),
        ..Call::new(spec, &options).ok()?
    };
    let success = show.module.answer(&call).ok()?;
    let objects = success.fields.get(list).and_then(Value::as_array)?;
    let names = objects.iter().map(|object| display_text(&object[key]));
    Some(names.collect())
}
