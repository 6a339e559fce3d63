//! `mrp_network_facts`: gathers the addresses of machines.

use serde::Deserialize;

use crate::ansible::{
    Call, Constraints, Failure, Kind, Module, ModuleSpec, Object, Objects, Opt, Return, Success,
};
use crate::modules::options::{connection, info};
use crate::modules::returns;
use crate::task::network::{self, NetworkSpec};

pub(crate) const MODULE: Module = Module::new(&SPEC, run);

static SPEC: ModuleSpec = ModuleSpec {
    name: "mrp_network_facts",
    short_description: "Gather the addresses of the machines of a Mr-Provisioner server",
    description: &[
        "Reads the interfaces of machines and sets C(ansible_facts.mrp_network).",
        "An address is never guessed: with several addressed interfaces and no preference that matches, C(ipv4) is \
         null and a warning lists them.",
    ],
    options: &[OPTIONS, connection::OPTIONS],
    constraints: Constraints {
        mutually_exclusive: &[&["machine", "machines", "query"]],
        ..connection::CONSTRAINTS
    },
    attributes: info::ATTRIBUTES,
    notes: &["Interfaces are read side by side, as many as the server answers at a time, at most 64."],
    seealso: &["mrp_machine"],
    examples: EXAMPLES,
    returns: RETURNS,
    ..ModuleSpec::EMPTY
}
.documented();

const OPTIONS: &[Opt] = &[
    Opt::new("machine", Kind::Str).about(&["Exact name of one machine, whoever holds it."]),
    Opt::new("machines", Kind::List(&Kind::Str)).about(&["Exact names of machines, whoever holds them."]),
    Opt::new("query", Kind::Str).about(info::QUERY),
    Opt::new("all", Kind::Bool).default_bool(false).about(&[
        "Every machine of the server instead of those assigned to the token's user.",
    ]),
    Opt::new("interface", Kind::List(&Kind::Str)).about(&[
        "Interface identifiers in order of preference: the first that has an address is the one that C(ipv4), \
         C(mac) and C(netmask) are taken from.",
        "Where none of them has an address and only one interface of the machine has, that one is taken.",
        "A machine that has none of these interfaces is warned of.",
    ]),
    Opt::new("strict", Kind::Bool).default_bool(false).about(&[
        "Fail, instead of a warning, when a machine of O(machine) or O(machines) has none of the interfaces of O(interface).",
    ]),
    Opt::new("return", Kind::List(&Kind::Str)).choices(&["facts", "machines"]).about(&[
        "What is returned: V(facts) for C(ansible_facts), V(machines) for the list, both unless one is given.",
        "They tell the same. For a thousand machines Ansible works longer on each than the server and the module together.",
    ]),
    Opt::new("interfaces", Kind::Bool).default_bool(true).about(&[
        "Whether each machine is returned with all its interfaces. They are read either way, for its address.",
    ]),
];

#[derive(Deserialize)]
struct NetworkFactsOptions {
    machine: Option<String>,
    machines: Option<Vec<String>>,
    query: Option<String>,
    all: bool,
    interface: Option<Vec<String>>,
    strict: bool,
    #[serde(rename = "return")]
    returned: Option<Vec<Returned>>,
    interfaces: bool,
}

/// What of the result is returned.
#[derive(Clone, Copy, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Returned {
    Facts,
    Machines,
}

fn run(call: &Call) -> Result<Success, Failure> {
    let options: NetworkFactsOptions = call.options();
    let returned = options.returned.clone().unwrap_or_default();
    let is_returned = |part| returned.is_empty() || returned.contains(&part);
    let with_interfaces = options.interfaces;
    let spec = to_spec(options)?;
    let client = connection::connect(call)?;
    let report = network::gather(client.read_only(), &spec, |mut facts| {
        facts.interfaces = facts.interfaces.filter(|_| with_interfaces);
        // A struct of texts and numbers always serializes.
        let json = serde_json::to_string(&facts).unwrap_or_default();
        Object::new(facts.name, json)
    })
    .map_err(|error| error.without_guess_at(&call.yaml_texts))?;
    Ok(Success {
        objects: Some(Objects {
            objects: report.machines,
            list: is_returned(Returned::Machines).then_some("machines"),
            facts: is_returned(Returned::Facts).then_some("mrp_network"),
        }),
        warnings: report.warnings,
        ..Success::default()
    })
}

fn to_spec(options: NetworkFactsOptions) -> Result<NetworkSpec, Failure> {
    let names = options.machine.map(|name| vec![name]).or(options.machines);
    Ok(NetworkSpec {
        machines: info::selection(names, options.query)?,
        scope: info::scope(!options.all),
        preference: options.interface.unwrap_or_default(),
        strict: options.strict,
    })
}

const EXAMPLES: &str = r#"- name: Where are my machines?
  mrp_network_facts:
    mrp_url: https://mrp.example/
    mrp_token: "{{ lab_token }}"
    interface: [eth1, eth0]
  register: lab

- name: Put those with an address into the inventory
  ansible.builtin.add_host:
    name: "{{ item.hostname }}"
    groups: lab
    ansible_host: "{{ item.ipv4 }}"
  loop: "{{ lab.machines | selectattr('ipv4') }}"
  loop_control:
    label: "{{ item.name }}"

- name: All machines in short, once
  mrp_network_facts:
    all: true
    return: [machines]
    interfaces: false
  register: addresses

- name: One machine
  mrp_network_facts:
    machine: qdc01

- name: Its address
  ansible.builtin.debug:
    msg: "{{ ansible_facts.mrp_network.qdc01.ipv4 }}"

- name: All free arm64 machines
  mrp_network_facts:
    query: (and (= arch "arm64") (= assignee_count 0))
    all: true
"#;

const FACTS: [Return; 8] = returns::concat(
    returns::MACHINE_IDENTITY,
    &[
        Return::new("ipv4", "str")
            .about("The lease, or the configured address where there is none yet; null where it is not certain.")
            .sample("\"10.40.5.12\""),
        Return::new("mac", "str").about("Of the interface that has C(ipv4), or of the only interface."),
        Return::new("netmask", "str").about("Of the same interface's network."),
        Return::new("interfaces", "list").about("All interfaces, as the server tells them, unless O(interfaces=false)."),
    ],
);

const RETURNS: &[Return] = &[
    Return::new("ansible_facts", "dict")
        .about("Facts to add to the host that the task runs for, unless O(return) has only V(machines).")
        .contains(&[Return::new("mrp_network", "dict")
            .about("For each machine's name, the keys that RV(machines) has.")]),
    Return::new("machines", "list")
        .about("The same as a list, for loops, unless O(return) has only V(facts).")
        .contains(&FACTS),
    returns::REQUESTS,
];
