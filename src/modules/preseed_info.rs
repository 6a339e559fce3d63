//! `mrp_preseed_info`: lists preseeds, kickstarts and autoyast profiles.

use serde::Deserialize;
use serde_json::json;

use crate::ansible::{Call, Failure, Kind, Module, ModuleSpec, Opt, Return, Success};
use crate::client::PreseedType;
use crate::modules::options::{connection, info};
use crate::modules::returns;
use crate::support::glob::Glob;
use crate::task::list::{self, PreseedFilter};
use crate::task::preseed::rendering;

pub(crate) const MODULE: Module = Module::new(&SPEC, run);

static SPEC: ModuleSpec = ModuleSpec {
    name: "mrp_preseed_info",
    short_description: "List the preseeds of a Mr-Provisioner server",
    description: &[
        "Returns the preseeds, kickstarts and autoyast profiles that the token's user may see, as far as the filters \
         let them through. Without a filter that is all of them.",
        "Of their texts it returns the SHA-256 and the size; the texts themselves only with O(content).",
    ],
    options: &[OPTIONS, connection::OPTIONS],
    constraints: connection::CONSTRAINTS,
    attributes: info::ATTRIBUTES,
    notes: &[info::PATTERNS],
    seealso: &["mrp_preseed", "mrp_image_info", "mrp_machine_info"],
    examples: EXAMPLES,
    returns: RETURNS,
    ..ModuleSpec::EMPTY
}
.documented();

/// The filters of the module.
pub(crate) const OPTIONS: &[Opt] = &[
    Opt::new("name", Kind::Str).about(&["Pattern for the name, for example V(debian-*)."]),
    Opt::new("description", Kind::Str).about(&[
        "Pattern for the description. A preseed without a description has an empty one.",
    ]),
    Opt::new("type", Kind::Str).choices(&["preseed", "kickstart", "autoyast"]).about(&[
        "What the text is.",
    ]),
    Opt::new("mine", Kind::Bool).default_bool(false).about(&[
        "Only the preseeds of the token's user.",
    ]),
    Opt::new("known_good", Kind::Bool).about(&[
        "Only preseeds that are marked as known to work, or with V(false) only the others.",
    ]),
    Opt::new("content", Kind::Bool).default_bool(false).about(&[
        "Return the texts too. They may hold passwords, and Ansible prints and keeps results: use C(no_log: true).",
    ]),
    Opt::new("render_for", Kind::Str).about(&[
        "Name of a machine. The preseed that it is assigned is also returned as its installer gets it. The server renders no \
         other, and anyone may ask it to.",
    ]),
];

#[derive(Deserialize)]
struct PreseedInfoOptions {
    name: Option<String>,
    description: Option<String>,
    #[serde(rename = "type")]
    kind: Option<PreseedType>,
    mine: bool,
    known_good: Option<bool>,
    content: bool,
    /// The commands that list and show preseeds have no such option.
    #[serde(default)]
    render_for: Option<String>,
}

fn run(call: &Call) -> Result<Success, Failure> {
    let mut options: PreseedInfoOptions = call.options();
    let render_for = options.render_for.take();
    let client = connection::connect(call)?;
    let mut preseeds = list::preseeds(client.read_only(), &to_filter(options))?;
    let warning = match render_for {
        Some(machine) => rendering::render_for(client.read_only(), &machine, &mut preseeds)?,
        None => None,
    };
    Ok(Success {
        warnings: warning.into_iter().collect(),
        ..Success::with_fields([("preseeds", json!(preseeds))])
    })
}

fn to_filter(options: PreseedInfoOptions) -> PreseedFilter {
    PreseedFilter {
        scope: info::scope(options.mine),
        name: options.name.as_deref().map(Glob::new),
        description: options.description.as_deref().map(Glob::new),
        kind: options.kind,
        known_good: options.known_good,
        content: options.content,
    }
}

const EXAMPLES: &str = r#"- name: My preseeds
  mrp_preseed_info:
    mrp_url: https://mrp.example/
    mrp_token: "{{ lab_token }}"
    mine: true
  register: found

- name: Those that are not as the files beside this playbook
  ansible.builtin.debug:
    msg: "{{ item.name }} was changed on the server"
  loop: "{{ found.preseeds }}"
  loop_control:
    label: "{{ item.name }}"
  when: item.sha256 != lookup('ansible.builtin.file', item.name, rstrip=false) | hash('sha256')

- name: Keep a copy of a kickstart
  mrp_preseed_info:
    name: centos-ci
    type: kickstart
    content: true
  register: kickstart
  no_log: true

- name: What the installer of a machine gets
  mrp_preseed_info:
    name: debian-12-ci
    render_for: qdc01
  register: rendered
"#;

const PRESEED_FIELDS: [Return; 12] = returns::concat(
    returns::PRESEED,
    &[
        returns::PRESEED_CONTENT[0],
        returns::PRESEED_CONTENT[1],
        Return::new("content", "str")
            .returned("with O(content)")
            .about("Its text."),
        Return::new("rendered", "str")
            .returned("with O(render_for), of the preseed of that machine")
            .about("What the machine's installer gets."),
        Return::new("render_error", "str")
            .returned(
                "with O(render_for), instead of RV(preseeds[].rendered) where the template is broken",
            )
            .about("The line, and why."),
    ],
);

/// What the module returns.
pub(crate) const RETURNS: &[Return] = &[
    Return::new("preseeds", "list")
        .about("The preseeds, in the order of their names.")
        .contains(&PRESEED_FIELDS),
    returns::REQUESTS,
];
