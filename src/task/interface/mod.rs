//! An interface of a machine: the source of its address, the address, and its identifier.
//!
//! The server lets anyone change any interface, so an interface of a machine that is not assigned to the token's user is
//! refused. The server's own `auto` never works, so the lowest free address of the pool is chosen here.

mod apply;
mod choose_address;
pub(super) mod find;
mod plan;
pub(crate) mod pool;

use std::net::Ipv4Addr;

use serde::Serialize;

use pool::FreeAddresses;

use crate::client::{
    Client, ConfigType, Interface, InterfaceChanges, InterfaceId, Machine, MachineId,
    ReadOnlyClient,
};
use crate::task::lookup::{self, MachineRef};
use crate::task::machine::machine_title;
use crate::task::verify::Change;
use crate::task::{Plan, PlanResult, Result, StepResult, Task, TaskError, verify};

/// The desired interface; what is None stays as it is.
#[derive(Clone, Debug)]
pub(crate) struct InterfaceSpec {
    pub machine: MachineRef,
    pub interface: InterfaceRef,
    pub config_type: Option<ConfigType>,
    pub ipv4: Option<DesiredAddress>,
    /// Its new identifier; an empty one clears it.
    pub identifier: Option<String>,
    /// Also change an interface of a machine that is not assigned to the token's user.
    pub allow_unassigned: bool,
}

/// How a user names an interface.
#[derive(Clone, Debug)]
pub(crate) enum InterfaceRef {
    /// By its identifier, or by its MAC in any notation.
    Name(String),
    Id(InterfaceId),
}

/// How a user names an address.
#[derive(Clone, Copy, Debug)]
pub(crate) enum DesiredAddress {
    Given(Ipv4Addr),
    /// The current one, else the lowest free one of the pool.
    Auto,
}

/// The one operation on the interface in the report.
#[derive(Debug)]
pub(crate) struct InterfaceOp {
    /// `interface 'eth0' of machine 'qdc01'`.
    title: String,
    machine: MachineId,
    change: Change<InterfaceChanges>,
    /// The addresses to choose from, unless the user gave one.
    free: Option<FreeAddresses>,
}

#[derive(Debug, Serialize)]
pub(crate) struct InterfaceReport {
    pub interface: Interface,
}

type InterfacePlan = Plan<InterfaceOp, InterfaceReport>;

impl Task for InterfaceSpec {
    type Op = InterfaceOp;
    type Report = InterfaceReport;

    fn require_valid_options(&self) -> Result<()> {
        verify::require_length("O(identifier)", self.identifier.as_deref(), 64)?;
        match (&self.config_type, self.ipv4) {
            (Some(ConfigType::Dynamic), Some(_)) => Err(TaskError::Refused(
                "O(config_type_v4=dynamic) and the option O(ipv4) exclude each other: a dynamic interface gets its address \
                 from the DHCP server"
                    .into(),
            )),
            _ => Ok(()),
        }
    }

    fn plan(&self, client: &ReadOnlyClient) -> PlanResult<Self> {
        let machine = lookup::find_assigned_machine(client, &self.machine, self.allow_unassigned)?;
        let interfaces = client.interfaces().list(machine.id)?;
        let interface = self.find(&machine, &interfaces)?;
        let address = self.choose_address(client, &machine, interface)?;
        let mut plan = Plan::empty(InterfaceReport {
            interface: interface.clone(),
        });
        self.push_update(&mut plan, &machine, interface, address);
        plan.warnings
            .extend(self.shared_identifier_warning(&machine, interface, &interfaces));
        Ok(plan)
    }

    fn apply_step(
        client: &Client,
        op: &mut InterfaceOp,
        report: &mut InterfaceReport,
    ) -> StepResult {
        apply::update(client, op, report)
    }

    fn claimed_objects(&self, plan: &InterfacePlan) -> Vec<String> {
        vec![format!("interface {}", plan.report.interface.id)]
    }

    fn resolve_conflicts(plans: &mut [PlanResult<InterfaceSpec>]) {
        plan::resolve_address_conflicts(plans);
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
    fn apply_changes(&mut self, changes: &InterfaceChanges) {
        let interface = &mut self.interface;
        interface.identifier = changes
            .identifier
            .clone()
            .unwrap_or(interface.identifier.take());
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
fn interface_title(machine: &Machine, interface: &Interface) -> String {
    let name = match interface.identifier.as_deref() {
        None | Some("") => interface.mac.clone().unwrap_or_default(),
        Some(identifier) => format!("'{identifier}'"),
    };
    format!("interface {name} of {}", machine_title(machine))
}
