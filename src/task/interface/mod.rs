//! An interface of a machine: where it has its address from, which one, and what it is called.
//!
//! The server lets anyone change any interface, so that of a machine which is not assigned to the token's user is
//! refused. The server's own `auto` never works: the lowest free address of a pool is chosen here.

mod apply;
mod choose_address;
pub(super) mod find;
mod plan;
pub(crate) mod pool;

use std::net::Ipv4Addr;

use pool::Free;
use serde::Serialize;

use crate::client::{
    Client, ConfigType, Interface, InterfaceChanges, InterfaceId, Machine, MachineId,
    ReadOnlyClient,
};
use crate::task::lookup;
pub use crate::task::lookup::MachineRef;
use crate::task::{Plan, Planning, StepOutcome, Task, TaskError, verify};

/// The interface as it shall be; what is None stays as it is.
#[derive(Clone, Debug)]
pub struct InterfaceSpec {
    /// Of which machine.
    pub machine: MachineRef,
    /// Which of its interfaces.
    pub interface: InterfaceRef,
    /// Where it has its address from.
    pub config_type: Option<ConfigType>,
    /// Its address, unless it is dynamic.
    pub ipv4: Option<Address>,
    /// Its new name; an empty one takes the name away.
    pub identifier: Option<String>,
    /// Act on a machine that is not assigned to the token's user.
    pub allow_unassigned: bool,
}

/// How a user names an interface.
#[derive(Clone, Debug)]
pub enum InterfaceRef {
    /// By its identifier, or by its MAC however that is written.
    Name(String),
    /// By its id.
    Id(InterfaceId),
}

/// How a user names an address.
#[derive(Clone, Copy, Debug)]
pub enum Address {
    /// This one.
    Given(Ipv4Addr),
    /// The one it has, else the lowest free one of the pool.
    Auto,
}

/// The one operation on an interface.
#[derive(Debug)]
pub struct InterfaceOp {
    /// `interface 'eth0' of machine 'qdc01'`.
    title: String,
    machine: MachineId,
    interface: InterfaceId,
    changes: InterfaceChanges,
    /// Where another address may come from, if it was for us to choose.
    free: Option<Free>,
}

/// The interface as it is told.
#[derive(Debug, Serialize)]
pub struct InterfaceReport {
    /// With the server's fields.
    pub interface: Interface,
}

impl Task for InterfaceSpec {
    type Op = InterfaceOp;
    type Report = InterfaceReport;

    fn require_valid_options(&self) -> Result<(), TaskError> {
        verify::at_most("identifier", self.identifier.as_deref().unwrap_or(""), 64)?;
        match (&self.config_type, self.ipv4) {
            (Some(ConfigType::Dynamic), Some(_)) => Err(TaskError::Refused(
                "config_type_v4: dynamic and the option ipv4 exclude each other: a dynamic interface gets its address \
                 from the DHCP server"
                    .into(),
            )),
            _ => Ok(()),
        }
    }

    fn plan(
        &self,
        client: &ReadOnlyClient,
    ) -> Result<Plan<InterfaceOp, InterfaceReport>, TaskError> {
        let machine = lookup::machine(client, &self.machine)?;
        if !self.allow_unassigned {
            lookup::require_assignment(client, &machine)?;
        }
        let interfaces = client.interfaces().list(machine.id)?;
        let interface = self.find(&machine, &interfaces)?;
        let address = self.choose(client, &machine, interface)?;
        let mut plan = Plan::nothing(InterfaceReport {
            interface: interface.clone(),
        });
        self.push_update(&mut plan, &machine, interface, address);
        plan.warnings
            .extend(self.shared_name(&machine, interface, &interfaces));
        Ok(plan)
    }

    fn perform(
        client: &Client,
        op: InterfaceOp,
        report: &mut InterfaceReport,
    ) -> Result<StepOutcome<InterfaceOp>, TaskError> {
        apply::update(client, op, report)
    }

    fn objects(&self, plan: &Plan<InterfaceOp, InterfaceReport>) -> Vec<String> {
        vec![format!("interface {}", plan.report.interface.id)]
    }

    fn settle(plans: &mut [Planning<InterfaceSpec>]) {
        plan::settle(plans);
    }

    fn title(&self) -> String {
        let interface = match &self.interface {
            InterfaceRef::Name(name) => format!("interface '{name}'"),
            InterfaceRef::Id(id) => format!("interface {id}"),
        };
        format!("{interface} of {}", self.machine.title())
    }
}

impl InterfaceReport {
    fn take(&mut self, changes: &InterfaceChanges) {
        let interface = &mut self.interface;
        interface.identifier = changes.identifier.clone().or(interface.identifier.take());
        interface.config_type_v4 = changes
            .config_type_v4
            .clone()
            .or(interface.config_type_v4.take());
        if let Some(address) = changes.configured_ipv4 {
            interface.configured_ipv4 = address.map(|address| address.to_string());
        }
    }
}

/// `interface 'eth0' of machine 'qdc01'`, by its MAC where it has no identifier.
fn named(machine: &Machine, interface: &Interface) -> String {
    let name = match interface.identifier.as_deref() {
        None | Some("") => interface.mac.clone().unwrap_or_default(),
        Some(identifier) => format!("'{identifier}'"),
    };
    format!("interface {name} of machine '{}'", machine.name)
}
