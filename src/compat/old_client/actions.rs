//! The actions of the old client: which module each calls, and what it prints.

use serde_json::{Value, json};

use crate::ansible::{Failure, str_of};
use crate::compat::old_client::parser::ACTION;
use crate::compat::old_client::{ActionOutput, OldCommandLine, Options};
use crate::modules;

const FLAGS: [&str; 2] = ["public", "known_good"];

/// The boot parameters that the old client required.
const PARAMETERS: [&str; 4] = ["arch", "subarch", "initrd", "kernel"];

pub(crate) fn perform(line: &OldCommandLine) -> Result<ActionOutput, Failure> {
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

fn image_check(line: &OldCommandLine) -> Result<ActionOutput, Failure> {
    line.refuse_empty(&["type"])?;
    let fields = ["description", "type", "arch"];
    let result = line.check(&modules::IMAGE_INFO, line.options(&fields))?;
    Ok(contains_typed(line, &result["images"], &fields))
}

fn preseed_check(line: &OldCommandLine) -> Result<ActionOutput, Failure> {
    let fields = ["name", "type"];
    let result = line.check(&modules::PRESEED_INFO, line.options(&fields))?;
    Ok(contains_typed(line, &result["preseeds"], &fields))
}

/// Whether an object has exactly the typed values. The modules take a name for a pattern, which may match others as well.
fn contains_typed(line: &OldCommandLine, objects: &Value, fields: &[&str]) -> ActionOutput {
    let has_typed_values = |object: &Value| {
        let mut fields = fields.iter();
        fields.all(|field| line.typed(field).is_none_or(|value| object[field] == value))
    };
    let mut objects = objects.as_array().into_iter().flatten();
    ActionOutput::Found(objects.any(has_typed_values))
}

/// Without a file the image must exist. Of an existing image only the flags of the line are changed. For a new copy, the old
/// client sent a flag that was not given as false.
fn image_upload(line: &OldCommandLine) -> Result<ActionOutput, Failure> {
    line.refuse_empty(&["type", "arch"])?;
    let mut options = line.options(&["type", "arch", "path"]);
    options.insert("description".into(), json!(line.typed("description")));
    options.extend(line.options(&FLAGS));
    let planned = line.check(&modules::IMAGE, options.clone())?;
    let mut steps = planned["plan"].as_array().into_iter().flatten();
    if steps.any(|step| step["action"] == "upload") {
        let absent = FLAGS.iter().filter(|flag| line.value(flag).is_none());
        options.extend(absent.map(|flag| ((*flag).to_owned(), json!(false))));
    }
    line.apply(&modules::IMAGE, options)
}

/// The old client sent a flag that was not given as false.
fn preseed_upload(line: &OldCommandLine) -> Result<ActionOutput, Failure> {
    line.require(&["name", "type", "path"])?;
    let path = line.value("path").unwrap_or_default();
    // The old client refused these too. The module reports a file that does not exist.
    if std::fs::metadata(path).is_ok_and(|file| !file.is_file()) {
        return Err(Failure::new(format!("{path} is not a regular file")));
    }
    let mut options = line.options(&["name", "path", "type", "description"]);
    options.extend(FLAGS.map(|flag| (flag.to_owned(), json!(false))));
    options.extend(line.options(&FLAGS));
    crate::compat::old_role::preseed::normalize_line_ends(&mut options);
    line.apply(&modules::PRESEED, options)
}

/// Prints the machine's fields. The module refuses the machines of others, even where it changes nothing.
fn getparams(line: &OldCommandLine) -> Result<ActionOutput, Failure> {
    line.refuse_empty(&["name"])?;
    let result = line.check(&modules::MACHINE, line.options(&["name"]))?;
    let fields = result["machine"].as_object().into_iter().flatten();
    // The old client printed the fields of the machine. The module adds the state, which the server has elsewhere.
    let lines = fields
        .filter(|(key, _)| *key != "state")
        .map(|(key, value)| format!("{key}: {}\n", str_of(value)));
    Ok(ActionOutput::Lines(lines.collect()))
}

fn setparams(line: &OldCommandLine) -> Result<ActionOutput, Failure> {
    let mut options = parameters(line)?;
    options.extend(line.options(&["netboot"]));
    options.insert("state".into(), json!("configured"));
    line.apply(&modules::MACHINE, options)
}

/// The old client always provisioned, and never waited.
fn provision(line: &OldCommandLine) -> Result<ActionOutput, Failure> {
    let mut options = parameters(line)?;
    options.insert("state".into(), json!("provisioned"));
    options.insert("force".into(), json!(true));
    options.insert("wait".into(), json!(false));
    line.apply(&modules::MACHINE, options)
}

fn parameters(line: &OldCommandLine) -> Result<Options, Failure> {
    // An empty variable of a script must not install a machine with the preseed of last time.
    line.refuse_empty(&["name", "preseed"])?;
    line.require(&PARAMETERS)?;
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

fn net(line: &OldCommandLine, action: &str) -> Result<ActionOutput, Failure> {
    line.refuse_empty(&["name", "interface"])?;
    let result = line.check(&modules::INTERFACE, line.options(&["name", "interface"]))?;
    let field = |name: &str| result["interface"][name].as_str();
    let (configured, lease) = (field("configured_ipv4"), field("lease_ipv4"));
    let value = match action {
        "getmac" => field("mac"),
        "getnetmask" => field("netmaskv4"),
        // A machine sets a static address itself. A lease is from an earlier time.
        _ if field("config_type_v4") == Some("static") => configured.or(lease),
        _ => lease.or(configured),
    };
    Ok(ActionOutput::Lines(match value {
        Some(value) => format!("{value}\n"),
        // Scripts that wait for an address compare with this.
        None => "None\n".to_owned(),
    }))
}
