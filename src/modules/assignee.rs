//! `mrp_assignee`: assigns machines to users, and releases them.

use serde::Deserialize;

use crate::ansible::{
    Attribute, Attributes, Call, Constraints, Failure, Kind, Module, ModuleSpec, Opt, RequiredIf,
    Return,
};
use crate::client::NewAssignee;
use crate::modules::options::state::{self, Existence};
use crate::modules::options::{connection, machine};
use crate::modules::{returns, run};
use crate::task::assignee::{AssigneePresence, AssigneeSpec};

pub(crate) const MODULE: Module = Module::new(&SPEC, |call| run::run(call, to_task));

static SPEC: ModuleSpec = ModuleSpec {
    name: "mrp_assignee",
    short_description: "Assign machines of a Mr-Provisioner server to users, and release them",
    description: &[
        "Makes sure that a machine is assigned to a user, with a reason, or that it is not.",
        "A machine may be assigned to several users; assigning it to one takes it from nobody.",
    ],
    options: &[machine::OPTIONS, OPTIONS, connection::OPTIONS],
    constraints: Constraints {
        required_if: &[RequiredIf::all("state", "present", &["user"])],
        ..machine::CONSTRAINTS
    },
    attributes: Attributes {
        check_mode: Attribute::full(
            "Sends nothing that writes and returns the plan. What only an administrator's token can do is planned \
             with any token, since the server does not tell whose token it is.",
        ),
        diff_mode: Attribute::full("Shows the user and the reason that change."),
        idempotent: Attribute::full("A second run changes nothing."),
    },
    notes: &[
        "Only administrators assign machines. Everybody can release a machine that is assigned to them, and change \
         the reason of their own assignment; administrators can do that for others.",
        "The server keeps one assignment for each user of a machine.",
    ],
    seealso: &["mrp_machine", "mrp_power"],
    examples: EXAMPLES,
    returns: RETURNS,
    ..ModuleSpec::EMPTY
}
.documented();

const OPTIONS: &[Opt] = &[
    Opt::new("user", Kind::Str).about(&[
        "Exact name of the user. Needed with O(state=present); with O(state=absent) it is the token's own user \
         when not given.",
    ]),
    Opt::new("reason", Kind::Str).about(&[
        "What the user needs the machine for, at most 140 characters. Left as it is when not given; an empty one \
         clears it. With O(state=absent) it is of no account: a user has one assignment of a machine, whatever its \
         reason.",
    ]),
    state::OPTION.about(&[
        "With V(present) the machine is assigned to the user, with V(absent) it is released.",
    ]),
];

#[derive(Deserialize)]
struct AssigneeOptions {
    user: Option<String>,
    reason: Option<String>,
    state: Existence,
}

fn to_task(call: &Call) -> Result<AssigneeSpec, Failure> {
    let options: AssigneeOptions = call.options();
    let presence = match (options.state, options.user) {
        (_, Some(user)) if user.is_empty() => {
            return Err(Failure::invalid_call("O(user) must not be empty"));
        }
        (Existence::Present, Some(user)) => AssigneePresence::Present(NewAssignee {
            user,
            reason: options.reason,
        }),
        (Existence::Present, None) => {
            return Err(Failure::invalid_call("O(state=present) needs a O(user)"));
        }
        (Existence::Absent, user) => AssigneePresence::Absent(user),
    };
    Ok(AssigneeSpec {
        machine: machine::machine(call)?,
        presence,
    })
}

const EXAMPLES: &str = r#"- name: Assign a machine (with an administrator's token)
  mrp_assignee:
    mrp_url: https://mrp.example/
    mrp_token: "{{ administrator_token }}"
    name: qdc01
    user: alice
    reason: kernel CI

- name: Take it back
  mrp_assignee:
    mrp_token: "{{ administrator_token }}"
    name: qdc01
    user: alice
    state: absent

- name: Release a machine of my own
  mrp_assignee:
    name: qdc01
    state: absent
"#;

const RETURNS: &[Return] = &[
    Return::new("assignees", "list")
        .about("All who hold the machine then; in check mode, who would.")
        .contains(returns::ASSIGNEE),
    returns::MACHINE_AS_READ,
    returns::PLAN,
    returns::REQUESTS,
];
