//! Ids in the places of names: `mrp machine show 2`. A name that has only digits comes first.

use serde_json::{Map, Value, json};

use crate::ansible::{Failure, Module};
use crate::cli::commands::Command;
use crate::cli::output::text::display_text;
use crate::cli::side_request;
use crate::modules;
use crate::support::progress::ProgressListener;

/// Replaces ids in the places of names. It asks the server only where a name has nothing but digits; a failure of that is
/// left to the command itself. Fails where the id of an image is all that was given to delete it, and none has it.
pub(crate) fn resolve(command: &Command, options: &mut Map<String, Value>) -> Result<(), Failure> {
    let noun = command.words[0];
    for option in ["name", "names", "machines"] {
        let is_of_machine = command.operands.iter().any(|(_, word)| *word == "MACHINE");
        let is_given = options.get(option).is_some_and(has_id);
        match (is_of_machine, is_given, noun) {
            (true, true, _) => {
                let machines = list(options, &modules::MACHINE_INFO, "machines");
                replace(options, option, |id| name_of(&machines, "name", id));
            }
            (false, true, "preseed") => resolve_preseed(options, option),
            _ => {}
        }
    }
    if options.get("preseed").is_some_and(has_id) {
        resolve_preseed(options, "preseed");
    }
    for option in ["kernel", "initrd"] {
        resolve_parameter(options, option);
    }
    let is_image_operand = command
        .operands
        .iter()
        .any(|(name, _)| *name == "description");
    if is_image_operand && options.get("description").is_some_and(has_id) {
        resolve_image(command, options)?;
    }
    Ok(())
}

fn resolve_preseed(options: &mut Map<String, Value>, option: &str) {
    let preseeds = list(options, &modules::PRESEED_INFO, "preseeds");
    replace(options, option, |id| name_of(&preseeds, "name", id));
}

/// `--kernel 14` as `--kernel-id 14`.
fn resolve_parameter(options: &mut Map<String, Value>, option: &str) {
    let Some(id) = options
        .get(option)
        .filter(|value| has_id(value))
        .map(display_text)
    else {
        return;
    };
    let images = list(options, &modules::IMAGE_INFO, "images");
    if name_of(&images, "description", &id).is_some() {
        options.remove(option);
        options.insert(format!("{option}_id"), json!(id));
    }
}

/// An image is named by its description, its type and its architecture; several may have the same.
fn resolve_image(command: &Command, options: &mut Map<String, Value>) -> Result<(), Failure> {
    let id = display_text(&options["description"]);
    let silent = ProgressListener::default();
    let module = &modules::IMAGE_INFO;
    let found = side_request::list(options, &silent, module, "images", Map::new());
    let Some(images) = found else {
        return Ok(());
    };
    if images
        .iter()
        .any(|image| image["description"] == id.as_str())
    {
        return Ok(());
    }
    let Some(image) = images.iter().find(|image| has_this_id(image, &id)) else {
        let is_alone = !options.contains_key("type") && !options.contains_key("arch");
        return match command.words {
            [_, "delete"] if is_alone => Err(Failure::new(format!("there is no image {id}"))),
            _ => Ok(()),
        };
    };
    let fields: &[&str] = match command.words {
        [_, "delete"] => &["description", "type", "arch", "id"],
        // The server's name for an image is unique.
        _ => &["description", "name"],
    };
    for field in fields {
        let value = match &image[*field] {
            Value::Null => json!(""),
            value => value.clone(),
        };
        options.insert((*field).to_owned(), value);
    }
    Ok(())
}

/// The name of the object with this id; None where an object has the id as its name, or none has the id.
fn name_of(objects: &[Value], name: &str, id: &str) -> Option<Value> {
    if objects.iter().any(|object| object[name] == id) {
        return None;
    }
    let found = objects.iter().find(|object| has_this_id(object, id))?;
    Some(found[name].clone())
}

/// Replaces the ids in a value: a text, a list of texts, or a list of objects that have the option.
fn replace(
    options: &mut Map<String, Value>,
    option: &str,
    name_of: impl Fn(&str) -> Option<Value>,
) {
    let replace_one = |value: &mut Value| {
        let id = value.as_str().filter(|text| is_id(text)).map(str::to_owned);
        if let Some(name) = id.and_then(|id| name_of(&id)) {
            *value = name;
        }
    };
    match options.get_mut(option) {
        Some(Value::Array(items)) => {
            for item in items {
                match item.get_mut("name") {
                    Some(name) => replace_one(name),
                    None => replace_one(item),
                }
            }
        }
        Some(value) => replace_one(value),
        None => {}
    }
}

/// Whether a value has a text that may be an id.
fn has_id(value: &Value) -> bool {
    match value {
        Value::String(text) => is_id(text),
        Value::Array(items) => items.iter().any(has_id),
        Value::Object(fields) => fields.get("name").is_some_and(has_id),
        _ => false,
    }
}

fn has_this_id(object: &Value, id: &str) -> bool {
    let id = id.parse::<u64>();
    id.is_ok_and(|id| object["id"] == id)
}

fn is_id(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn list(options: &Map<String, Value>, module: &Module, list: &str) -> Vec<Value> {
    let silent = ProgressListener::default();
    let found = side_request::list(options, &silent, module, list, Map::new());
    found.unwrap_or_default()
}
