//! Changing an interface, and reading back whether it took effect.

use std::net::Ipv4Addr;

use serde_json::json;

use crate::client::{self, Client};
use crate::task::interface::{InterfaceOp, InterfaceReport, choose_address, plan};
use crate::task::{StepOutcome, StepResult, TaskError, verify};

/// The most addresses that are tried while other clients take the chosen ones.
const MAX_ATTEMPTS: usize = 64;

pub(super) fn update(
    client: &Client,
    mut op: InterfaceOp,
    report: &mut InterfaceReport,
) -> StepResult<InterfaceOp> {
    let planned = op.changes.configured_ipv4;
    let mut attempts = 1;
    while let Err(error) = client
        .interfaces()
        .update(op.machine, op.interface, &op.changes)
    {
        match op.next_address() {
            Some(next) if error.is_conflict() && attempts < MAX_ATTEMPTS => {
                op.changes.configured_ipv4 = Some(Some(next));
            }
            _ => return Err(explain_conflict(client, &op, error)),
        }
        attempts += 1;
    }
    let found =
        verify::require_read_back(&op.title, client.interfaces().get(op.machine, op.interface))?;
    let sent = json!(op.changes);
    verify::require_stored(&op.title, sent.clone(), json!(found))?;
    report.interface = found;
    match op.changes.configured_ipv4 == planned {
        true => Ok(StepOutcome::Done),
        false => Ok(StepOutcome::DoneOtherwise(sent)),
    }
}

impl InterfaceOp {
    /// The address to try if another client has taken the chosen one.
    fn next_address(&self) -> Option<Ipv4Addr> {
        let taken = self.changes.configured_ipv4.flatten()?;
        self.free.as_ref()?.next_after(taken)
    }
}

/// The error for a conflict, with the holder of the address: the server's own text is SQL.
fn explain_conflict(client: &Client, op: &InterfaceOp, error: client::Error) -> TaskError {
    let Some(address) = op.changes.configured_ipv4.flatten() else {
        return error.into();
    };
    if !error.is_conflict() {
        return error.into();
    }
    // The user did not choose these addresses, so the holder of the last one does not matter.
    if let Some(free) = &op.free {
        return match op.next_address() {
            None => plan::no_address_left(op.title.clone(), free.pool),
            Some(_) => TaskError::Impossible {
                object: op.title.clone(),
                problem: format!("gets no address: others were quicker {MAX_ATTEMPTS} times"),
            },
        };
    }
    match choose_address::address_holder(client.read_only(), address) {
        Ok(holder) => TaskError::AddressTaken {
            interface: op.title.clone(),
            address,
            holder,
        },
        Err(_) => error.into(),
    }
}
