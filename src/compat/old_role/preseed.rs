//! `mr_provisioner_preseed`: uploads a preseed, or requires one.

use std::path::Path;

use serde_json::{Map, Value};

use crate::ansible::{Call, Failure, Kind, Module, ModuleSpec, Opt, Return, Success};
use crate::compat::old_role::{json_field, successor_call};
use crate::modules::options::connection;
use crate::modules::{preseed, returns, run};
use crate::support::regular_file;
use crate::task::preseed::PreseedSpec;
use crate::task::preseed::text::FILE_LIMIT;

pub(crate) const MODULE: Module = Module::new(&SPEC, run);

static SPEC: ModuleSpec = ModuleSpec {
    name: "mr_provisioner_preseed",
    short_description: "Upload a preseed, or ask for it, as the old Ansible role does",
    description: &[
        "Makes sure that a preseed is on the server with the text of a file, or that it is there at all. \
         It does what M(mrp_preseed) does.",
    ],
    options: &[OPTIONS, connection::OPTIONS],
    constraints: connection::CONSTRAINTS,
    attributes: preseed::MODULE.spec.attributes,
    notes: &[
        "Names are unique over all users of the server, also over those whose preseeds one cannot see.",
    ],
    seealso: &["mrp_preseed"],
    deprecation: Some("mr_provisioner_preseed is the old role's name: use mrp_preseed"),
    examples: EXAMPLES,
    returns: RETURNS,
}
.documented();

const OPTIONS: &[Opt] = &[
    Opt::new("name", Kind::Str)
        .required()
        .about(&["Name of the preseed, 2 to 256 characters."]),
    Opt::new("description", Kind::Str)
        .default_str("")
        .about(&["What it is for, at most 256 characters. With an empty one it stays as it is."]),
    Opt::new("type", Kind::Str)
        .choices(&["preseed", "kickstart", "autoyast"])
        .default_str("preseed")
        .about(&["What the text is."]),
    Opt::new("path", Kind::Str).default_str("").about(&[
        "File with the text, in UTF-8.",
        "With an empty one or V(/dev/null) the preseed must exist, and nothing of it is compared or changed.",
    ]),
    Opt::new("known_good", Kind::Bool)
        .default_bool(false)
        .about(&["Whether the preseed is marked as known to work."]),
    Opt::new("public", Kind::Bool)
        .default_bool(false)
        .about(&["Whether other users may use the preseed."]),
];

fn run(call: &Call) -> Result<Success, Failure> {
    run::run_with_fields(call, to_task, |report| json_field(&report.preseed))
}

fn to_task(call: &Call) -> Result<PreseedSpec, Failure> {
    let mut options = call.options.clone();
    if options["path"] == "" || options["path"] == "/dev/null" {
        // Then the preseed must exist, and nothing of it is compared.
        options.retain(|name, _| !OPTIONS.iter().any(|own| own.name == name && name != "name"));
    }
    if options.get("description") == Some(&Value::from("")) {
        options.remove("description");
    }
    normalize_line_ends(&mut options);
    preseed::to_task(&successor_call(call, &options, &preseed::MODULE)?)
}

/// Replaces the file by its text where its lines do not all end with a line feed: the old programs read it in Python's text
/// mode. A file that cannot be read is left to the successor, which says why.
pub(crate) fn normalize_line_ends(options: &mut Map<String, Value>) {
    let Some(path) = options.get("path").and_then(Value::as_str) else {
        return;
    };
    let read = regular_file::read_with_pipes(path.as_ref(), FILE_LIMIT);
    let Ok(Ok(text)) = read.map(String::from_utf8) else {
        return;
    };
    // A pipe cannot be read a second time.
    if text.contains('\r') || !Path::new(path).is_file() {
        let lines = text.replace("\r\n", "\n").replace('\r', "\n");
        options.remove("path");
        options.insert("content".into(), lines.into());
    }
}

const EXAMPLES: &str = r#"- name: Upload Preseed
  mr_provisioner_preseed:
    name: debian-12-ci
    path: ./preseeds/debian-12
    url: https://mrp.example/
    token: "{{ mr_provisioner_auth_token }}"
    public: true
    known_good: true

- name: The same with its successor
  mrp_preseed:
    name: debian-12-ci
    type: preseed
    path: ./preseeds/debian-12
    mrp_url: https://mrp.example/
    mrp_token: "{{ mr_provisioner_auth_token }}"
    public: true
    known_good: true
"#;

const RETURNS: &[Return] = &[
    Return::new("json", "dict")
        .about(
            "The preseed as the server has it, without its text; in check mode, as it would be. It has the fields that \
             M(mrp_preseed) returns as C(preseed), except C(sha256) and C(size).",
        )
        .contains(returns::PRESEED),
    returns::PLAN,
    returns::REQUESTS,
];
