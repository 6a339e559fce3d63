//! Choosing the address of an interface. Refuses what the server would refuse with an incomplete reason or ignore
//! silently.

use std::net::Ipv4Addr;

use crate::client::{ConfigType, Interface, Machine, ReadOnlyClient, Scope};
use crate::task::interface::pool::{FreeAddresses, Pool};
use crate::task::interface::{DesiredAddress, InterfaceSpec, interface_title};
use crate::task::{Result, TaskError, parallel};

/// The address that an interface gets.
pub(super) enum AddressChoice {
    /// The current one, or none.
    Unchanged,
    /// The one that the user gave.
    Given(Ipv4Addr),
    /// The lowest one that no interface has.
    Lowest(Ipv4Addr, FreeAddresses),
}

impl InterfaceSpec {
    pub(super) fn choose_address(
        &self,
        client: &ReadOnlyClient,
        machine: &Machine,
        interface: &Interface,
    ) -> Result<AddressChoice> {
        let current = interface
            .config_type_v4
            .clone()
            .unwrap_or(ConfigType::Dynamic);
        let desired = self.config_type.as_ref().unwrap_or(&current);
        let is_same_type = *desired == current;
        let refused = |reason: String| {
            let problem = format!("cannot be {desired}{reason}");
            TaskError::failed(interface_title(machine, interface), problem)
        };
        if *desired == ConfigType::Dynamic {
            return match self.ipv4 {
                None => Ok(AddressChoice::Unchanged),
                Some(_) => Err(refused(
                    ", which it is, and have an O(ipv4): give the option O(config_type_v4) as well"
                        .into(),
                )),
            };
        }
        if self.ipv4.is_none() && is_same_type {
            return Ok(AddressChoice::Unchanged);
        }
        let pool = pool_of(interface, desired).map_err(refused)?;
        let configured = configured_address(interface);
        let address = match self.ipv4 {
            Some(DesiredAddress::Given(address)) => address,
            Some(DesiredAddress::Auto) => {
                if is_same_type && configured.is_some_and(|address| pool.contains(address)) {
                    return Ok(AddressChoice::Unchanged);
                }
                return lowest_free_address(client, interface, pool)?
                    .ok_or_else(|| refused(format!(": the pool {pool} has no free address")));
            }
            None => configured.ok_or_else(|| {
                let advice = format!("give an O(ipv4) of the pool {pool}, or auto");
                refused(format!(" without an address: {advice}"))
            })?,
        };
        if !pool.contains(address) {
            return Err(refused(format!(
                " with {address}, which is not in the pool {pool}: give an O(ipv4) that is, or auto"
            )));
        }
        Ok(AddressChoice::Given(address))
    }
}

/// The pool of the interface's network for a type, or why there is none.
fn pool_of(interface: &Interface, config_type: &ConfigType) -> Result<Pool, String> {
    let Some(network) = &interface.network_name else {
        return Err(": it is in no network".into());
    };
    let text = match config_type {
        ConfigType::Static => &interface.static_pool_v4,
        _ => &interface.reserved_pool_v4,
    };
    text.as_deref()
        .and_then(Pool::parse)
        .ok_or_else(|| format!(": network '{network}' has no pool for that"))
}

fn lowest_free_address(
    client: &ReadOnlyClient,
    interface: &Interface,
    pool: Pool,
) -> Result<Option<AddressChoice>> {
    let all = interfaces_of_all_machines(client)?;
    let others = all.iter().filter(|(_, other)| other.id != interface.id);
    let taken = others
        .flat_map(|(_, other)| [&other.configured_ipv4, &other.lease_ipv4])
        .flatten()
        .filter_map(|address| address.parse().ok());
    let free = FreeAddresses::new(pool, taken);
    let lowest = free.lowest();
    Ok(lowest.map(|lowest| AddressChoice::Lowest(lowest, free)))
}

/// The interfaces of all machines, whoever holds them. Networks do not overlap, so an address is unique over all of them.
fn interfaces_of_all_machines(client: &ReadOnlyClient) -> Result<Vec<(Machine, Interface)>> {
    let machines = client.machines().list(Scope::Visible)?;
    let lists = parallel::try_map(&machines, |machine| client.interfaces().list(machine.id))?;
    let of_machine = |(machine, interfaces): (&Machine, Vec<Interface>)| {
        std::iter::repeat(machine.clone()).zip(interfaces)
    };
    Ok(machines.iter().zip(lists).flat_map(of_machine).collect())
}

/// The interface that has an address, as a part of a sentence.
pub(super) fn address_holder(client: &ReadOnlyClient, address: Ipv4Addr) -> Result<String> {
    let all = interfaces_of_all_machines(client)?;
    let found = all
        .iter()
        .find(|(_, other)| configured_address(other) == Some(address));
    Ok(found.map_or_else(
        || "another interface of the network had it".into(),
        |(machine, other)| format!("{} has it", interface_title(machine, other)),
    ))
}

pub(super) fn configured_address(interface: &Interface) -> Option<Ipv4Addr> {
    interface.configured_ipv4.as_deref()?.parse().ok()
}
