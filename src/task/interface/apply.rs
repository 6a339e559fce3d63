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
    let (interfaces, machine, id) = (client.interfaces(), op.machine, report.interface.id);
    let put = |fields: &_| interfaces.update(machine, id, fields);
    let get = || interfaces.get(machine, id);
    let mut attempts = 1;
    report.interface = loop {
        let error = match verify::write(&op.title, &op.change, put, put, get) {
            Err(TaskError::Api(error)) if error.is_conflict() => error,
            written => break lookup::require_still_there(&op.title, written)?,
        };
        match op.next_address() {
            Some(next) if attempts < MAX_ATTEMPTS => {
                op.change.to.configured_ipv4 = Some(Some(next));
            }
            _ => return Err(explain_conflict(client, op, error)),
        }
        attempts += 1;
    };
    let sent = json!(op.change.to);
    verify::require_stored(&op.title, sent.clone(), json!(report.interface))?;
    Ok(StepOutcome::DoneWith(sent))
}

impl InterfaceOp {
    /// The address to try if another client has taken the chosen one.
    fn next_address(&self) -> Option<Ipv4Addr> {
        let taken = self.change.to.configured_ipv4.flatten()?;
        self.free.as_ref()?.next_after(taken)
    }
}

/// The error for a conflict, with the holder of the address: the server's own text is SQL.
fn explain_conflict(client: &Client, op: &InterfaceOp, error: client::Error) -> TaskError {
    let address = match op.change.to.configured_ipv4.flatten() {
        Some(address) => address,
        None => return error.into(),
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
