//! Planning an interface: the step from the current to the desired one, and the addresses within a batch.

use std::collections::HashMap;
use std::iter;
use std::net::Ipv4Addr;

use serde_json::json;

use crate::client::{ConfigType, Interface, InterfaceChanges, Machine};
use crate::task::interface::choose_address::{AddressChoice, configured_address};
use crate::task::interface::pool::Pool;
use crate::task::interface::{InterfaceOp, InterfaceReport, InterfaceSpec, interface_title};
use crate::task::{Plan, PlanResult, PlannedStep, Step, TaskError, verify};

type InterfacePlan = Plan<InterfaceOp, InterfaceReport>;

impl InterfaceSpec {
    pub(super) fn push_update(
        &self,
        plan: &mut InterfacePlan,
        machine: &Machine,
        interface: &Interface,
        address: AddressChoice,
    ) {
        let (desired, free) = match address {
            AddressChoice::Unchanged => (None, None),
            AddressChoice::Given(address) => (Some(address), None),
            AddressChoice::Lowest(address, free) => (Some(address), Some(free)),
        };
        let changes = self.differences(interface, desired);
        let after = verify::changed_fields(json!(changes));
        if after.is_empty() {
            return;
        }
        let title = interface_title(machine, interface);
        let mut step = Step::update(title.clone(), json!(interface), after);
        if let Some(free) = &free {
            let reason = format!(
                "; ipv4: auto takes the lowest free address of {}",
                free.pool
            );
            step.why.push_str(&reason);
        }
        plan.report.apply_changes(&changes);
        let op = InterfaceOp {
            title,
            machine: machine.id,
            interface: interface.id,
            changes,
            free,
        };
        plan.push(op, step);
    }

    /// The given properties that differ; no identifier and an empty one are the same.
    fn differences(&self, interface: &Interface, address: Option<Ipv4Addr>) -> InterfaceChanges {
        let config_type = self
            .config_type
            .clone()
            .filter(|desired| Some(desired) != interface.config_type_v4.as_ref());
        let loses_address =
            config_type == Some(ConfigType::Dynamic) && interface.configured_ipv4.is_some();
        InterfaceChanges {
            identifier: self
                .identifier
                .clone()
                .filter(|desired| desired != interface.identifier.as_deref().unwrap_or("")),
            configured_ipv4: match address {
                Some(desired) if Some(desired) != configured_address(interface) => {
                    Some(Some(desired))
                }
                _ => loses_address.then_some(None),
            },
            config_type_v4: config_type,
        }
    }

    /// The warning about a new identifier that another interface of the machine has too.
    pub(super) fn shared_identifier_warning(
        &self,
        machine: &Machine,
        interface: &Interface,
        all: &[Interface],
    ) -> Option<String> {
        let new = self.identifier.as_deref().filter(|new| !new.is_empty())?;
        let other = all
            .iter()
            .find(|other| other.id != interface.id && other.identifier.as_deref() == Some(new))?;
        Some(format!(
            "machine '{}' has another interface '{new}' (id {}), so that only MAC and id tell them apart",
            machine.name, other.id
        ))
    }
}

/// Gives the interfaces of a batch different addresses.
///
/// All plans are made from the same state, so `auto` has chosen the same address for all interfaces of a network. An
/// address that the user gave stays. The first interface with `auto` keeps its address, and each further one gets the
/// next free one. Plans without an address fail here, so that check mode shows it too.
pub(super) fn resolve_address_conflicts(plans: &mut [PlanResult<InterfaceSpec>]) {
    let mut promised: HashMap<Ipv4Addr, String> = HashMap::new();
    for result in plans.iter_mut() {
        let Ok(plan) = result else { continue };
        let Some((address, title)) = given_address(plan) else {
            continue;
        };
        if let Some(other) = promised.get(&address) {
            *result = Err(TaskError::AddressTaken {
                interface: title,
                address,
                holder: format!("{other} is to have it"),
            });
        } else {
            promised.insert(address, title);
        }
    }
    for result in plans.iter_mut() {
        let Ok(plan) = result else { continue };
        if let Err(error) = choose_unpromised_address(plan, &mut promised) {
            *result = Err(error);
        }
    }
}

/// The address that the user gave, and the title of the interface.
fn given_address(plan: &InterfacePlan) -> Option<(Ipv4Addr, String)> {
    let op = &plan.steps.front()?.op;
    if op.free.is_some() {
        return None;
    }
    Some((op.changes.configured_ipv4.flatten()?, op.title.clone()))
}

/// Changes an address of `auto` to the next free one that is not promised to another interface.
fn choose_unpromised_address(
    plan: &mut InterfacePlan,
    promised: &mut HashMap<Ipv4Addr, String>,
) -> Result<(), TaskError> {
    let Some(PlannedStep { step, op }) = plan.steps.front_mut() else {
        return Ok(());
    };
    let (Some(free), Some(lowest)) = (&op.free, op.changes.configured_ipv4.flatten()) else {
        return Ok(());
    };
    let address = iter::successors(Some(lowest), |address| free.next_after(*address))
        .find(|address| !promised.contains_key(address))
        .ok_or_else(|| no_address_left(op.title.clone(), free.pool))?;
    op.changes.configured_ipv4 = Some(Some(address));
    step.after = json!(op.changes);
    plan.report.apply_changes(&op.changes);
    promised.insert(address, op.title.clone());
    Ok(())
}

/// The error that no free address is left for an interface.
pub(super) fn no_address_left(interface: String, pool: Pool) -> TaskError {
    TaskError::Impossible {
        object: interface,
        problem: format!("gets no address: the pool {pool} has no other free one"),
    }
}
