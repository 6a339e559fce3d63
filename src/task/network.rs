//! The network facts of machines: their interfaces, and the address to reach them at where it is certain.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::client::{Interface, Machine, MachineId, Query, ReadOnlyClient, Scope};
use crate::support::sort::sorted;
use crate::task::interface::find;
use crate::task::lookup;
use crate::task::{TaskError, parallel};

/// Whose facts are wanted, and which interface is preferred.
#[derive(Clone, Debug)]
pub struct NetworkSpec {
    /// Which machines.
    pub machines: Selection,
    /// All machines instead of those assigned to the token's user, where the selection does not name them.
    pub scope: Scope,
    /// Interface identifiers, the most wanted first.
    pub preference: Vec<String>,
}

/// Which machines are meant.
#[derive(Clone, Debug)]
pub enum Selection {
    /// Everything in the scope.
    All,
    /// These, by their exact names, whoever holds them.
    Names(Vec<String>),
    /// Those in the scope that a query matches.
    Query(Query),
}

/// The facts of all machines that were meant.
#[derive(Debug, Default)]
pub struct NetworkReport {
    /// In the order of their names, or in the order in which they were named.
    pub machines: Vec<NetworkFacts>,
    /// Where an address was not certain.
    pub warnings: Vec<String>,
}

/// One machine's facts.
#[derive(Clone, Debug, Serialize)]
pub struct NetworkFacts {
    /// The server's id.
    pub id: MachineId,
    /// Unique on the server.
    pub name: String,
    /// The name with every character outside `A-Za-z0-9` replaced; not unique.
    pub hostname: Option<String>,
    /// The architecture's name.
    pub arch: Option<String>,
    /// The lease, or the configured address where there is none yet; null where it is not certain.
    pub ipv4: Option<String>,
    /// Of the interface that has `ipv4`, or of the only interface.
    pub mac: Option<String>,
    /// Of the same interface's network.
    pub netmask: Option<String>,
    /// That network in CIDR notation; each of `interfaces` tells its own.
    #[serde(skip)]
    pub subnet: Option<String>,
    /// All of them.
    pub interfaces: Vec<Interface>,
}

/// Reads the machines and, side by side, their interfaces. Nothing is ever written.
pub fn gather(client: &ReadOnlyClient, spec: &NetworkSpec) -> Result<NetworkReport, TaskError> {
    let machines = spec.machines.select(client, spec.scope)?;
    let interfaces = parallel::try_map(&machines, |machine| client.interfaces().list(machine.id))?;
    let mut report = NetworkReport::default();
    for (machine, interfaces) in machines.into_iter().zip(interfaces) {
        let (facts, warning) = facts(machine, interfaces, &spec.preference);
        report.machines.push(facts);
        report.warnings.extend(warning);
    }
    Ok(report)
}

/// One interface of a machine, by its identifier or its MAC. Nothing is ever written.
pub fn interface(
    client: &ReadOnlyClient,
    machine: &lookup::MachineRef,
    name: &str,
) -> Result<Interface, TaskError> {
    let machine = lookup::machine(client, machine)?;
    let interfaces = client.interfaces().list(machine.id)?;
    find::named(&machine, &interfaces, name).cloned()
}

/// What a machine's interfaces say of it, and a sentence where they do not say for certain how to reach it.
pub fn facts(
    machine: Machine,
    interfaces: Vec<Interface>,
    preference: &[String],
) -> (NetworkFacts, Option<String>) {
    let choice = choose(&interfaces, preference);
    let warning = match &choice {
        Choice::Unclear(addressed) => Some(unclear(&machine, addressed)),
        _ => None,
    };
    let chosen = choice.interface();
    let facts = NetworkFacts {
        id: machine.id,
        hostname: machine.hostname,
        arch: machine.arch,
        ipv4: chosen.and_then(address).map(str::to_owned),
        mac: chosen.and_then(|interface| interface.mac.clone()),
        netmask: chosen.and_then(|interface| interface.netmaskv4.clone()),
        subnet: chosen.and_then(|interface| interface.subnetv4.clone()),
        name: machine.name,
        interfaces,
    };
    (facts, warning)
}

impl Selection {
    /// The machines that are meant.
    pub(super) fn select(
        &self,
        client: &ReadOnlyClient,
        scope: Scope,
    ) -> Result<Vec<Machine>, TaskError> {
        let machines = match self {
            Selection::All => client.machines().list(scope)?,
            Selection::Query(query) => client.machines().query(scope, query)?,
            Selection::Names(names) => return named(client, names),
        };
        Ok(sorted(machines, |machine| (machine.name.clone(), 0)))
    }
}

/// Several names cost one list instead of a query each.
fn named(client: &ReadOnlyClient, names: &[String]) -> Result<Vec<Machine>, TaskError> {
    if let [name] = names {
        return Ok(vec![lookup::machine(
            client,
            &lookup::MachineRef::Name(name.clone()),
        )?]);
    }
    let machines = client.machines().list(Scope::Visible)?;
    let by_name: BTreeMap<&str, &Machine> = machines
        .iter()
        .map(|machine| (machine.name.as_str(), machine))
        .collect();
    names
        .iter()
        .map(|name| match by_name.get(name.as_str()) {
            Some(machine) => Ok((*machine).clone()),
            None => Err(lookup::no_such_machine(&machines, name)),
        })
        .collect()
}

/// Which interface a machine is reached at.
enum Choice<'a> {
    Certain(&'a Interface),
    Unclear(Vec<&'a Interface>),
    None,
}

impl<'a> Choice<'a> {
    fn interface(&self) -> Option<&'a Interface> {
        match self {
            Choice::Certain(interface) => Some(interface),
            _ => None,
        }
    }
}

/// The first preferred identifier that has an address decides; without one, only a single address is certain.
/// Identifiers may be missing or stand twice within a machine.
fn choose<'a>(interfaces: &'a [Interface], preference: &[String]) -> Choice<'a> {
    let addressed: Vec<&Interface> = interfaces
        .iter()
        .filter(|interface| address(interface).is_some())
        .collect();
    let preferred = preference
        .iter()
        .map(|wanted| {
            addressed
                .iter()
                .filter(|interface| interface.identifier.as_ref() == Some(wanted))
                .copied()
                .collect::<Vec<_>>()
        })
        .find(|matching| !matching.is_empty());
    let candidates = preferred.unwrap_or(addressed);
    match candidates.as_slice() {
        [only] => Choice::Certain(only),
        [] => only_interface(interfaces),
        _ => Choice::Unclear(candidates),
    }
}

/// A machine with a single interface has only one MAC address, whether or not it has an IP address yet.
fn only_interface(interfaces: &[Interface]) -> Choice<'_> {
    match interfaces {
        [only] => Choice::Certain(only),
        _ => Choice::None,
    }
}

/// The lease is what the machine has; the configured address is what it will get.
pub fn address(interface: &Interface) -> Option<&str> {
    interface
        .lease_ipv4
        .as_deref()
        .or(interface.configured_ipv4.as_deref())
}

fn unclear(machine: &Machine, addressed: &[&Interface]) -> String {
    let list = addressed
        .iter()
        .map(|interface| {
            let identifier = interface.identifier.as_deref().unwrap_or("(no identifier)");
            format!(
                "{identifier} {}",
                address(interface).unwrap_or("(no address)")
            )
        })
        .collect::<Vec<_>>()
        .join(", ");
    format!(
        "machine '{}' has several addresses and none is preferred, so its ipv4 is null: {list}",
        machine.name
    )
}
