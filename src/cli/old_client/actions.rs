//! What each action asks of which module, and what it prints.

use serde_json::{Map, Value, json};

use super::parser::ACTION;
use super::{Line, Told};
use crate::ansible::{Failure, str_of};
use crate::api::{ConfigType, Interface};
use crate::modules;
use crate::task::network;

/// What was printed where an interface has no network.
const NO_NETWORK: &str = "Network Not Configured in MrP";

const FLAGS: [&str; 2] = ["public", "known_good"];

/// What a machine is told to boot, of which the old client wanted all.
const PARAMETERS: [(&str, &str); 4] = [
    ("arch", "--arch"),
    ("subarch", "--subarch"),
    ("initrd", "--initrd-desc"),
    ("kernel", "--kernel-desc"),
];

pub(super) fn perform(line: &Line) -> Result<Told, Failure> {
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
    let wanted = line.options(&["description", "type", "arch"]);
    let result = line.look(&modules::IMAGE_INFO, wanted)?;
    Ok(found(line, &result["images"], "description"))
}

fn preseed_check(line: &Line) -> Result<Told, Failure> {
    let wanted = line.options(&["name", "type"]);
    let result = line.look(&modules::PRESEED_INFO, wanted)?;
    Ok(found(line, &result["preseeds"], "name"))
}

/// The modules take a name for a pattern, which matches itself, and may match others.
fn found(line: &Line, objects: &Value, name: &str) -> Told {
    let wanted = line.value(name).unwrap_or_default();
    let mut names = objects
        .as_array()
        .into_iter()
        .flatten()
        .map(|object| &object[name]);
    Told::Found(names.any(|name| name == wanted))
}

/// Without a file the image must be there. The flags of one that is there are those of the line as far as it has them; a
/// new copy has none that the line does not have, as ever.
fn image_upload(line: &Line) -> Result<Told, Failure> {
    let mut options = line.options(&["description", "type", "arch", "path"]);
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

/// Without a file nothing is uploaded: the preseed must be there. A flag that is not given was always sent as false.
fn preseed_upload(line: &Line) -> Result<Told, Failure> {
    let mut options = line.options(&["name"]);
    if line.value("path").is_some() {
        options.extend(FLAGS.map(|flag| (flag.to_owned(), json!(false))));
        options.extend(line.options(&["path", "type", "description"]));
        options.extend(line.options(&FLAGS));
        modules::in_text_mode(&mut options);
    }
    line.act(&modules::PRESEED, options)?;
    Ok(Told::Nothing)
}

/// The machine as it is: a module that is told to change nothing about it refuses others' machines all the same.
fn getparams(line: &Line) -> Result<Told, Failure> {
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
    if line.is_empty("preseed") {
        return Err(Failure::new("--preseed-name must not be empty"));
    }
    let missing: Vec<&str> = PARAMETERS
        .iter()
        .filter(|(name, _)| line.value(name).is_none())
        .map(|(_, flag)| *flag)
        .collect();
    if !missing.is_empty() {
        return Err(Failure::new(format!(
            "state --action {} needs {}",
            line.value(ACTION).unwrap_or_default(),
            missing.join(" and ")
        )));
    }
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
    let result = line.look(&modules::INTERFACE, line.options(&["name", "interface"]))?;
    let interface: Interface = serde_json::from_value(result["interface"].clone())
        .map_err(|error| Failure::new(format!("the interface cannot be read: {error}")))?;
    let value = match action {
        "getmac" => interface.mac.as_deref(),
        "getnetmask" => interface.netmaskv4.as_deref().or(Some(NO_NETWORK)),
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
