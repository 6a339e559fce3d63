//! `mrp preseed render`: prints what a machine's installer gets.

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use crate::ansible::{Call, Failure, Kind, Module, ModuleSpec, Opt, Return, Success};
use crate::modules::options::connection;
use crate::task::preseed::rendering;
use crate::task::preseed::text::PreseedContent;

pub(crate) const MODULE: Module = Module { spec: &SPEC, run };

/// The key of the text in the result.
const RENDERED: &str = "rendered";

static SPEC: ModuleSpec = ModuleSpec {
    name: "mrp preseed render",
    options: &[OPTIONS, connection::OPTIONS],
    constraints: connection::CONSTRAINTS,
    returns: &[Return::new(RENDERED, "str")],
    ..ModuleSpec::EMPTY
};

const OPTIONS: &[Opt] = &[
    Opt::new("name", Kind::Str).required().about(&[
        "Name of the preseed, which has to be the one that the machine is assigned: the server renders no other.",
        "Of a file that is not on the server it is told what can be seen without the server.",
    ]),
    Opt::new("machine", Kind::Str).required().about(&["Name of the machine to render for."]),
];

#[derive(Deserialize)]
struct RenderOptions {
    name: String,
    machine: String,
}

fn run(call: &Call) -> Result<Success, Failure> {
    let options: RenderOptions = call.options();
    let client = connection::connect(call)?;
    let rendered = rendering::render(client.read_only(), &options.name, &options.machine);
    let text = match rendered {
        Ok(text) => text,
        Err(error) if Path::new(&options.name).is_file() => {
            return Err(of_file(&options.name).unwrap_or_else(|| error.into()));
        }
        Err(error) => return Err(error.into()),
    };
    if call.scrub_text(&SPEC, text.clone()) != text {
        return Err(Failure::new(format!(
            "what machine '{}' gets has this token or another secret of this call in it, and no secret is printed: \
             anyone who reaches the server can read it",
            options.machine
        )));
    }
    Ok(Success::with_fields([(RENDERED, text.into())]))
}

/// What can be said of a file: the server renders only what it stores and a machine is assigned.
fn of_file(path: &str) -> Option<Failure> {
    let content = PreseedContent::File(path.into());
    let text = content.read().ok()?;
    let found = content.warnings(&text);
    let seen = match found.is_empty() {
        true => "no mistake was seen in it".to_owned(),
        false => found.join("; "),
    };
    Some(Failure {
        hint: Some(format!(
            "Upload it with mrp preseed upload {path} --name NAME, assign it with mrp machine configure MACHINE --preseed \
             NAME, and render NAME."
        )),
        ..Failure::new(format!(
            "{path} is a file, and the server renders only the preseed that a machine is assigned; {seen}"
        ))
    })
}

/// The text to print alone.
pub(crate) fn raw_text(result: &Value) -> Option<String> {
    result[RENDERED].as_str().map(str::to_owned)
}
