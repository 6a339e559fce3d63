//! Machines and their boot settings.
//!
//! Every user may read and change every machine: the server does not check whose machine it is, so the caller must.
//! A kernel cannot be cleared over the API.

use serde::{Deserialize, Serialize};

use crate::client::client::ReadWrite;
use crate::client::http::request::Request;
use crate::client::resources::handle::handle;
use crate::client::resources::wire_types::{id, nullable, required};
use crate::client::url::encode_value;
use crate::client::{ImageId, PreseedId, Query, Result, Scope};

id! {
    /// The id of a machine.
    MachineId
}

/// A machine as the server shows it. Plans compare these fields, so a field that is missing is an error, and not null.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Machine {
    /// Its id.
    pub id: MachineId,
    /// Its name, which is unique and may hold any character.
    pub name: String,
    /// Its name with dashes for everything but ASCII letters and digits; not unique.
    pub hostname: Option<String>,
    /// The name of its architecture.
    #[serde(deserialize_with = "required")]
    pub arch: Option<String>,
    /// The name of its sub-architecture, which brings the bootloader.
    #[serde(deserialize_with = "nullable")]
    pub subarch: Option<String>,
    /// The kernel it boots; it may be one that the client may not see.
    #[serde(deserialize_with = "nullable")]
    pub kernel_id: Option<ImageId>,
    /// The kernel's command line.
    #[serde(deserialize_with = "nullable")]
    pub kernel_opts: Option<String>,
    /// The initrd it boots.
    #[serde(deserialize_with = "nullable")]
    pub initrd_id: Option<ImageId>,
    /// The preseed its installer reads.
    #[serde(deserialize_with = "nullable")]
    pub preseed_id: Option<PreseedId>,
    /// Whether it boots over the network.
    #[serde(deserialize_with = "nullable")]
    pub netboot_enabled: Option<bool>,
}

/// What to change about a machine; a field that is not given is not sent and stays as it is.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize)]
pub struct MachineChanges {
    /// A sub-architecture of the machine's architecture. It cannot be cleared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subarch: Option<String>,
    /// A kernel that the user may use. It cannot be cleared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kernel_id: Option<ImageId>,
    /// The kernel's command line, at most 1024 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kernel_opts: Option<String>,
    /// An initrd that the user may use; `Some(None)` clears it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initrd_id: Option<Option<ImageId>>,
    /// A preseed that the user may use; `Some(None)` clears it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preseed_id: Option<Option<PreseedId>>,
    /// Whether it boots over the network, which needs a sub-architecture with a bootloader.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub netboot_enabled: Option<bool>,
}

handle! {
    /// The machines of a server.
    Machines
}

impl<Access> Machines<'_, Access> {
    /// The machines that are assigned to the user, or all of them, in no order.
    ///
    /// # Errors
    ///
    /// Those of every request: see [`ErrorKind`](crate::client::ErrorKind).
    pub fn list(&self, scope: Scope) -> Result<Vec<Machine>> {
        self.known(&Request::list("machine", "listing machines").scope(scope))
    }

    /// One machine.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::client::ErrorKind::NotFound) when there is no such machine.
    pub fn get(&self, id: MachineId) -> Result<Machine> {
        let action = format!("reading {}", self.pipeline.machine(id));
        let machine: Machine = self
            .pipeline
            .json(&Request::get(format!("machine/{id}"), action))?;
        self.pipeline.machine_names.learn([&machine]);
        Ok(machine)
    }

    /// The machine of exactly this name, among all.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`](crate::client::ErrorKind::InvalidValue) when the name has a NUL character.
    pub fn find(&self, name: &str) -> Result<Option<Machine>> {
        let action = format!("looking for machine {name:?}");
        let found = self.search(Scope::Visible, &Query::name_is(name), action)?;
        Ok(found.into_iter().find(|machine| machine.name == name))
    }

    /// The machines of a scope that a query selects, in no order.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`](crate::client::ErrorKind::InvalidValue) when the query has a NUL character.
    pub fn query(&self, scope: Scope, query: &Query) -> Result<Vec<Machine>> {
        self.search(scope, query, "searching machines".to_owned())
    }

    fn search(&self, scope: Scope, query: &Query, action: String) -> Result<Vec<Machine>> {
        let filter = format!("q={}", encode_value(&query.to_string()));
        let query = match scope.query() {
            Some(scope) => format!("{scope}&{filter}"),
            None => filter,
        };
        self.known(&Request::list("machine", action).query(query))
    }

    /// The machines that a request lists, whose names errors can then tell.
    fn known(&self, request: &Request) -> Result<Vec<Machine>> {
        let machines: Vec<Machine> = self.pipeline.json(request)?;
        self.pipeline.machine_names.learn(&machines);
        Ok(machines)
    }
}

impl Machines<'_, ReadWrite> {
    /// Changes a machine and returns it as it is then. The server takes all of the changes or none. Sending them twice
    /// changes nothing more.
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](crate::client::ErrorKind::InvalidRequest) when there is no such subarch, image or preseed, or
    /// netboot needs a bootloader, [`Forbidden`](crate::client::ErrorKind::Forbidden) when the user may not use one of them.
    pub fn update(&self, id: MachineId, changes: &MachineChanges) -> Result<Machine> {
        self.pipeline.json(&Request::put(
            format!("machine/{id}"),
            format!("changing {}", self.pipeline.machine(id)),
            changes,
        ))
    }
}
