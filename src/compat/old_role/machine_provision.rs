//! `mr_provisioner_machine_provision`: sets what a machine boots, and reboots it into its installer.

use serde_json::{Map, Value, json};

use crate::ansible::{
    Attribute, Attributes, Call, Failure, Kind, Module, ModuleSpec, Opt, Return, Success,
};
use crate::compat::old_role::{successor_call, with_successors_hint};
use crate::modules::options::connection;
use crate::modules::{machine, returns, run};
use crate::support::markup::OptionStyle;
use crate::task::machine::{MachineReport, MachineSpec};

pub(crate) const MODULE: Module = Module::new(&SPEC, run);

static SPEC: ModuleSpec = ModuleSpec {
    name: "mr_provisioner_machine_provision",
    short_description: "Provision a machine, every time, as the old Ansible role does",
    description: &[
        "Sets what a machine boots and reboots it into its installer, without waiting for the end. \
         It does what M(mrp_machine) does with C(state: provisioned), C(force: true) and C(wait: false).",
    ],
    options: &[OPTIONS, connection::OPTIONS],
    constraints: connection::CONSTRAINTS,
    attributes: Attributes {
        check_mode: Attribute::partial(
            "Sends nothing that writes, and returns the plan.",
            &[
                "A kernel, initrd or preseed that does not exist yet is planned as unresolved with a warning, since an \
                 earlier task may be to create it.",
            ],
        ),
        diff_mode: Attribute::full("Shows the boot parameters and the state that change."),
        idempotent: Attribute::none(
            "Every run provisions the machine, and says that it changed something.",
            &["M(mrp_machine) leaves a machine alone that is installed as wanted."],
        ),
    },
    notes: &[
        "The kernel and the initrd are found by their descriptions: the newest own image of the machine's architecture, else \
         the only one of other users.",
        "A machine that is not assigned to the token's user is refused.",
    ],
    seealso: &["mrp_machine"],
    deprecation: Some("mr_provisioner_machine_provision is the old role's name: use mrp_machine"),
    examples: EXAMPLES,
    returns: RETURNS,
}
.documented();

const OPTIONS: &[Opt] = &[
    Opt::new("machine_name", Kind::Str).required().about(&["Exact name of the machine."]),
    Opt::new("kernel_description", Kind::Str).required().about(&["Description of the kernel."]),
    Opt::new("initrd_description", Kind::Str).required().about(&["Description of the initrd."]),
    Opt::new("arch", Kind::Str).required().about(&[
        "Name of the architecture that the machine must have. The task fails when it has another.",
    ]),
    Opt::new("subarch", Kind::Str).required().about(&["Name of the subarch."]),
    Opt::new("preseed_name", Kind::Str).required().about(&["Name of the preseed."]),
    Opt::new("kernel_options", Kind::Words).default_str("").about(&[
        "The kernel's command line, at most 1024 characters. With an empty one the machine has none.",
    ]),
];

/// The role's names for options, and the successor's.
const RENAMED: &[(&str, &str)] = &[
    ("machine_name", "name"),
    ("kernel_description", "kernel"),
    ("initrd_description", "initrd"),
    ("preseed_name", "preseed"),
    ("kernel_options", "kernel_opts"),
];

/// Options by the role's names.
const ROLE_STYLE: OptionStyle = OptionStyle(|name, value| {
    let renamed = RENAMED.iter().find(|(_, new)| *new == name);
    let name = renamed.map_or(name, |(old, _)| *old);
    OptionStyle::default().0(name, value)
});

fn run(call: &Call) -> Result<Success, Failure> {
    let result = run::run_with_fields(call, to_task, to_fields);
    result.map_err(|failure| with_successors_hint(failure.rendered(ROLE_STYLE), "mrp_machine"))
}

fn to_task(call: &Call) -> Result<MachineSpec, Failure> {
    let mut options = call.options.clone();
    for option in OPTIONS.iter().filter(|option| option.required) {
        // To the successor an empty text means that the machine has no initrd or preseed afterwards.
        if options[option.name] == "" {
            let message = format!("O({}) must not be empty", option.name);
            return Err(Failure::invalid_call(message));
        }
    }
    for (old, new) in RENAMED {
        let value = options.remove(*old);
        options.extend(value.map(|value| ((*new).to_owned(), value)));
    }
    options.insert("state".into(), "provisioned".into());
    options.insert("force".into(), true.into());
    options.insert("wait".into(), false.into());
    machine::to_task(&successor_call(call, &options, &machine::MODULE)?)
}

/// The server's two answers as the role has them: the machine, and its state after the provisioning.
fn to_fields(report: &MachineReport) -> Map<String, Value> {
    let machine = &report.machine;
    Map::from_iter([
        ("machine_state".to_owned(), json!(machine.machine)),
        (
            "machine_provision".to_owned(),
            json!({ "state": machine.state }),
        ),
    ])
}

const EXAMPLES: &str = r#"- name: Provision machine
  mr_provisioner_machine_provision:
    machine_name: qdc01
    kernel_description: debian 12 installer
    initrd_description: debian 12 installer
    arch: arm64
    subarch: efi
    preseed_name: debian-12-ci
    kernel_options: console=ttyAMA0
    url: https://mrp.example/
    token: "{{ mr_provisioner_auth_token }}"

- name: The same with its successor, which can also wait and leave an installed machine alone
  mrp_machine:
    name: qdc01
    kernel: debian 12 installer
    initrd: debian 12 installer
    arch: arm64
    subarch: efi
    preseed: debian-12-ci
    kernel_opts: console=ttyAMA0
    mrp_url: https://mrp.example/
    mrp_token: "{{ mr_provisioner_auth_token }}"
    state: provisioned
    force: true
    wait: false
"#;

const RETURNS: &[Return] = &[
    Return::new("machine_state", "dict")
        .about(
            "The machine as the server has it; in check mode, as it would be. It has the fields that M(mrp_machine) \
             returns as C(machine), except C(state).",
        )
        .contains(&returns::MACHINE),
    Return::new("machine_provision", "dict")
        .about("What the server tells of its provisioning.")
        .contains(&[Return::new("state", "str").about("The machine's state.").sample("\"provisioning\"")]),
    returns::PLAN,
    returns::REQUESTS,
];
