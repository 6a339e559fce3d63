//! Network facts of machines: their interfaces, and their address where it is certain.

use serde::Serialize;

use crate::client::{Interface, Machine, MachineId, Query, ReadOnlyClient, Scope};
use crate::task::interface::find;
use crate::task::lookup::MachineRef;
use crate::task::machine::machine_title;
use crate::task::{Result, TaskError, lookup, parallel};

/// Which machines, and which of their interfaces are preferred.
#[derive(Clone, Debug)]
pub(crate) struct NetworkSpec {
    pub machines: MachineSelection,
    /// All machines instead of those assigned to the token's user, where the selection does not name them.
    pub scope: Scope,
    /// Interface identifiers, the most preferred first.
    pub preference: Vec<String>,
    /// Whether it is an error that a machine which is named has no interface of these identifiers.
    pub strict: bool,
}

#[derive(Clone, Debug, Default)]
pub(crate) enum MachineSelection {
    /// All in the scope.
    #[default]
    All,
    /// These, by their exact names, whoever holds them.
    Names(Vec<String>),
    /// Those in the scope that a query matches.
    Query(Query),
}

#[derive(Debug)]
pub(crate) struct NetworkReport<Entry> {
    /// What was made of each machine, in the order of their names, or in the order in which they were given.
    pub machines: Vec<Entry>,
    /// About machines whose address is not certain.
    pub warnings: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct NetworkFacts {
    pub id: MachineId,
    /// Unique on the server.
    pub name: String,
    /// The name with every character outside `A-Za-z0-9` replaced; not unique.
    pub hostname: Option<String>,
    pub arch: Option<String>,
    /// The lease, or the configured address where there is none yet; null where it is not certain.
    pub ipv4: Option<String>,
    /// Of the interface that has `ipv4`, or of the only interface.
    pub mac: Option<String>,
    /// Of the same interface's network.
    pub netmask: Option<String>,
    /// That network in CIDR notation; each of `interfaces` has its own.
    #[serde(skip)]
    pub subnet: Option<String>,
    /// None where they are not to be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interfaces: Option<Vec<Interface>>,
}

/// Reads the machines and, in parallel, their interfaces. `entry` makes of each machine what is kept of it.
pub(crate) fn gather<Entry: Send>(
    client: &ReadOnlyClient,
    spec: &NetworkSpec,
    entry: impl Fn(NetworkFacts) -> Entry + Sync,
) -> Result<NetworkReport<Entry>> {
    let machines = spec.machines.select(client, spec.scope)?;
    let is_error = spec.strict && matches!(spec.machines, MachineSelection::Names(_));
    let found = parallel::try_map(&machines, |machine| {
        let interfaces = client.interfaces().list(machine.id)?;
        let missing = missing_interfaces(&interfaces, &spec.preference)
            .map(|problem| TaskError::failed(machine_title(machine), problem));
        let missing = match missing {
            Some(error) if is_error => return Err(error),
            missing => missing.map(|error| error.to_string()),
        };
        let (facts, warning) = facts(machine.clone(), interfaces, &spec.preference);
        Ok((entry(facts), [missing, warning]))
    })?;
    let (machines, warnings): (Vec<Entry>, Vec<[Option<String>; 2]>) = found.into_iter().unzip();
    Ok(NetworkReport {
        machines,
        warnings: warnings.into_iter().flatten().flatten().collect(),
    })
}

/// One interface of a machine, by its identifier or its MAC.
pub(crate) fn interface(
    client: &ReadOnlyClient,
    machine: &MachineRef,
    name: &str,
) -> Result<Interface> {
    let machine = lookup::find_machine(client, machine)?;
    let interfaces = client.interfaces().list(machine.id)?;
    find::find_by_name(&machine, &interfaces, name, None).cloned()
}

/// The network facts of a machine, and a warning if its address is not certain.
pub(crate) fn facts(
    machine: Machine,
    interfaces: Vec<Interface>,
    preference: &[String],
) -> (NetworkFacts, Option<String>) {
    let (chosen, warning) = match choose_interface(&interfaces, preference) {
        Ok(chosen) => (chosen, None),
        Err(candidates) => (None, Some(ambiguity_warning(&machine, &candidates))),
    };
    let facts = NetworkFacts {
        id: machine.id,
        hostname: machine.hostname,
        arch: machine.arch,
        ipv4: chosen.and_then(address).map(str::to_owned),
        mac: chosen.and_then(|interface| interface.mac.clone()),
        netmask: chosen.and_then(|interface| interface.netmaskv4.clone()),
        subnet: chosen.and_then(|interface| interface.subnetv4.clone()),
        name: machine.name,
        interfaces: Some(interfaces),
    };
    (facts, warning)
}

impl MachineSelection {
    /// The machines, in the order of their names, or in the order in which they are named.
    pub(crate) fn select(&self, client: &ReadOnlyClient, scope: Scope) -> Result<Vec<Machine>> {
        let machines = match self {
            MachineSelection::All => client.machines().list(scope)?,
            MachineSelection::Query(query) => client.machines().query(scope, query)?,
            MachineSelection::Names(names) => return select_by_name(client, names),
        };
        Ok(lookup::sorted_by_name(machines))
    }
}

/// How long a query for several names may be: web servers take addresses of 8 kB.
const LONGEST_QUERY: usize = 4000;

/// Several names need few queries instead of one each.
fn select_by_name(client: &ReadOnlyClient, names: &[String]) -> Result<Vec<Machine>> {
    if let [name] = names {
        let machine = MachineRef::Name(name.clone());
        return Ok(vec![lookup::find_machine(client, &machine)?]);
    }
    let mut machines = Vec::new();
    for query in queries_for(names) {
        machines.extend(client.machines().query(Scope::Visible, &query)?);
    }
    let with_name = |name: &String| {
        let found = machines.iter().find(|machine| machine.name == *name);
        match found {
            Some(found) => Ok(found.clone()),
            None => Err(lookup::machine_not_found(
                &client.machines().list(Scope::Visible)?,
                name,
            )),
        }
    };
    names.iter().map(with_name).collect()
}

/// Queries that together select all machines of these names.
fn queries_for(names: &[String]) -> Vec<Query> {
    let (mut queries, mut part, mut length) = (Vec::new(), Vec::new(), 0);
    for name in names {
        let query = Query::name_is(name);
        let added = 3 * query.to_string().len();
        if length + added > LONGEST_QUERY && !part.is_empty() {
            queries.push(Query::or(std::mem::take(&mut part)));
            length = 0;
        }
        part.push(query);
        length += added;
    }
    if !part.is_empty() {
        queries.push(Query::or(part));
    }
    queries
}

/// What is wrong with a machine that has none of the preferred interfaces.
fn missing_interfaces(interfaces: &[Interface], preference: &[String]) -> Option<String> {
    let identifiers = || {
        interfaces
            .iter()
            .filter_map(|interface| interface.identifier.as_deref())
    };
    let is_there = |identifier: &String| identifiers().any(|other| other == identifier);
    if preference.is_empty() || preference.iter().any(is_there) {
        return None;
    }
    let quoted = |names: Vec<&str>, last: &str| format!("'{}'", names.join(&format!("'{last}'")));
    let wanted = quoted(preference.iter().map(String::as_str).collect(), " or ");
    let present: Vec<&str> = identifiers().collect();
    Some(match present.is_empty() {
        true => format!("has no interface {wanted}"),
        false => format!(
            "has no interface {wanted}; it has {}",
            quoted(present, ", ")
        ),
    })
}

/// The first preferred identifier that has an address decides; without one, only a single address is certain.
/// Identifiers may be missing or occur twice within a machine.
///
/// None if no interface has an address, and an error with the candidates if several have one.
fn choose_interface<'a>(
    interfaces: &'a [Interface],
    preference: &[String],
) -> Result<Option<&'a Interface>, Vec<&'a Interface>> {
    let mut addressed: Vec<&Interface> = interfaces.iter().collect();
    addressed.retain(|interface| address(interface).is_some());
    let with_identifier = |identifier: &String| {
        let mut matching = addressed.clone();
        matching.retain(|interface| interface.identifier.as_ref() == Some(identifier));
        matching
    };
    let mut preferred = preference.iter().map(with_identifier);
    let candidates = preferred
        .find(|matching| !matching.is_empty())
        .unwrap_or_else(|| addressed.clone());
    match candidates.as_slice() {
        [only] => Ok(Some(only)),
        // A machine with a single interface has only one MAC, whether or not it has an address yet.
        [] if interfaces.len() == 1 => Ok(interfaces.first()),
        [] => Ok(None),
        _ => Err(candidates),
    }
}

/// The address of an interface. The machine has that of the lease now, and gets the configured one later.
pub(crate) fn address(interface: &Interface) -> Option<&str> {
    interface
        .lease_ipv4
        .as_deref()
        .or(interface.configured_ipv4.as_deref())
}

fn ambiguity_warning(machine: &Machine, addressed: &[&Interface]) -> String {
    let text = |interface: &&Interface| {
        let identifier = interface.identifier.as_deref().unwrap_or("(no identifier)");
        let address = address(interface).unwrap_or("(no address)");
        format!("{identifier} {address}")
    };
    let list: Vec<String> = addressed.iter().map(text).collect();
    format!(
        "machine '{}' has several addresses and none is preferred, so it has no ipv4: {}",
        machine.name,
        list.join(", ")
    )
}
