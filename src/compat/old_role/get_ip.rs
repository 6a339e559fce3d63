//! `mr_provisioner_get_ip`: the address of one interface of a machine.

use serde::Deserialize;

use crate::ansible::{Call, Failure, Kind, Module, ModuleSpec, Opt, Return, Success};
use crate::modules::options::{connection, info};
use crate::modules::returns;
use crate::task::machine::MachineRef;
use crate::task::{TaskError, network};

pub(crate) const MODULE: Module = Module::new(&SPEC, run);

static SPEC: ModuleSpec = ModuleSpec {
    name: "mr_provisioner_get_ip",
    short_description: "Ask for the address of a machine, as the old Ansible role does",
    description: &[
        "Reads one interface of a machine and returns its IPv4 address.",
        "That is the configured address of an interface that is C(dynamic-reserved) or C(static), else the leased one. \
         M(mrp_network_facts) prefers the lease, of whatever interface has one.",
    ],
    options: &[OPTIONS, connection::OPTIONS],
    constraints: connection::CONSTRAINTS,
    attributes: info::ATTRIBUTES,
    notes: &[
        "A machine that has just been provisioned may have no lease yet: the task then fails, and C(until) repeats it.",
    ],
    seealso: &["mrp_network_facts"],
    deprecation: Some("mr_provisioner_get_ip is the old role's name: use mrp_network_facts"),
    examples: EXAMPLES,
    returns: RETURNS,
}
.documented();

/// The interface, when none is named.
const DEFAULT_INTERFACE: &str = "eth1";

const OPTIONS: &[Opt] = &[
    Opt::new("machine_name", Kind::Str)
        .required()
        .about(&["Exact name of the machine, whoever holds it."]),
    Opt::new("interface_name", Kind::Str)
        .default_str(DEFAULT_INTERFACE)
        .about(&["Identifier or MAC address of the interface."]),
];

#[derive(Deserialize)]
struct GetIpOptions {
    machine_name: String,
    interface_name: String,
}

fn run(call: &Call) -> Result<Success, Failure> {
    let GetIpOptions {
        machine_name,
        interface_name,
    } = call.options();
    let interface_name = Some(interface_name)
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| DEFAULT_INTERFACE.to_owned());
    let client = connection::connect(call)?;
    let machine = MachineRef::Name(machine_name.clone());
    let interface = network::interface(client.read_only(), &machine, &interface_name)
        .map_err(|error| to_failure(error.without_guess_at(&call.yaml_texts)))?;
    // The server has no configured address for a dynamic interface: the field is null.
    let address = interface.configured_ipv4.or(interface.lease_ipv4);
    let address = address.ok_or_else(|| Failure {
        hint: Some(
            "It is not configured to have one, and the machine has leased none there: start the machine, or name \
             another interface."
                .into(),
        ),
        ..Failure::new(format!(
            "interface '{interface_name}' of machine '{machine_name}' has no address"
        ))
    })?;
    Ok(Success::with_fields([("ip", address.into())]))
}

/// The role has no option for the id of an interface.
fn to_failure(error: TaskError) -> Failure {
    let is_ambiguous = matches!(error, TaskError::Ambiguous { .. });
    let mut failure = Failure::from(error);
    if is_ambiguous {
        failure.hint = Some("Give its MAC address instead.".into());
    }
    failure
}

const EXAMPLES: &str = r#"- name: Get IP of provisioned machine
  mr_provisioner_get_ip:
    mrp_url: https://mrp.example/
    mrp_token: "{{ mr_provisioner_auth_token }}"
    machine_name: qdc01
    interface_name: eth0
  register: get_ip

- name: Ask for it with its successor
  mrp_network_facts:
    mrp_url: https://mrp.example/
    mrp_token: "{{ mr_provisioner_auth_token }}"
    machine: qdc01
    interface: eth0
  register: network

- name: Show both
  ansible.builtin.debug:
    msg: "{{ get_ip.ip }} and {{ network.machines[0].ipv4 }}"
"#;

const RETURNS: &[Return] = &[
    Return::new("ip", "str")
        .about("The address.")
        .sample("\"10.40.5.12\""),
    returns::REQUESTS,
];
