//! The network interfaces of machines.
//!
//! Every user may read and change every interface: the server does not check whose machine it is, so the caller must.
//! The server's word for a free address, `auto`, never works, so it cannot be sent.

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

use crate::client::client::ReadWrite;
use crate::client::http::request::Request;
use crate::client::resources::handle::handle;
use crate::client::resources::wire_types::{id, nullable, required, words};
use crate::client::{MachineId, Result};

id! {
    /// The id of an interface.
    InterfaceId
}

words! {
    /// Where an interface has its address from.
    ConfigType {
        /// From the DHCP server, any address.
        Dynamic = "dynamic",
        /// From the DHCP server, always the configured one.
        Reserved = "dynamic-reserved",
        /// The installed system sets the configured one itself.
        Static = "static",
    }
}

/// An interface as the server shows it. Without a network, everything about the network is null. Plans compare its fields,
/// so one that is missing is an error, and not null.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Interface {
    /// Its id.
    pub id: InterfaceId,
    /// Its name; it may be null, empty, or the same as another's.
    #[serde(deserialize_with = "nullable")]
    pub identifier: Option<String>,
    /// Its MAC address in lower case.
    #[serde(deserialize_with = "required")]
    pub mac: Option<String>,
    /// The name of its network.
    #[serde(deserialize_with = "nullable")]
    pub network_name: Option<String>,
    /// The network in CIDR notation.
    #[serde(deserialize_with = "nullable")]
    pub subnetv4: Option<String>,
    /// The network's mask.
    pub netmaskv4: Option<String>,
    /// The length of the network's prefix.
    pub prefixlenv4: Option<u8>,
    /// Where the network's static addresses are, if it has any.
    #[serde(deserialize_with = "nullable")]
    pub static_pool_v4: Option<String>,
    /// Where the network's reserved addresses are, if it has any.
    #[serde(deserialize_with = "nullable")]
    pub reserved_pool_v4: Option<String>,
    /// Where it has its address from.
    #[serde(deserialize_with = "required")]
    pub config_type_v4: Option<ConfigType>,
    /// Its configured address; null when it is dynamic.
    #[serde(deserialize_with = "nullable")]
    pub configured_ipv4: Option<String>,
    /// The address of its DHCP lease.
    #[serde(deserialize_with = "nullable")]
    pub lease_ipv4: Option<String>,
    /// When its lease was last seen: an HTTP date in UTC.
    pub last_seen_date: Option<String>,
}

/// What to change about an interface; a field that is not given is not sent and stays as it is.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize)]
pub struct InterfaceChanges {
    /// Its name, at most 64 characters; `Some(None)` removes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identifier: Option<Option<String>>,
    /// Where it has its address from. Anything but dynamic needs a network with such a pool.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config_type_v4: Option<ConfigType>,
    /// An address of the pool; `Some(None)` removes it. The server drops any address of a dynamic interface.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub configured_ipv4: Option<Option<Ipv4Addr>>,
}

handle! {
    /// The interfaces of a server's machines.
    Interfaces
}

impl<Access> Interfaces<'_, Access> {
    /// All interfaces of a machine, in no order.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::client::ErrorKind::NotFound) when there is no such machine.
    pub fn list(&self, machine: MachineId) -> Result<Vec<Interface>> {
        let action = format!(
            "listing the interfaces of {}",
            self.pipeline.machine(machine)
        );
        self.pipeline.json(&Request::get(
            format!("machine/{machine}/interface"),
            action,
        ))
    }

    /// One interface of a machine.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::client::ErrorKind::NotFound) when there is no such machine or interface.
    pub fn get(&self, machine: MachineId, id: InterfaceId) -> Result<Interface> {
        let action = format!(
            "reading interface {id} of {}",
            self.pipeline.machine(machine)
        );
        self.pipeline.json(&Request::get(
            format!("machine/{machine}/interface/{id}"),
            action,
        ))
    }
}

impl Interfaces<'_, ReadWrite> {
    /// Changes an interface and returns it as it is then. The server takes all of the changes or none. Sending them twice
    /// changes nothing more.
    ///
    /// # Errors
    ///
    /// [`Conflict`](crate::client::ErrorKind::Conflict) when another interface has the address,
    /// [`InvalidRequest`](crate::client::ErrorKind::InvalidRequest) when it is outside the pool or the network has none.
    pub fn update(
        &self,
        machine: MachineId,
        id: InterfaceId,
        changes: &InterfaceChanges,
    ) -> Result<Interface> {
        let action = format!(
            "changing interface {id} of {}",
            self.pipeline.machine(machine)
        );
        let request = Request::put(format!("machine/{machine}/interface/{id}"), action, changes);
        self.pipeline
            .json(&request.conflict("another interface of the network has the address"))
    }
}
