//! Changing an interface, and reading back whether it took effect.

use std::net::Ipv4Addr;

use serde_json::json;

use crate::client::{self, Client};
use crate::task::interface::{InterfaceOp, InterfaceReport, choose_address, plan};
use crate::task::{StepOutcome, StepResult, TaskError, lookup, verify};

/// The most addresses that are tried while other clients take the chosen ones.
const MAX_ATTEMPTS: usize = 64;

pub(super) fn update(
    client: &Client,
    op: &mut InterfaceOp,
    report: &mut InterfaceReport,
) -> StepResult {
    let interface = report.interface.id;
    let mut attempts = 1;
    while let Err(error) = client
        .interfaces()
        .update(op.machine, interface, &op.changes)
    {
        match op.next_address() {
            Some(next) if error.is_conflict() && attempts < MAX_ATTEMPTS => {
                op.changes.configured_ipv4 = Some(Some(next));
            }
            _ => return Err(explain_conflict(client, op, error)),
        }
        attempts += 1;
    }
    let answer = client.interfaces().get(op.machine, interface);
    report.interface = verify::require_read_back(&op.title, answer)?;
    let sent = json!(op.changes);
    verify::require_stored(&op.title, sent.clone(), json!(report.interface))?;
    Ok(StepOutcome::DoneWith(sent))
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
    let address = match op.changes.configured_ipv4.flatten() {
        Some(address) if error.is_conflict() => address,
        _ if error.is_not_found() => return lookup::deleted_before_change(&op.title),
        _ => return error.into(),
    };
    // The user did not choose these addresses, so the holder of the last one does not matter.
    if let Some(free) = &op.free {
        return match op.next_address() {
            None => plan::no_address_left(&op.title, free.pool),
            Some(_) => TaskError::failed(
                &op.title,
                format!("gets no address: others were quicker {MAX_ATTEMPTS} times"),
            ),
        };
    }
    match choose_address::address_holder(client.read_only(), address) {
        Ok(holder) => plan::address_taken(&op.title, address, &holder),
        Err(_) => error.into(),
    }
}
