//! Holding machines, now or after a wait, and giving one back.

use crate::client::{self, Client};
use crate::task::machine::named;
use crate::task::reservation::{Held, Hold, ReservationOp, ReservationReport, acquire};
use crate::task::wait::{Awaited, Seen};
use crate::task::{StepOutcome, TaskError, verify};

pub(super) fn hold(
    client: &Client,
    hold: Hold,
    report: &mut ReservationReport,
) -> Result<StepOutcome<ReservationOp>, TaskError> {
    let free = match hold.wanted.free(client.read_only()) {
        Ok(free) => free,
        Err(error) => return later(client, hold, Err(error)),
    };
    let taken = match free.len() >= hold.missing {
        true => acquire::all_or_none(client, &hold, &free)?,
        false => None,
    };
    let Some(taken) = taken else {
        return later(client, hold, Ok(free.len()));
    };
    let planned = hold.outcome(report);
    report.machines.retain(|held| held.assignment.is_some());
    report.add(taken);
    let outcome = hold.outcome(report);
    match outcome == planned {
        true => Ok(StepOutcome::Done),
        false => Ok(StepOutcome::DoneOtherwise(outcome)),
    }
}

/// Not all that are missing could be had. While one waits for the others, nothing is held: two who each hold what the
/// other waits for would wait for ever.
fn later(
    client: &Client,
    hold: Hold,
    free: Result<usize, client::Error>,
) -> Result<StepOutcome<ReservationOp>, TaskError> {
    let (wanted, missing, reason) = (hold.wanted.clone(), hold.missing, hold.reason.clone());
    let not_free = |waited| wanted.not_free(client.read_only(), &reason, missing, waited);
    let Some(waiting) = hold.waiting else {
        free?;
        return Err(not_free(None)?);
    };
    let seen = free.map(|free| Seen::NotYet(format!("{free} free")));
    let awaited = Awaited {
        who: wanted.title(missing),
        state: "free".into(),
        hint: "",
    };
    let again = |waiting| {
        ReservationOp::Hold(Hold {
            waiting: Some(waiting),
            ..hold
        })
    };
    match waiting.after(client, seen, awaited, again) {
        Err(TaskError::WaitTimeout { waited, .. }) => Err(not_free(Some(waited))?),
        effect => effect,
    }
}

pub(super) fn release(
    client: &Client,
    held: &Held,
) -> Result<StepOutcome<ReservationOp>, TaskError> {
    let Held {
        machine,
        assignment: Some(own),
    } = held
    else {
        return Ok(StepOutcome::Done);
    };
    client.assignees().delete(machine.id, own.id)?;
    let title = format!("reservation of {}", named(machine));
    let found = verify::looked_at(&title, client.assignees().own(machine.id))?;
    verify::gone(&title, found.is_some_and(|found| found.id == own.id))?;
    Ok(StepOutcome::Done)
}
