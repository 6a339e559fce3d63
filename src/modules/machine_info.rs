//! `mrp_machine_info`: lists machines with their state.

use serde::Deserialize;
use serde_json::json;

use crate::ansible::{Call, Constraints, Failure, Kind, Module, ModuleSpec, Opt, Return, Success};
use crate::client::MachineState;
use crate::modules::options::{connection, info};
use crate::modules::returns;
use crate::support::glob::Glob;
use crate::task::list::{self, MachineDetails, MachineFilter};

pub(crate) const MODULE: Module = Module::new(&SPEC, run);

static SPEC: ModuleSpec = ModuleSpec {
    name: "mrp_machine_info",
    short_description: "List the machines of a Mr-Provisioner server",
    description: &[
        "Returns the machines of the server with their boot parameters, as far as the filters let them through. Without \
         a filter that is all of them, whoever holds them.",
        "What else there is to know costs a request for each machine, so it is only returned when O(gather) names it.",
    ],
    options: &[OPTIONS, connection::OPTIONS],
    constraints: Constraints {
        mutually_exclusive: &[&["names", "query"], &["names", "mine"]],
        ..connection::CONSTRAINTS
    },
    attributes: info::ATTRIBUTES,
    notes: &[
        info::PATTERNS,
        "Machines are asked for side by side, as many as the server answers at a time, at most 64; their power is asked one \
         machine at a time.",
    ],
    seealso: &[
        "mrp_machine",
        "mrp_network_facts",
        "mrp_image_info",
        "mrp_preseed_info",
    ],
    examples: EXAMPLES,
    returns: RETURNS,
    ..ModuleSpec::EMPTY
}
.documented();

const OPTIONS: &[Opt] = &[
    Opt::new("names", Kind::List(&Kind::Str)).about(&[
        "Exact names of machines. The task fails when one of them does not exist, and names those that look alike.",
    ]),
    Opt::new("query", Kind::Str).about(info::QUERY),
    Opt::new("name", Kind::Str).about(&["Pattern for the name, for example V(qdc*)."]),
    Opt::new("arch", Kind::Str).about(&["Name of the architecture, for example V(arm64)."]),
    Opt::new("state", Kind::List(&Kind::Str))
        .choices(&["unknown", "provisioning", "ready", "error"])
        .about(&["Only machines in one of these states. It costs one request for each machine."]),
    Opt::new("mine", Kind::Bool).default_bool(false).about(&["Only the machines that are assigned to the token's user."]),
    Opt::new("gather", Kind::List(&Kind::Str))
        .choices(&["state", "interfaces", "assignees", "power"])
        .about(&[
            "What else to return. Each costs one request for each machine that the filters let through.",
            "For V(power) the server asks the machine's BMC, and answers nobody else meanwhile.",
        ]),
];

#[derive(Deserialize)]
struct MachineInfoOptions {
    names: Option<Vec<String>>,
    query: Option<String>,
    name: Option<String>,
    arch: Option<String>,
    #[serde(default)]
    state: Vec<MachineState>,
    mine: bool,
    #[serde(default)]
    gather: Vec<GatheredDetail>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum GatheredDetail {
    State,
    Interfaces,
    Assignees,
    Power,
}

fn run(call: &Call) -> Result<Success, Failure> {
    let filter = to_filter(call.options())?;
    let client = connection::connect(call)?;
    let machines = list::machines(client.read_only(), &filter)?;
    Ok(Success::with_fields([("machines", json!(machines))]))
}

fn to_filter(options: MachineInfoOptions) -> Result<MachineFilter, Failure> {
    let wants = |detail| options.gather.contains(&detail);
    Ok(MachineFilter {
        details: MachineDetails {
            state: wants(GatheredDetail::State),
            interfaces: wants(GatheredDetail::Interfaces),
            assignees: wants(GatheredDetail::Assignees),
            power: wants(GatheredDetail::Power),
        },
        machines: info::selection(options.names, options.query)?,
        scope: info::scope(options.mine),
        name: options.name.as_deref().map(Glob::new),
        arch: options.arch,
        states: options.state,
    })
}

const EXAMPLES: &str = r#"- name: What do I hold, and how far is it?
  mrp_machine_info:
    mrp_url: https://mrp.example/
    mrp_token: "{{ lab_token }}"
    mine: true
    gather: state
  register: lab

- name: Those that failed
  ansible.builtin.debug:
    msg: "{{ lab.machines | selectattr('state', 'eq', 'error') | map(attribute='name') }}"

- name: The free arm64 machines, with their interfaces
  mrp_machine_info:
    query: (and (= arch "arm64") (= assignee_count 0))
    gather: [interfaces]

- name: Which machines of the rack are switched on, and who holds them?
  mrp_machine_info:
    name: rack7-*
    gather: [power, assignees]
"#;

const MACHINE_FIELDS: [Return; 14] = returns::concat(
    &returns::MACHINE,
    &[
        returns::STATE.returned("with O(state), or V(state) in O(gather)"),
        Return::new("interfaces", "list")
            .returned("with V(interfaces) in O(gather)")
            .about("All its interfaces, as the server tells them."),
        Return::new("assignees", "list")
            .returned("with V(assignees) in O(gather)")
            .about("Who holds it.")
            .contains(returns::ASSIGNEE),
        Return::new("power", "str")
            .returned("with V(power) in O(gather)")
            .about("What its BMC says, in the server's words: on, off, unknown without a BMC, or that the BMC fails.")
            .sample("\"on\""),
    ],
);

const RETURNS: &[Return] = &[
    Return::new("machines", "list")
        .about("The machines, in the order of their names, or as O(names) has them.")
        .contains(&MACHINE_FIELDS),
    returns::REQUESTS,
];
