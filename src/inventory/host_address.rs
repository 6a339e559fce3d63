//! The address that Ansible connects to. No other text of the server becomes a connection variable.
//!
//! Leases are reported to the server without authentication, so one is believed only where it can be true: in the network
//! of its interface, and of one machine alone.

use std::net::Ipv4Addr;

use crate::client::{Machine, MachineId};
use crate::task::interface::pool::Pool;
use crate::task::list::MachineInfo;
use crate::task::network::NetworkFacts;

/// Every lease and every configured address of a lab, with its machine: few enough for a linear search.
pub(super) struct AddressOwners<'a>(Vec<(Ipv4Addr, &'a Machine)>);

impl<'a> AddressOwners<'a> {
    pub(super) fn new(machines: &'a [MachineInfo]) -> AddressOwners<'a> {
        let mut owners = Vec::new();
        for info in machines {
            for interface in info.interfaces.iter().flatten() {
                let texts = [&interface.lease_ipv4, &interface.configured_ipv4];
                let addresses = texts.into_iter().flatten().flat_map(|text| text.parse());
                owners.extend(addresses.map(|address| (address, &info.machine)));
            }
        }
        AddressOwners(owners)
    }

    /// Another machine with the same address.
    fn other_than(&self, machine: MachineId, address: Ipv4Addr) -> Option<&'a Machine> {
        let mut owners = self.0.iter();
        let other = owners.find(|(owned, owner)| *owned == address && owner.id != machine);
        other.map(|(_, owner)| *owner)
    }
}

/// The address of a machine, None where it has no certain one; the warning where its address is not believed.
pub(super) fn host_address(
    network: &NetworkFacts,
    owners: &AddressOwners,
) -> Result<Option<Ipv4Addr>, String> {
    let Some(text) = &network.ipv4 else {
        return Ok(None);
    };
    let subnet = network.subnet.as_deref();
    let reason = if let Some(address) = plausible_address(text, subnet) {
        match owners.other_than(network.id, address) {
            None => return Ok(Some(address)),
            Some(other) => format!("machine '{}' has its address {text} too", other.name),
        }
    } else if let Some(subnet) = subnet {
        format!("no machine can have its address {text} in its network {subnet}")
    } else {
        format!("no machine can have its address {text}")
    };
    Err(format!(
        "machine '{}' has no ansible_host, since {reason}",
        network.name
    ))
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
