//! Changing an interface, and looking whether it took effect.

use std::net::Ipv4Addr;

use serde_json::json;

use crate::client::{self, Client};
use crate::task::interface::{InterfaceOp, InterfaceReport, choose_address, plan};
use crate::task::{StepOutcome, TaskError, verify};

/// How many addresses are tried while others are quicker.
const ATTEMPTS: usize = 64;

pub(super) fn update(
    client: &Client,
    mut op: InterfaceOp,
    report: &mut InterfaceReport,
) -> Result<StepOutcome<InterfaceOp>, TaskError> {
    let planned = op.changes.configured_ipv4;
    let mut attempts = 1;
    while let Err(error) = client
        .interfaces()
        .update(op.machine, op.interface, &op.changes)
    {
        match op.next_address() {
            Some(next) if error.is_conflict() && attempts < ATTEMPTS => {
                op.changes.configured_ipv4 = Some(Some(next));
            }
            _ => return Err(explained(client, &op, error)),
        }
        attempts += 1;
    }
    let found = verify::looked_at(&op.title, client.interfaces().get(op.machine, op.interface))?;
    let sent = verify::fields_sent(json!(op.changes));
    verify::read_back(&op.title, &sent, &verify::same_fields(json!(found), &sent))?;
    report.interface = found;
    match op.changes.configured_ipv4 == planned {
        true => Ok(StepOutcome::Done),
        false => Ok(StepOutcome::DoneOtherwise(sent.into())),
    }
}

impl InterfaceOp {
    /// What to try when the address was taken meanwhile.
    fn next_address(&self) -> Option<Ipv4Addr> {
        let taken = self.changes.configured_ipv4.flatten()?;
        self.free.as_ref()?.next(taken)
    }
}

/// A conflict says who has the address; the server only says so in SQL.
fn explained(client: &Client, op: &InterfaceOp, error: client::Error) -> TaskError {
    let Some(address) = op.changes.configured_ipv4.flatten() else {
        return error.into();
    };
    if !error.is_conflict() {
        return error.into();
    }
    // Which addresses were tried was nobody's wish, so who has the last of them is not what the user wants to hear.
    if let Some(free) = &op.free {
        return match op.next_address() {
            None => plan::no_address_left(op.title.clone(), free.pool),
            Some(_) => TaskError::Refused(format!(
                "{} gets no address: others were quicker {ATTEMPTS} times",
                op.title
            )),
        };
    }
    match choose_address::holder(client.read_only(), address) {
        Ok(holder) => TaskError::AddressTaken {
            interface: op.title.clone(),
            address,
            holder,
        },
        Err(_) => error.into(),
    }
}
