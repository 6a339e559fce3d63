//! From the interface that shall be and the one that is to the step between them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::iter;
use std::net::Ipv4Addr;

use serde_json::{Value, json};

use crate::client::{ConfigType, Interface, InterfaceChanges, Machine};
use crate::task::interface::choose_address::{Choice, configured};
use crate::task::interface::pool::Pool;
use crate::task::interface::{InterfaceOp, InterfaceReport, InterfaceSpec, named};
use crate::task::{Action, Plan, Planned, Planning, Step, TaskError, verify};

type InterfacePlan = Plan<InterfaceOp, InterfaceReport>;

impl InterfaceSpec {
    pub(super) fn push_update(
        &self,
        plan: &mut InterfacePlan,
        machine: &Machine,
        interface: &Interface,
        address: Choice,
    ) {
        let (wanted, free) = match address {
            Choice::Same => (None, None),
            Choice::Given(address) => (Some(address), None),
            Choice::Lowest(address, free) => (Some(address), Some(free)),
        };
        let changes = self.differences(interface, wanted);
        let after = verify::fields_sent(json!(changes));
        if after.is_empty() {
            return;
        }
        let differs = verify::what_differs(&after);
        let step = Step {
            action: Action::Update,
            target: named(machine, interface),
            why: match &free {
                None => differs,
                Some(free) => {
                    format!(
                        "{differs}; ipv4: auto takes the lowest free address of {}",
                        free.pool
                    )
                }
            },
            before: Value::Object(verify::same_fields(json!(interface), &after)),
            after: Value::Object(after),
            text: None,
        };
        plan.report.take(&changes);
        let op = InterfaceOp {
            title: named(machine, interface),
            machine: machine.id,
            interface: interface.id,
            changes,
            free,
        };
        plan.push(op, step);
    }

    /// What was asked for and is otherwise; no identifier and an empty one are the same.
    fn differences(&self, interface: &Interface, address: Option<Ipv4Addr>) -> InterfaceChanges {
        let config_type = self
            .config_type
            .clone()
            .filter(|wanted| Some(wanted) != interface.config_type_v4.as_ref());
        let loses_address =
            config_type == Some(ConfigType::Dynamic) && interface.configured_ipv4.is_some();
        InterfaceChanges {
            identifier: self
                .identifier
                .clone()
                .filter(|wanted| wanted != interface.identifier.as_deref().unwrap_or("")),
            configured_ipv4: match address {
                Some(wanted) if Some(wanted) != configured(interface) => Some(Some(wanted)),
                _ => loses_address.then_some(None),
            },
            config_type_v4: config_type,
        }
    }

    /// A name that several interfaces of a machine have does not tell them apart any more.
    pub(super) fn shared_name(
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

/// The plans of a list are made from the same state, so that all would take the same address: what was given by the user
/// stays, the first that may choose has its address, and the others the next ones. Those for which there is none are
/// refused here, where check mode sees it too.
pub(super) fn settle(plans: &mut [Planning<InterfaceSpec>]) {
    let mut promised: HashMap<Ipv4Addr, String> = HashMap::new();
    for plan in plans.iter_mut() {
        if let Some((address, title)) = plan.as_ref().ok().and_then(given) {
            match promised.entry(address) {
                Entry::Vacant(free) => drop(free.insert(title)),
                Entry::Occupied(other) => {
                    *plan = Err(TaskError::AddressTaken {
                        interface: title,
                        address,
                        holder: format!("{} is to have it", other.get()),
                    });
                }
            }
        }
    }
    for plan in plans.iter_mut() {
        let chosen = plan.as_mut().ok().and_then(|made| choose(made, &promised));
        match chosen {
            None => {}
            Some(Ok((address, title))) => drop(promised.insert(address, title)),
            Some(Err(refused)) => *plan = Err(refused),
        }
    }
}

/// The address that the user gave, and the interface that is to have it.
fn given(plan: &InterfacePlan) -> Option<(Ipv4Addr, String)> {
    let Planned { op, .. } = plan.steps.first().filter(|step| step.op.free.is_none())?;
    Some((op.changes.configured_ipv4.flatten()?, op.title.clone()))
}

/// The lowest address that nobody was promised, where it is for us to choose one.
fn choose(
    plan: &mut InterfacePlan,
    promised: &HashMap<Ipv4Addr, String>,
) -> Option<Result<(Ipv4Addr, String), TaskError>> {
    let Planned { step, op } = plan.steps.first_mut()?;
    let free = op.free.as_ref()?;
    let lowest = op.changes.configured_ipv4.flatten();
    let mut candidates = iter::successors(lowest, |address| free.next(*address));
    let Some(address) = candidates.find(|address| !promised.contains_key(address)) else {
        return Some(Err(no_address_left(op.title.clone(), free.pool)));
    };
    op.changes.configured_ipv4 = Some(Some(address));
    step.after = json!(op.changes);
    plan.report.take(&op.changes);
    Some(Ok((address, op.title.clone())))
}

/// The error that the other interfaces took what was free.
pub(super) fn no_address_left(interface: String, pool: Pool) -> TaskError {
    TaskError::Refused(format!(
        "{interface} gets no address: the pool {pool} has no other free one"
    ))
}
