//! The address that an interface shall have. What the server would refuse with half a reason, or ignore silently, is
//! refused here.

use std::net::Ipv4Addr;

use crate::client::{ConfigType, Interface, Machine, ReadOnlyClient, Scope};
use crate::task::interface::pool::{Free, Pool};
use crate::task::interface::{Address, InterfaceSpec, named};
use crate::task::{TaskError, parallel};

/// What an interface's address shall be.
pub(super) enum Choice {
    /// What it is.
    Same,
    /// What the user gave.
    Given(Ipv4Addr),
    /// The lowest that nobody has.
    Lowest(Ipv4Addr, Free),
}

impl InterfaceSpec {
    pub(super) fn choose(
        &self,
        client: &ReadOnlyClient,
        machine: &Machine,
        interface: &Interface,
    ) -> Result<Choice, TaskError> {
        let is = interface
            .config_type_v4
            .clone()
            .unwrap_or(ConfigType::Dynamic);
        let wanted = self.config_type.as_ref().unwrap_or(&is);
        let refused = |reason: String| {
            let interface = named(machine, interface);
            TaskError::Refused(format!("{interface} cannot be {wanted}{reason}"))
        };
        match (wanted, self.ipv4) {
            (_, None) if *wanted == is => Ok(Choice::Same),
            (ConfigType::Dynamic, None) => Ok(Choice::Same),
            (ConfigType::Dynamic, Some(_)) => Err(refused(
                ", which it is, and have an ipv4: give the option config_type_v4 as well".into(),
            )),
            (_, ipv4) => {
                let pool = pool_of(interface, wanted).map_err(refused)?;
                match (ipv4, configured(interface)) {
                    (Some(Address::Auto), Some(has)) if *wanted == is && pool.contains(has) => {
                        Ok(Choice::Same)
                    }
                    (Some(Address::Auto), _) => lowest_of(client, interface, pool)?
                        .ok_or_else(|| refused(format!(": the pool {pool} has no free address"))),
                    (Some(Address::Given(address)), _) | (None, Some(address)) => {
                        match pool.contains(address) {
                            true => Ok(Choice::Given(address)),
                            false => Err(refused(format!(
                                " with {address}, which is not in the pool {pool}: give an ipv4 that is, or auto"
                            ))),
                        }
                    }
                    (None, None) => Err(refused(format!(
                        " without an address: give an ipv4 of the pool {pool}, or auto"
                    ))),
                }
            }
        }
    }
}

/// The pool of the interface's network for that type, or what is missing.
fn pool_of(interface: &Interface, wanted: &ConfigType) -> Result<Pool, String> {
    let Some(network) = &interface.network_name else {
        return Err(": it is in no network".into());
    };
    let text = match wanted {
        ConfigType::Static => &interface.static_pool_v4,
        _ => &interface.reserved_pool_v4,
    };
    text.as_deref()
        .and_then(Pool::parse)
        .ok_or_else(|| format!(": network '{network}' has no pool for that"))
}

fn lowest_of(
    client: &ReadOnlyClient,
    interface: &Interface,
    pool: Pool,
) -> Result<Option<Choice>, TaskError> {
    let all = of_all_machines(client)?;
    let others = all.iter().filter(|(_, other)| other.id != interface.id);
    let free = Free::new(pool, others.flat_map(|(_, other)| addresses(other)));
    Ok(free.lowest().map(|lowest| Choice::Lowest(lowest, free)))
}

/// The interfaces of all machines, whoever holds them. Networks do not overlap, so an address means the same everywhere.
fn of_all_machines(client: &ReadOnlyClient) -> Result<Vec<(Machine, Interface)>, TaskError> {
    let machines = client.machines().list(Scope::Visible)?;
    let lists = parallel::try_map(&machines, |machine| client.interfaces().list(machine.id))?;
    let mut all = Vec::new();
    for (machine, interfaces) in machines.iter().zip(lists) {
        all.extend(
            interfaces
                .into_iter()
                .map(|interface| (machine.clone(), interface)),
        );
    }
    Ok(all)
}

/// Which interface has an address, in words.
pub(super) fn holder(client: &ReadOnlyClient, address: Ipv4Addr) -> Result<String, TaskError> {
    let all = of_all_machines(client)?;
    let found = all
        .iter()
        .find(|(_, other)| configured(other) == Some(address));
    Ok(found.map_or_else(
        || "another interface of the network had it".into(),
        |(machine, other)| format!("{} has it", named(machine, other)),
    ))
}

/// The address that is configured.
pub(super) fn configured(interface: &Interface) -> Option<Ipv4Addr> {
    interface.configured_ipv4.as_deref()?.parse().ok()
}

fn addresses(interface: &Interface) -> Vec<Ipv4Addr> {
    let texts = [&interface.configured_ipv4, &interface.lease_ipv4];
    texts
        .into_iter()
        .flatten()
        .filter_map(|text| text.parse().ok())
        .collect()
}
