//! Acquiring machines, now or after a wait, and releasing one.

use crate::client::{self, Client};
use crate::task::reservation::{
    Acquisition, HeldMachine, ReservationOp, ReservationReport, acquire, reservation_title,
};
use crate::task::wait::Observation;
use crate::task::{StepOutcome, TaskError, verify};

pub(super) fn acquire(
    client: &Client,
    acquisition: Acquisition,
    report: &mut ReservationReport,
) -> Result<StepOutcome<ReservationOp>, TaskError> {
    let free = match acquisition.candidates.free(client.read_only()) {
        Ok(free) => free,
        Err(error) => return wait_or_fail(client, acquisition, Err(error)),
    };
    let acquired = if free.len() >= acquisition.missing {
        acquire::all_or_none(client, &acquisition, &free)?
    } else {
        None
    };
    let Some(acquired) = acquired else {
        return wait_or_fail(client, acquisition, Ok(free.len()));
    };
    let planned = acquisition.fields_after(report);
    report.machines.retain(|held| held.assignment.is_some());
    report.add(acquired);
    let fields = acquisition.fields_after(report);
    match fields == planned {
        true => Ok(StepOutcome::Done),
        false => Ok(StepOutcome::DoneOtherwise(fields)),
    }
}

/// The outcome when not all machines that are missing are free. None is held during the wait for the others: two clients
/// that each hold what the other one waits for would wait for ever.
fn wait_or_fail(
    client: &Client,
    mut acquisition: Acquisition,
    free: Result<usize, client::Error>,
) -> Result<StepOutcome<ReservationOp>, TaskError> {
    let Some(wait) = acquisition.wait.take() else {
        free?;
        return Err(acquisition.not_free_error(client.read_only(), None)?);
    };
    let observation = free.map(|free| Observation::NotYet(format!("{free} free")));
    let outcome = wait.step_outcome(client, observation, |wait| wait);
    match outcome {
        Ok(StepOutcome::Pending(wait, pause)) => {
            acquisition.wait = Some(Box::new(wait));
            Ok(StepOutcome::Pending(
                ReservationOp::Acquire(acquisition),
                pause,
            ))
        }
        Err(TaskError::WaitTimeout { waited, .. }) => {
            Err(acquisition.not_free_error(client.read_only(), Some(waited))?)
        }
        Err(error) => Err(error),
        Ok(_) => Ok(StepOutcome::Done),
    }
}

pub(super) fn release(
    client: &Client,
    held: &HeldMachine,
) -> Result<StepOutcome<ReservationOp>, TaskError> {
    let HeldMachine {
        machine,
        assignment: Some(own),
    } = held
    else {
        return Ok(StepOutcome::Done);
    };
    client.assignees().delete(machine.id, own.id)?;
    let title = reservation_title(machine);
    let found = verify::require_read_back(&title, client.assignees().own(machine.id))?;
    verify::require_deleted(&title, found.is_some_and(|found| found.id == own.id))?;
    Ok(StepOutcome::Done)
}
