//! Planning an interface: the step from the current to the desired one, and the addresses within a batch.

use std::collections::HashMap;
use std::iter;
use std::net::Ipv4Addr;

use serde_json::json;

use crate::client::{ConfigType, Interface, InterfaceChanges, Machine};
use crate::task::interface::choose_address::{AddressChoice, configured_address};
use crate::task::interface::pool::Pool;
use crate::task::interface::{InterfaceOp, InterfacePlan, InterfaceSpec, interface_title};
use crate::task::plan::changed_text;
use crate::task::verify::Change;
use crate::task::{PlanResult, PlannedStep, Result, Step, TaskError};

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
        let title = interface_title(machine, interface);
        let step = Step::update(title.clone(), json!(interface), json!(changes));
        let Some(mut step) = step else { return };
        if let Some(free) = &free {
            let pool = free.pool;
            step.why += &format!("; ipv4: auto takes the lowest free address of {pool}");
        }
        let from = replaced_values(interface, &changes);
        plan.report.apply_changes(&changes);
        let op = InterfaceOp {
            title,
            machine: machine.id,
            change: Change { to: changes, from },
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
            identifier: changed_text(&self.identifier, &interface.identifier).map(Some),
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

/// The values that changes replace.
fn replaced_values(interface: &Interface, changes: &InterfaceChanges) -> InterfaceChanges {
    InterfaceChanges {
        identifier: changes
            .identifier
            .as_ref()
            .map(|_| interface.identifier.clone()),
        config_type_v4: changes
            .config_type_v4
            .as_ref()
            .and(interface.config_type_v4.clone()),
        configured_ipv4: changes
            .configured_ipv4
            .and(Some(configured_address(interface))),
    }
}

/// Gives the interfaces of a batch different addresses.
///
/// All plans are made from the same state, so `auto` has chosen the same address for all interfaces of a network. An
/// address that the user gave stays. The first interface with `auto` keeps its address, and each further one gets the
/// next free one. Plans without an address fail here, so that check mode shows it too.
pub(super) fn resolve_address_conflicts(plans: &mut [PlanResult<InterfaceSpec>]) {
    let mut promised: HashMap<Ipv4Addr, String> = HashMap::new();
    let (auto, given): (Vec<_>, Vec<_>) = plans
        .iter_mut()
        .partition(|plan| plan.as_ref().is_ok_and(is_auto));
    for result in given.into_iter().chain(auto) {
        if let Ok(plan) = result
            && let Err(error) = promise_address(plan, &mut promised)
        {
            *result = Err(error);
        }
    }
}

fn is_auto(plan: &InterfacePlan) -> bool {
    let next = plan.steps.front();
    next.is_some_and(|planned| planned.op.free.is_some())
}

/// Promises an interface the address of its plan or, with `auto`, the next one that is free and not promised.
fn promise_address(
    plan: &mut InterfacePlan,
    promised: &mut HashMap<Ipv4Addr, String>,
) -> Result<()> {
    let Some(PlannedStep { step, op }) = plan.steps.front_mut() else {
        return Ok(());
    };
    let Some(desired) = op.change.to.configured_ipv4.flatten() else {
        return Ok(());
    };
    let address = match (&op.free, promised.get(&desired)) {
        (_, None) => desired,
        (Some(free), _) => iter::successors(Some(desired), |address| free.next_after(*address))
            .find(|address| !promised.contains_key(address))
            .ok_or_else(|| no_address_left(&op.title, free.pool))?,
        (None, Some(other)) => {
            let holder = format!("{other} is to have it");
            return Err(address_taken(&op.title, desired, &holder));
        }
    };
    op.change.to.configured_ipv4 = Some(Some(address));
    step.after = json!(op.change.to);
    plan.report.apply_changes(&op.change.to);
    promised.insert(address, op.title.clone());
    Ok(())
}

/// The error for an address of another interface, or one that is promised to another in the same batch.
pub(super) fn address_taken(interface: &str, address: Ipv4Addr, holder: &str) -> TaskError {
    TaskError::Failed {
        object: Some(interface.to_owned()),
        problem: format!("cannot have {address}: {holder}"),
        hint: Some(
            "The option O(ipv4) also takes auto, the lowest address of the pool that is free at the time.",
        ),
    }
}

/// The error that no free address is left for an interface.
pub(super) fn no_address_left(interface: &str, pool: Pool) -> TaskError {
    TaskError::failed(
        interface,
        format!("gets no address: the pool {pool} has no other free one"),
    )
}
