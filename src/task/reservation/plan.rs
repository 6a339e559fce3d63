//! Planning reservations: the steps from the machines that are held to those that are desired.

use serde_json::{Value, json};

use crate::client::{Machine, ReadOnlyClient};
use crate::task::reservation::candidates::Candidates;
use crate::task::reservation::{
    Acquisition, DesiredReservation, HeldMachine, ReservationOp, ReservationPlan,
    ReservationReport, ReservationSpec, reservation_title,
};
use crate::task::{Action, OngoingWait, Plan, PlanResult, Result, Step, TaskError, lookup};

impl ReservationSpec {
    pub(super) fn plan_present(
        &self,
        client: &ReadOnlyClient,
        desired: &DesiredReservation,
        candidates: Candidates,
        held: Vec<HeldMachine>,
    ) -> PlanResult<Self> {
        let missing = desired.count.saturating_sub(held.len());
        let mut plan = Plan::empty(ReservationReport { machines: held });
        if missing == 0 {
            return Ok(plan);
        }
        require_token_user(client, desired.user.as_deref())?;
        let new_wait =
            |limits| OngoingWait::new(limits, candidates.title(missing), "free".into(), "");
        let acquisition = Acquisition {
            missing,
            reason: self.reason.clone().unwrap_or_default(),
            user: desired.user.clone(),
            wait: desired.wait.map(new_wait).map(Box::new),
            candidates,
        };
        let free = acquisition.candidates.free(client)?;
        if free.len() < missing {
            acquisition
                .candidates
                .require_enough(client, desired.count)?;
            if desired.wait.is_none() {
                return Err(acquisition.not_free_error(client, None)?);
            }
        }
        push_acquire(&mut plan, acquisition, desired, free);
        Ok(plan)
    }
}

/// Adds the step that acquires machines. Which machines it acquires after a wait is not known before.
fn push_acquire(
    plan: &mut ReservationPlan,
    acquisition: Acquisition,
    desired: &DesiredReservation,
    free: Vec<Machine>,
) {
    let count = desired.count;
    let has = count - acquisition.missing;
    let why = format!("{has} of {count} held, {} free", free.len());
    let before = json!({ "machines": plan.report.names() });
    let has_to_wait = free.len() < acquisition.missing;
    let (why, after) = match desired.wait {
        Some(wait) if has_to_wait => (
            format!("{why}: waiting for up to {} s", wait.timeout.as_secs_f64()),
            json!({ "machines": null, "reason": acquisition.reason }),
        ),
        _ => {
            let expected = free.into_iter().take(acquisition.missing);
            plan.report.add(expected.map(|machine| HeldMachine {
                machine,
                assignment: None,
            }));
            (why, acquisition.fields_after(&plan.report))
        }
    };
    let target = format!("reservation of {}", acquisition.candidates.title(count));
    let step = Step::new(Action::Create, target, why, before, after);
    plan.push(ReservationOp::Acquire(acquisition), step);
}

impl Acquisition {
    /// The fields of its step when it is done.
    pub(super) fn fields_after(&self, report: &ReservationReport) -> Value {
        json!({ "machines": report.names(), "reason": self.reason })
    }
}

/// Releases all that are held.
pub(super) fn plan_absent(held: Vec<HeldMachine>) -> ReservationPlan {
    let mut plan = Plan::empty(ReservationReport {
        machines: Vec::new(),
    });
    for held in held {
        let reason = held.assignment.as_ref().map(|own| &own.reason);
        let title = reservation_title(&held.machine);
        let step = Step::delete(title, json!({ "reason": reason }));
        plan.push(ReservationOp::Release(held), step);
    }
    plan
}

/// Refuses another user's name before anything is assigned to that user, if the server shows the token's user.
fn require_token_user(client: &ReadOnlyClient, user: Option<&str>) -> Result<()> {
    let Some(user) = user else { return Ok(()) };
    match lookup::token_user(client)? {
        Some(own) if own != user => Err(other_user_error(user)),
        _ => Ok(()),
    }
}

/// The error for a user who is not the token's.
pub(super) fn other_user_error(user: &str) -> TaskError {
    TaskError::Refused(format!(
        "the token is not that of user '{user}'; a reservation is for the token's own user, and another user gets a \
         machine by an assignment"
    ))
}
