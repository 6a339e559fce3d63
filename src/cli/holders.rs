//! Whose the machines are that `mrp release` leaves as they are.

use serde_json::{Map, Value, json};

use crate::ansible::Success;
use crate::cli::command_request::CommandRequest;
use crate::cli::output::text::{display_text, enumerate};
use crate::cli::side_request;
use crate::modules;

/// Adds a warning for each named machine that is not released. For the module, such a machine is a success.
pub(crate) fn warn(request: &CommandRequest, success: &mut Success) {
    if request.command.words != ["release"] || request.format.is_data() {
        return;
    }
    let options = &request.call.options;
    let Some(names) = options.get("names").and_then(Value::as_array) else {
        return;
    };
    let plan = success.fields.get("plan").and_then(Value::as_array);
    let released: Vec<Value> = plan
        .into_iter()
        .flatten()
        .map(|step| step["target"].clone())
        .collect();
    let is_left = |name: &&Value| {
        let name = name.as_str().unwrap_or_default();
        !released.contains(&json!(format!("reservation of machine '{name}'")))
    };
    let left: Vec<&Value> = names.iter().filter(is_left).collect();
    if left.is_empty() {
        return;
    }
    let asked = Map::from_iter([
        ("names".to_owned(), json!(left)),
        ("gather".to_owned(), json!(["assignees"])),
    ]);
    let progress = &request.call.progress;
    let found = side_request::list(options, progress, &modules::MACHINE_INFO, "machines", asked);
    for machine in found.unwrap_or_default() {
        let holders = machine["assignees"].as_array().into_iter().flatten();
        let holders: Vec<String> = holders.map(display_text).collect();
        let holders = match holders.is_empty() {
            true => "nobody".to_owned(),
            false => enumerate(&holders),
        };
        let reason = options.get("reason").filter(|_| holders != "nobody");
        let asked = reason.map_or(String::new(), |reason| {
            format!(", and not by you for '{}'", display_text(reason))
        });
        let name = display_text(&machine["name"]);
        success
            .warnings
            .push(format!("machine '{name}' is held by {holders}{asked}"));
    }
}
