//! The address that Ansible connects to. No other text of the server becomes a connection variable.
//!
//! Leases are reported to the server without authentication, so one is believed only where it can be true: in the network
//! of its interface, and of one machine alone.

use std::net::Ipv4Addr;

use crate::client::{Interface, Machine, MachineId};
use crate::task::interface::pool::Pool;
use crate::task::list::MachineInfo;
use crate::task::network::NetworkFacts;

/// The address of a machine, None where it has no certain one; the warning where its address is not believed.
pub(super) fn host_address(
    network: &NetworkFacts,
    machines: &[MachineInfo],
) -> Result<Option<Ipv4Addr>, String> {
    let Some(text) = &network.ipv4 else {
        return Ok(None);
    };
    let subnet = network.subnet.as_deref();
    let reason = match (plausible_address(text, subnet), subnet) {
        (Some(address), _) => match other_owner(machines, network.id, text) {
            None => return Ok(Some(address)),
            Some(other) => format!("machine '{}' has its address {text} too", other.name),
        },
        (None, Some(subnet)) => {
            format!("no machine can have its address {text} in its network {subnet}")
        }
        (None, None) => format!("no machine can have its address {text}"),
    };
    Err(format!(
        "machine '{}' has no ansible_host, since {reason}",
        network.name
    ))
}

/// Another machine with the same address. A valid IPv4 address has only one spelling.
fn other_owner<'a>(
    machines: &'a [MachineInfo],
    machine: MachineId,
    address: &str,
) -> Option<&'a Machine> {
    let has_address = |interface: &Interface| {
        let addresses = [&interface.lease_ipv4, &interface.configured_ipv4];
        addresses
            .into_iter()
            .flatten()
            .any(|owned| owned == address)
    };
    let mut others = machines.iter().filter(|info| info.machine.id != machine);
    let other = others.find(|info| info.interfaces.iter().flatten().any(has_address));
    other.map(|info| &info.machine)
}

/// The address, if a machine of the network can have it.
fn plausible_address(text: &str, subnet: Option<&str>) -> Option<Ipv4Addr> {
    let address: Ipv4Addr = text.parse().ok()?;
    let is_in = |subnet| Pool::parse(subnet).is_some_and(|subnet| subnet.has_host(address));
    match address.octets()[0] {
        // 127 is the machine that runs Ansible, 0 is no machine, and from 224 on are multicast and reserved addresses.
        0 | 127 | 224.. => None,
        _ => subnet.is_none_or(is_in).then_some(address),
    }
}
