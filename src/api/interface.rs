//! The network interfaces of machines. Everybody may read them; this library does not change them.

use serde::{Deserialize, Serialize};

use super::handle::handle;
use super::request::Request;
use super::words::id;
use super::{MachineId, Result};

id! {
    /// The id of an interface.
    InterfaceId
}

/// An interface as the server shows it. Without a network, everything about the network is null.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Interface {
    /// Its id.
    pub id: InterfaceId,
    /// Its name; it may be null, empty, or the same as another's.
    pub identifier: Option<String>,
    /// Its MAC address in lower case.
    pub mac: Option<String>,
    /// The name of its network.
    pub network_name: Option<String>,
    /// The network in CIDR notation.
    pub subnetv4: Option<String>,
    /// The network's mask.
    pub netmaskv4: Option<String>,
    /// The length of the network's prefix.
    pub prefixlenv4: Option<u8>,
    /// Where the network's static addresses are, if it has any.
    pub static_pool_v4: Option<String>,
    /// Where the network's reserved addresses are, if it has any.
    pub reserved_pool_v4: Option<String>,
    /// `dynamic`, `dynamic-reserved` or `static`.
    pub config_type_v4: Option<String>,
    /// Its configured address; null when it is dynamic.
    pub configured_ipv4: Option<String>,
    /// The address of its DHCP lease.
    pub lease_ipv4: Option<String>,
    /// When its lease was last seen: an HTTP date in UTC.
    pub last_seen_date: Option<String>,
}

handle! {
    /// The interfaces of a server's machines.
    Interfaces
}

impl<Access> Interfaces<'_, Access> {
    /// All interfaces of a machine, in no order.
    pub fn list(&self, machine: MachineId) -> Result<Vec<Interface>> {
        let action = format!("listing the interfaces of machine {machine}");
        self.pipeline.json(&Request::get(
            &["machine", &machine.to_string(), "interface"],
            action,
        ))
    }

    /// One interface of a machine.
    pub fn get(&self, machine: MachineId, id: InterfaceId) -> Result<Interface> {
        let action = format!("reading interface {id} of machine {machine}");
        let path = [
            "machine",
            &machine.to_string(),
            "interface",
            &id.to_string(),
        ];
        self.pipeline.json(&Request::get(&path, action))
    }
}
