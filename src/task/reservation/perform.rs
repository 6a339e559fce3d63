//! Holding machines, now or after a wait, and giving one back.

use super::{Held, Hold, ReservationOp, ReservationReport, take};
use crate::api::{ApiError, Writer};
use crate::task::machine::named;
use crate::task::wait::{Awaited, Seen};
use crate::task::{Effect, TaskError, check};

pub(super) fn hold(
    writer: &Writer,
    hold: Hold,
    report: &mut ReservationReport,
) -> Result<Effect<ReservationOp>, TaskError> {
    let free = match hold.wanted.free(writer.reader()) {
        Ok(free) => free,
        Err(error) => return later(writer, hold, Err(error)),
    };
    let taken = match free.len() >= hold.missing {
        true => take::all_or_none(writer, &hold, &free)?,
        false => None,
    };
    let Some(taken) = taken else {
        return later(writer, hold, Ok(free.len()));
    };
    let planned = hold.outcome(report);
    report.machines.retain(|held| held.assignment.is_some());
    report.add(taken);
    let outcome = hold.outcome(report);
    match outcome == planned {
        true => Ok(Effect::Done),
        false => Ok(Effect::DoneOtherwise(outcome)),
    }
}

/// Not all that are missing could be had. While one waits for the others, nothing is held: two who each hold what the
/// other waits for would wait for ever.
fn later(
    writer: &Writer,
    hold: Hold,
    free: Result<usize, ApiError>,
) -> Result<Effect<ReservationOp>, TaskError> {
    let (wanted, missing, reason) = (hold.wanted.clone(), hold.missing, hold.reason.clone());
    let not_free = |waited| wanted.not_free(writer.reader(), &reason, missing, waited);
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
    match waiting.after(writer, seen, awaited, again) {
        Err(TaskError::WaitTimeout { waited, .. }) => Err(not_free(Some(waited))?),
        effect => effect,
    }
}

pub(super) fn release(writer: &Writer, held: &Held) -> Result<Effect<ReservationOp>, TaskError> {
    let Held {
        machine,
        assignment: Some(own),
    } = held
    else {
        return Ok(Effect::Done);
    };
    writer.assignees().delete(machine.id, own.id)?;
    let title = format!("reservation of {}", named(machine));
    let found = check::looked_at(&title, writer.assignees().own(machine.id))?;
    check::gone(&title, found.is_some_and(|found| found.id == own.id))?;
    Ok(Effect::Done)
}
