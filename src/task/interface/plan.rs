//! From the interface that shall be and the one that is to the step between them.

use std::collections::HashSet;
use std::iter;
use std::net::Ipv4Addr;

use serde_json::{Value, json};

use super::address::{Choice, configured};
use super::{InterfaceOp, InterfaceReport, InterfaceSpec, named};
use crate::api::{ConfigType, Interface, InterfaceChanges, Machine};
use crate::task::{Action, Plan, Planned, Step, TaskError, check};

type InterfacePlan = Plan<InterfaceOp, InterfaceReport>;

impl InterfaceSpec {
    pub(super) fn require_valid_options(&self) -> Result<(), TaskError> {
        check::at_most("identifier", self.identifier.as_deref().unwrap_or(""), 64)?;
        match (&self.config_type, self.ipv4) {
            (Some(ConfigType::Dynamic), Some(_)) => Err(TaskError::Refused(
                "config_type_v4 dynamic and ipv4 exclude each other: a dynamic interface gets its address from the \
                 DHCP server"
                    .into(),
            )),
            _ => Ok(()),
        }
    }

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
        let after = check::fields_sent(json!(changes));
        if after.is_empty() {
            return;
        }
        let differs = check::what_differs(&after);
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
            before: Value::Object(check::same_fields(json!(interface), &after)),
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

/// The plans of a list are made from the same state, so that all would take the same address: the first one has it, and
/// the others the next ones. What was given by the user stays.
pub(super) fn settle(plans: Vec<&mut InterfacePlan>) {
    let mut planned: Vec<(&mut Planned<InterfaceOp>, &mut InterfaceReport)> = plans
        .into_iter()
        .filter_map(|plan| Some((plan.steps.first_mut()?, &mut plan.report)))
        .collect();
    let mut promised: HashSet<Ipv4Addr> = planned
        .iter()
        .filter(|(planned, _)| planned.op.free.is_none())
        .filter_map(|(planned, _)| planned.op.changes.configured_ipv4.flatten())
        .collect();
    for (Planned { step, op }, report) in &mut planned {
        let wanted = op.changes.configured_ipv4.flatten();
        let Some(free) = &op.free else { continue };
        let address = iter::successors(wanted, |address| free.next(*address))
            .find(|address| !promised.contains(address));
        if let Some(address) = address {
            promised.insert(address);
            op.changes.configured_ipv4 = Some(Some(address));
            step.after = json!(op.changes);
            report.take(&op.changes);
        }
    }
}
