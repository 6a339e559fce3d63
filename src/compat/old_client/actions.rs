//! What each action asks of which module, and what it prints.

use serde_json::{Map, Value, json};

use crate::ansible::{Failure, str_of};
use crate::client::{ConfigType, Interface};
use crate::compat::old_client::parser::ACTION;
use crate::compat::old_client::{Line, Told};
use crate::modules;
use crate::task::network;

const FLAGS: [&str; 2] = ["public", "known_good"];

/// What a machine is told to boot, of which the old client wanted all.
const PARAMETERS: [&str; 4] = ["arch", "subarch", "initrd", "kernel"];

pub(crate) fn perform(line: &Line) -> Result<Told, Failure> {
    match (line.command, line.value(ACTION).unwrap_or_default()) {
        ("image", "check") => image_check(line),
        ("image", _) => image_upload(line),
        ("preseed", "check") => preseed_check(line),
        ("preseed", _) => preseed_upload(line),
        ("state", "getparams") => getparams(line),
        ("state", "setparams") => setparams(line),
        ("state", _) => provision(line),
        (_, field) => net(line, field),
    }
}

fn image_check(line: &Line) -> Result<Told, Failure> {
    line.refuse_empty(&["type"])?;
    let fields = ["description", "type", "arch"];
    let result = line.look(&modules::IMAGE_INFO, line.options(&fields))?;
    Ok(found(line, &result["images"], &fields))
}

fn preseed_check(line: &Line) -> Result<Told, Failure> {
    let fields = ["name", "type"];
    let result = line.look(&modules::PRESEED_INFO, line.options(&fields))?;
    Ok(found(line, &result["preseeds"], &fields))
}

/// The modules take a name for a pattern, which matches itself, and may match others; and nothing for anything.
fn found(line: &Line, objects: &Value, fields: &[&str]) -> Told {
    let is_it = |object: &Value| {
        let mut typed = fields
            .iter()
            .filter_map(|field| Some((field, line.typed(field)?)));
        typed.all(|(field, value)| object[field] == value)
    };
    Told::Found(objects.as_array().into_iter().flatten().any(is_it))
}

/// Without a file the image must be there. The flags of one that is there are those of the line as far as it has them; a
/// new copy has none that the line does not have, as ever.
fn image_upload(line: &Line) -> Result<Told, Failure> {
    line.refuse_empty(&["type", "arch"])?;
    let mut options = line.options(&["type", "arch", "path"]);
    options.insert("description".into(), json!(line.typed("description")));
    options.extend(line.options(&FLAGS));
    let planned = line.look(&modules::IMAGE, options.clone())?;
    let mut steps = planned["plan"].as_array().into_iter().flatten();
    if steps.any(|step| step["action"] == "upload") {
        let absent = FLAGS.iter().filter(|flag| line.value(flag).is_none());
        options.extend(absent.map(|flag| ((*flag).to_owned(), json!(false))));
    }
    line.act(&modules::IMAGE, options)?;
    Ok(Told::Nothing)
}

/// A flag that is not given was always sent as false.
fn preseed_upload(line: &Line) -> Result<Told, Failure> {
    line.refuse_without(&["name", "type", "path"])?;
    let path = line.value("path").unwrap_or_default();
    // As ever. One that is not there is left to the module, which says so.
    if std::fs::metadata(path).is_ok_and(|file| !file.is_file()) {
        return Err(Failure::new(format!("{path} is not a regular file")));
    }
    let mut options = line.options(&["name", "path", "type", "description"]);
    options.extend(FLAGS.map(|flag| (flag.to_owned(), json!(false))));
    options.extend(line.options(&FLAGS));
    crate::compat::old_role::preseed::normalize_line_ends(&mut options);
    line.act(&modules::PRESEED, options)?;
    Ok(Told::Nothing)
}

/// The machine as it is: a module that is told to change nothing about it refuses others' machines all the same.
fn getparams(line: &Line) -> Result<Told, Failure> {
    line.refuse_empty(&["name"])?;
    let result = line.look(&modules::MACHINE, line.options(&["name"]))?;
    let fields = result["machine"].as_object().into_iter().flatten();
    // The state is not among what the server tells of a machine; the module asks for it.
    let lines = fields
        .filter(|(key, _)| *key != "state")
        .map(|(key, value)| format!("{key}: {}\n", str_of(value)));
    Ok(Told::Lines(lines.collect()))
}

fn setparams(line: &Line) -> Result<Told, Failure> {
    let mut options = parameters(line)?;
    options.extend(line.options(&["netboot"]));
    options.insert("state".into(), json!("configured"));
    line.act(&modules::MACHINE, options)?;
    Ok(Told::Nothing)
}

/// It always provisioned, and never waited.
fn provision(line: &Line) -> Result<Told, Failure> {
    let mut options = parameters(line)?;
    options.insert("state".into(), json!("provisioned"));
    options.insert("force".into(), json!(true));
    options.insert("wait".into(), json!(false));
    line.act(&modules::MACHINE, options)?;
    Ok(Told::Nothing)
}

fn parameters(line: &Line) -> Result<Map<String, Value>, Failure> {
    // A machine must not be installed with the preseed of last time because a variable of a script is empty.
    line.refuse_empty(&["name", "preseed"])?;
    line.refuse_without(&PARAMETERS)?;
    Ok(line.options(&[
        "name",
        "arch",
        "subarch",
        "initrd",
        "kernel",
        "preseed",
        "kernel_opts",
    ]))
}

fn net(line: &Line, action: &str) -> Result<Told, Failure> {
    line.refuse_empty(&["name", "interface"])?;
    let result = line.look(&modules::INTERFACE, line.options(&["name", "interface"]))?;
    let interface: Interface = serde_json::from_value(result["interface"].clone())
        .map_err(|error| Failure::new(format!("the interface cannot be read: {error}")))?;
    let value = match action {
        "getmac" => interface.mac.as_deref(),
        "getnetmask" => interface.netmaskv4.as_deref(),
        // A lease is of the time before, for an address that the system sets itself.
        _ if interface.config_type_v4 == Some(ConfigType::Static) => interface
            .configured_ipv4
            .as_deref()
            .or_else(|| network::address(&interface)),
        _ => network::address(&interface),
    };
    Ok(Told::Lines(match value {
        Some(value) => format!("{value}\n"),
        // What scripts that wait for an address compare with.
        None => "None\n".to_owned(),
    }))
}
