//! `mrp_interface`: configures a network interface of a machine.

use serde::Deserialize;

use crate::ansible::{
    Attribute, Attributes, Call, Constraints, Failure, Kind, Module, ModuleSpec, Opt, Return,
};
use crate::client::{ConfigType, InterfaceId};
use crate::modules::options::{connection, machine};
use crate::modules::{returns, run};
use crate::task::interface::{DesiredAddress, InterfaceRef, InterfaceSpec};

pub(crate) const MODULE: Module = Module::new(&SPEC, |call| run::run(call, to_task));

static SPEC: ModuleSpec = ModuleSpec {
    name: "mrp_interface",
    short_description: "Configure a network interface of a machine of a Mr-Provisioner server",
    description: &[
        "Sets where an interface has its IPv4 address from, which address that is, and what the interface is called.",
        "With O(ipv4=auto) it is the lowest free address of the network's pool.",
        "Only what was given is compared and sent. Interfaces, networks and their pools are made by the server's \
         administrators.",
    ],
    options: &[machine::OPTIONS, OPTIONS, LIST_OPTIONS, connection::OPTIONS],
    constraints: Constraints {
        mutually_exclusive: &[machine::EITHER, EITHER],
        required_one_of: &[machine::EITHER, EITHER],
        ..connection::CONSTRAINTS
    },
    attributes: Attributes {
        check_mode: Attribute::partial(
            "Sends nothing that writes and returns the plan, with the address that V(auto) would take.",
            &["Whether somebody else has an address that was given shows only when it is set."],
        ),
        diff_mode: Attribute::full("Shows the fields that change."),
        idempotent: Attribute::full(
            "A second run changes nothing: an address of the pool that the interface has already satisfies V(auto), \
             and an interface that was renamed is found under its new name.",
        ),
    },
    notes: &[
        "The server lets any user change any interface. This module refuses one of a machine that is not assigned to \
         the token's user and says who holds it; see O(allow_unassigned).",
        "The server has a word V(auto) of its own, which never works. Here the address is chosen from what the \
         interfaces of all machines hold, configured or leased: one request for each machine of the server, two or \
         more at a time, and none when the interface has an address of the pool already.",
        "Neither the first nor the last address of the pool is taken by V(auto). The server knows of no gateway, so \
         one should not be in a pool.",
        "A change takes effect when the machine next asks the DHCP server, or is installed the next time.",
    ],
    seealso: &["mrp_machine", "mrp_network_facts"],
    examples: EXAMPLES,
    returns: RETURNS,
    ..ModuleSpec::EMPTY
}
.documented();

const OPTIONS: &[Opt] = &[
    Opt::new("interface", Kind::Str).about(&[
        "Which interface: its identifier, or its MAC with any separators and in any case.",
        "Put a MAC in quotes: YAML reads one of digits alone as a number.",
        "When several interfaces of the machine have the identifier, the task fails and lists their ids and MACs.",
    ]),
    Opt::new("interface_id", Kind::Int).minimum(1).about(&[
        "Id of the interface, instead of its identifier or MAC.",
    ]),
    Opt::new("config_type_v4", Kind::Str).choices(&["dynamic", "dynamic-reserved", "static"]).about(&[
        "Where the interface has its address from. Left as it is when not given.",
        "V(dynamic) is any address that the DHCP server gives; a configured address is cleared.",
        "V(dynamic-reserved) is an address of the network's reserved pool, which the DHCP server gives to this \
         interface alone.",
        "V(static) is an address of the network's static pool, which the installed system sets itself.",
    ]),
    Opt::new("ipv4", Kind::Str).aliases(&["configured_ipv4"]).about(&[
        "The address, of the pool that belongs to O(config_type_v4), or V(auto) for the lowest free one.",
        "An interface that has an address of that pool already keeps it with V(auto).",
        "Not for V(dynamic), where the server would ignore it silently.",
    ]),
    Opt::new("identifier", Kind::Str).about(&[
        "What the interface is to be called, at most 64 characters. An empty one takes its name away.",
    ]),
    Opt::new("allow_unassigned", Kind::Bool).default_bool(false).about(&[
        "Act also on a machine that is not assigned to the token's user.",
    ]),
];

/// One of these must be given, and not both.
const EITHER: &[&str] = &["interface", "interface_id"];

const LIST_OPTIONS: &[Opt] = &[
    run::items("interfaces", &[machine::OPTIONS, OPTIONS]),
    run::FAIL_FAST,
];

#[derive(Deserialize)]
struct InterfaceOptions {
    interface: Option<String>,
    interface_id: Option<InterfaceId>,
    config_type_v4: Option<ConfigType>,
    ipv4: Option<String>,
    identifier: Option<String>,
    allow_unassigned: bool,
}

fn to_task(call: &Call) -> Result<InterfaceSpec, Failure> {
    let options: InterfaceOptions = call.options();
    Ok(InterfaceSpec {
        machine: machine::machine(call)?,
        interface: interface(options.interface, options.interface_id)?,
        config_type: options.config_type_v4,
        ipv4: options.ipv4.as_deref().map(address).transpose()?,
        identifier: options.identifier,
        allow_unassigned: options.allow_unassigned,
    })
}

fn interface(name: Option<String>, id: Option<InterfaceId>) -> Result<InterfaceRef, Failure> {
    match (name, id) {
        (Some(name), _) if name.is_empty() => Err(Failure::invalid_call(
            "O(interface) must not be empty: one without an identifier is named by its MAC, or by O(interface_id)",
        )),
        (Some(name), _) => Ok(InterfaceRef::Name(name)),
        (None, Some(id)) => Ok(InterfaceRef::Id(id)),
        (None, None) => Err(Failure::invalid_call(
            "one of the following is required: interface, interface_id",
        )),
    }
}

fn address(text: &str) -> Result<DesiredAddress, Failure> {
    match (text, text.parse()) {
        ("auto", _) => Ok(DesiredAddress::Auto),
        (_, Ok(address)) => Ok(DesiredAddress::Given(address)),
        (_, Err(_)) => Err(Failure::invalid_call(format!(
            "O(ipv4) must be an IPv4 address such as 10.40.1.20, or auto, not '{text}'"
        ))),
    }
}

const EXAMPLES: &str = r#"- name: The lowest free address, always the same from then on
  mrp_interface:
    mrp_url: https://mrp.example/
    mrp_token: "{{ lab_token }}"
    machine: qdc01
    interface: eth0
    config_type_v4: dynamic-reserved
    ipv4: auto
  register: reserved

- name: Which is
  ansible.builtin.debug:
    msg: "{{ reserved.interface.configured_ipv4 }}"

- name: A certain address that the installed system sets itself
  mrp_interface:
    machine: qdc01
    interface: "52:54:00:00:02:02"
    config_type_v4: static
    ipv4: 10.40.2.17

- name: Give an interface a name
  mrp_interface:
    machine: qdc01
    interface: "52-54-00-00-02-03"
    identifier: storage0

- name: Addresses for a rack, each another one
  mrp_interface:
    config_type_v4: dynamic-reserved
    ipv4: auto
    interfaces:
      - {machine: qdc01, interface: eth0}
      - {machine: qdc02, interface: eth0}

- name: Back to any address
  mrp_interface:
    machine: qdc01
    interface: eth0
    config_type_v4: dynamic
"#;

const RETURNS: &[Return] = &[
    Return::new("interface", "dict")
        .returned("success")
        .about("The interface as the server has it; in check mode, as it would be.")
        .contains(&[
            Return::new("id", "int").about("Its id.").sample("7"),
            Return::new("identifier", "str")
                .about("Its name; may be null or empty.")
                .sample("\"eth0\""),
            Return::new("mac", "str").about("Its MAC, in lower case with colons."),
            Return::new("config_type_v4", "str").about("dynamic, dynamic-reserved or static."),
            Return::new("configured_ipv4", "str")
                .about("Its configured address; null when it is dynamic.")
                .sample("\"10.40.1.23\""),
            Return::new("lease_ipv4", "str").about("The address of its last DHCP lease."),
            Return::new("last_seen_date", "str").about("When that lease was last seen."),
            Return::new("network_name", "str").about("Its network; null when it is in none."),
            Return::new("subnetv4", "str").about("The network in CIDR notation."),
            Return::new("netmaskv4", "str").about("The network's mask."),
            Return::new("prefixlenv4", "int").about("The length of the network's prefix."),
            Return::new("static_pool_v4", "str").about("Where the network's static addresses are."),
            Return::new("reserved_pool_v4", "str")
                .about("Where the network's reserved addresses are."),
        ]),
    returns::PLAN,
    returns::RESULTS,
    returns::REQUESTS,
];
