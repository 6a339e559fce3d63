//! `mrp_preseed`: creates, changes and deletes preseeds, kickstarts and autoyast profiles.

use std::path::PathBuf;

use serde::Deserialize;

use crate::ansible::{
    Attribute, Attributes, Call, Constraints, Failure, Kind, Module, ModuleSpec, Opt, Return,
};
use crate::client::PreseedType;
use crate::modules::options::connection;
use crate::modules::options::state::{self, Existence};
use crate::modules::{returns, run};
use crate::task::preseed::text::PreseedContent;
use crate::task::preseed::{DesiredPreseed, PreseedPresence, PreseedSpec, Validation};

pub(crate) const MODULE: Module = Module::new(&SPEC, |call| run::run(call, to_task));

static SPEC: ModuleSpec = ModuleSpec {
    name: "mrp_preseed",
    short_description: "Create, change and delete preseeds on a Mr-Provisioner server",
    description: &[
        "Makes sure that a preseed (a Debian preseed, a kickstart or an autoyast profile) is on the server with a \
         given text, or that it is not there.",
        "Preseeds are compared by content; only what was given is compared and sent.",
        "The server renders the text as a Jinja2 template for each machine that fetches it, with C(hostname), \
         C(ssh_key), C(ssh_keys), C(interfaces), C(kernel), C(initrd) and C(kernel_options).",
    ],
    options: &[OPTIONS, LIST_OPTIONS, connection::OPTIONS],
    constraints: Constraints {
        mutually_exclusive: &[&["content", "path"]],
        ..connection::CONSTRAINTS
    },
    attributes: Attributes {
        check_mode: Attribute::full(
            "Reads the server and the file, sends nothing that writes, and returns the plan.",
        ),
        diff_mode: Attribute::full(
            "Shows the fields and the text that change; use C(diff: false) where the text holds secrets.",
        ),
        idempotent: Attribute::full("A second run changes nothing."),
    },
    notes: &[
        "Names are unique over all users of the server, also over those whose preseeds one cannot see.",
        "A preseed of another user is changed and deleted only with an administrator's token, which shows by a private \
         image or preseed of another user that it sees. The reason of the step says whose it is.",
        "Ansible renders C({{ }}) in O(content) itself. To leave a template to the server, keep it in a file \
         and name it with O(path), or mark it with C(!unsafe).",
        "C({% raw %}) and C({% endraw %}) stand around text that the server shall not render.",
        "Anyone who reaches the server can read the rendered preseed of any machine. Do not put secrets there.",
        "The file is read on the host that the task runs on, which is usually V(localhost).",
    ],
    seealso: &["mrp_image", "mrp_machine"],
    examples: EXAMPLES,
    returns: RETURNS,
    ..ModuleSpec::EMPTY
}
.documented();

const OPTIONS: &[Opt] = &[
    Opt::new("name", Kind::Str).required().about(&["Name of the preseed, 2 to 256 characters."]),
    Opt::new("type", Kind::Str).choices(&["preseed", "kickstart", "autoyast"]).about(&[
        "What the text is. Left as it is when not given; a new one is a V(preseed).",
    ]),
    Opt::new("content", Kind::Json).hidden_in_invocation().about(&[
        "The text itself, at most 2097152 characters. A list or a dictionary becomes JSON.",
        "Without O(content) and O(path) the preseed must exist.",
    ]),
    Opt::new("path", Kind::Path).aliases(&["src"]).about(&["File with the text, in UTF-8."]),
    Opt::new("validate", Kind::Str).choices(&["warn", "strict", "no"]).default_str("warn").about(&[
        "What to do about a text that the server could not render (C(${#name}) of a shell and C({{print $1}}) of awk are \
         templates to it), that names what the server does not know, is empty, HTML or a program, has lines that end in \
         CR LF or begins with a byte order mark, or seems to hold a token or a private key.",
        "V(warn) warns, V(strict) fails and uploads nothing, V(no) does not look. The check finds the everyday mistakes; \
         what a machine gets is checked by M(mrp_machine) with its O(state=provisioned).",
    ]),
    Opt::new("description", Kind::Str).about(&[
        "What it is for, at most 256 characters. An empty one clears it.",
    ]),
    Opt::new("public", Kind::Bool).about(&[
        "Whether other users may use the preseed. Left as it is when not given; a new one is private.",
    ]),
    Opt::new("known_good", Kind::Bool).about(&[
        "Whether the preseed is marked as known to work. Left as it is when not given.",
    ]),
    state::OPTION.about(&[
        "With V(absent) the preseed is deleted. One that a machine uses, or that belongs to another user \
         and the token is no administrator's, is not: the task fails and says so.",
    ]),
];

const LIST_OPTIONS: &[Opt] = &[run::items("preseeds", &[OPTIONS]), run::FAIL_FAST];

#[derive(Deserialize)]
struct PreseedOptions {
    name: String,
    #[serde(rename = "type")]
    kind: Option<PreseedType>,
    content: Option<String>,
    path: Option<PathBuf>,
    /// The command that deletes a preseed has no such option.
    #[serde(default)]
    validate: Validation,
    description: Option<String>,
    public: Option<bool>,
    known_good: Option<bool>,
    state: Existence,
}

pub(crate) fn to_task(call: &Call) -> Result<PreseedSpec, Failure> {
    let options: PreseedOptions = call.options();
    let text = options.content.map(PreseedContent::Text);
    Ok(PreseedSpec {
        name: options.name,
        presence: match options.state {
            Existence::Present => PreseedPresence::Present(DesiredPreseed {
                kind: options.kind,
                content: text.or(options.path.map(PreseedContent::File)),
                validation: options.validate,
                description: options.description,
                public: options.public,
                known_good: options.known_good,
            }),
            Existence::Absent => PreseedPresence::Absent,
        },
    })
}

const EXAMPLES: &str = r#"- name: Keep a preseed up to date with a file
  mrp_preseed:
    mrp_url: https://mrp.example/
    mrp_token: "{{ lab_token }}"
    name: debian-12-ci
    path: "{{ playbook_dir }}/files/debian-12.preseed"
    description: Debian 12 for the CI machines

- name: A kickstart from a text that Ansible renders
  mrp_preseed:
    name: centos-ci
    type: kickstart
    content: "{{ lookup('ansible.builtin.template', 'centos.ks.j2') }}"
    public: true

- name: Remove a preseed
  mrp_preseed:
    name: old-seed
    state: absent
"#;

const PRESEED_FIELDS: [Return; 9] = returns::concat(returns::PRESEED, returns::PRESEED_CONTENT);

const RETURNS: &[Return] = &[
    Return::new("preseed", "dict")
        .returned("success; null when the preseed is absent")
        .about("The preseed as the server has it, without its text; in check mode, as it would be.")
        .contains(&PRESEED_FIELDS),
    returns::PLAN,
    returns::RESULTS,
    returns::REQUESTS,
];
