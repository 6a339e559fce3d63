//! `mrp preseed show`: `mrp_preseed_info`, and with `--raw` the text of one preseed and nothing else.

use serde_json::{Value, json};

use crate::ansible::{Call, Failure, Kind, Module, ModuleSpec, Opt, Success};
use crate::modules::{self, options::connection, preseed_info};

pub(crate) const MODULE: Module = Module { spec: &SPEC, run };

/// The option of the text alone.
pub(crate) const RAW: &str = "raw";

static SPEC: ModuleSpec = ModuleSpec {
    name: "mrp preseed show",
    options: &[preseed_info::OPTIONS, OPTIONS, connection::OPTIONS],
    constraints: connection::CONSTRAINTS,
    returns: preseed_info::RETURNS,
    ..ModuleSpec::EMPTY
};

const OPTIONS: &[Opt] = &[Opt::new(RAW, Kind::Bool)
    .default_bool(false)
    .about(&["Print the text of the preseed, and nothing else."])];

fn run(call: &Call) -> Result<Success, Failure> {
    if !is_raw(call) {
        return (modules::PRESEED_INFO.run)(call);
    }
    let mut call = call.clone();
    call.options.insert("content".to_owned(), true.into());
    let mut success = (modules::PRESEED_INFO.run)(&call)?;
    let Some(Value::Array(preseeds)) = success.fields.get_mut("preseeds") else {
        return Ok(success);
    };
    // The name is a pattern, and may be the whole name of one preseed all the same.
    if let Some(name) = call.options.get("name")
        && preseeds.iter().any(|preseed| preseed["name"] == *name)
    {
        preseeds.retain(|preseed| preseed["name"] == *name);
    }
    match preseeds.as_slice() {
        [] => Ok(success),
        [preseed] => {
            let content = preseed["content"].as_str().unwrap_or_default();
            if call.scrub_text(&SPEC, content.to_owned()) != content {
                return Err(with_secret(preseed));
            }
            Ok(success)
        }
        several => Err(Failure::new(format!(
            "{} preseeds match, and the text of one can be printed",
            several.len()
        ))),
    }
}

/// A text with asterisks in it would be taken for the preseed's.
fn with_secret(preseed: &Value) -> Failure {
    let name = preseed["name"].as_str().unwrap_or_default();
    Failure {
        hint: Some("Read it on the server's own web page.".to_owned()),
        ..Failure::new(format!(
            "the text of preseed '{name}' has this token or another secret of this call in it, and no secret is printed"
        ))
    }
}

/// The text to print alone; None where all fields are shown.
pub(crate) fn raw_text(call: &Call, result: &Value) -> Option<String> {
    let content = result["preseeds"][0]["content"].as_str();
    content.filter(|_| is_raw(call)).map(str::to_owned)
}

fn is_raw(call: &Call) -> bool {
    call.options.get(RAW) == Some(&json!(true))
}
