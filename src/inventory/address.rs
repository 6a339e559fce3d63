//! The address that Ansible connects to. What the server says becomes a connection variable nowhere else.
//!
//! Leases are reported to the server by whoever likes to, so one is believed only where it can be true: in the network of
//! its interface, and of one machine alone.

use std::net::Ipv4Addr;

use crate::client::{Machine, MachineId};
use crate::task::interface::pool::Pool;
use crate::task::list::MachineInfo;
use crate::task::network::NetworkFacts;

/// Which machines an address is said to belong to: few enough to look through.
pub(super) struct Owners<'a>(Vec<(Ipv4Addr, &'a Machine)>);

impl<'a> Owners<'a> {
    /// By every lease and every configured address of these machines.
    pub(super) fn among(machines: &'a [MachineInfo]) -> Owners<'a> {
        let mut owners = Vec::new();
        for info in machines {
            for interface in info.interfaces.iter().flatten() {
                let texts = [&interface.lease_ipv4, &interface.configured_ipv4];
                let addresses = texts.into_iter().flatten().flat_map(|text| text.parse());
                owners.extend(addresses.map(|address| (address, &info.machine)));
            }
        }
        Owners(owners)
    }

    fn other_than(&self, machine: MachineId, address: Ipv4Addr) -> Option<&'a Machine> {
        let mut owners = self.0.iter();
        owners
            .find(|(has, owner)| *has == address && owner.id != machine)
            .map(|(_, owner)| *owner)
    }
}

/// Where a machine is reached, if that is known, or why the address that is said to be its own is not believed.
pub(super) fn certain(network: &NetworkFacts, owners: &Owners) -> Result<Option<Ipv4Addr>, String> {
    let Some(text) = &network.ipv4 else {
        return Ok(None);
    };
    let why = match (
        of_a_machine(text, network.subnet.as_deref()),
        &network.subnet,
    ) {
        (Some(address), _) => match owners.other_than(network.id, address) {
            None => return Ok(Some(address)),
            Some(other) => format!("machine '{}' has its address {text} too", other.name),
        },
        (None, Some(subnet)) => {
            format!("no machine can have its address {text} in its network {subnet}")
        }
        (None, None) => format!("no machine can have its address {text}"),
    };
    Err(format!(
        "machine '{}' has no ansible_host, since {why}",
        network.name
    ))
}

/// The address, if a machine of the network can have it.
fn of_a_machine(text: &str, subnet: Option<&str>) -> Option<Ipv4Addr> {
    let address: Ipv4Addr = text.parse().ok()?;
    let is_in = |subnet| Pool::parse(subnet).is_some_and(|subnet| subnet.has_host(address));
    match address.octets()[0] {
        // 127 is whoever runs Ansible, 0 is nobody, and what begins with 224 or more is no single host's.
        0 | 127 | 224.. => None,
        _ => subnet.is_none_or(is_in).then_some(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_one_machine_can_have() {
        for text in ["10.40.5.12", "192.168.0.1", "223.255.255.255"] {
            assert_eq!(
                of_a_machine(text, None).map(|address| address.to_string()),
                Some(text.to_owned())
            );
        }
        for text in [
            "",
            "127.0.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "10.0.0.256",
            "010.0.0.1",
            "10.1",
            "::1",
            "10.0.0.1 -oProxyCommand=x",
            " 10.0.0.1",
            "{{ x }}",
            "host",
        ] {
            assert_eq!(of_a_machine(text, None), None, "{text}");
        }
    }

    #[test]
    fn only_a_hosts_address_of_the_interfaces_own_network() {
        for (text, subnet, is_one) in [
            ("10.40.5.12", "10.40.0.0/16", true),
            ("10.41.5.12", "10.40.0.0/16", false),
            ("10.40.0.0", "10.40.0.0/16", false),
            ("10.40.255.255", "10.40.0.0/16", false),
            ("10.40.5.12", "a network", false),
            ("10.40.5.12", "", false),
        ] {
            let address = of_a_machine(text, Some(subnet));
            assert_eq!(address.is_some(), is_one, "{text} in {subnet}");
        }
    }
}
