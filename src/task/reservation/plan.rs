//! From the machines that shall be held and those that are to the steps between them.

use serde_json::{Value, json};

use crate::client::{Machine, ReadOnlyClient};
use crate::task::machine::named;
use crate::task::reservation::candidates::Wanted;
use crate::task::reservation::{
    Held, Hold, ReservationOp, ReservationReport, ReservationSpec, Wish,
};
use crate::task::wait::Waiting;
use crate::task::{Action, Plan, Step, TaskError, lookup};

type ReservationPlan = Plan<ReservationOp, ReservationReport>;

impl ReservationSpec {
    pub(super) fn reason_text(&self) -> &str {
        self.reason.as_deref().unwrap_or_default()
    }

    pub(super) fn plan_present(
        &self,
        client: &ReadOnlyClient,
        wish: &Wish,
        wanted: Wanted,
        held: Vec<Held>,
    ) -> Result<ReservationPlan, TaskError> {
        let missing = wish.count.saturating_sub(held.len());
        let mut plan = Plan::nothing(ReservationReport { machines: held });
        if missing == 0 {
            return Ok(plan);
        }
        require_own_name(client, wish.user.as_deref())?;
        let free = wanted.free(client)?;
        if free.len() < missing {
            wanted.require_enough(client, wish.count)?;
            if wish.wait.is_none() {
                return Err(wanted.not_free(client, self.reason_text(), missing, None)?);
            }
        }
        let hold = Hold {
            missing,
            reason: self.reason_text().to_owned(),
            user: wish.user.clone(),
            waiting: wish.wait.map(Waiting::new),
            wanted,
        };
        push_hold(&mut plan, hold, wish, free);
        Ok(plan)
    }
}

/// Which machines a wait ends with is not known before.
fn push_hold(plan: &mut ReservationPlan, hold: Hold, wish: &Wish, free: Vec<Machine>) {
    let (has, count) = (wish.count - hold.missing, wish.count);
    let why = format!("{has} of {count} held, {} free", free.len());
    let before = json!({ "machines": plan.report.names() });
    let waiting = wish.wait.filter(|_| free.len() < hold.missing);
    let (why, after) = match waiting {
        Some(wait) => (
            format!("{why}: waiting for up to {} s", wait.timeout.as_secs_f64()),
            json!({ "machines": null, "reason": hold.reason }),
        ),
        None => {
            plan.report
                .add(free.into_iter().take(hold.missing).map(Held::planned));
            (why, hold.outcome(&plan.report))
        }
    };
    let step = Step {
        action: Action::Create,
        target: format!("reservation of {}", hold.wanted.title(count)),
        why,
        before,
        after,
        text: None,
    };
    plan.push(ReservationOp::Hold(hold), step);
}

impl Hold {
    /// The fields of its step, once it is done.
    pub(super) fn outcome(&self, report: &ReservationReport) -> Value {
        json!({ "machines": report.names(), "reason": self.reason })
    }
}

/// Gives back all that are held.
pub(super) fn absent(held: Vec<Held>) -> ReservationPlan {
    let mut plan = Plan::nothing(ReservationReport {
        machines: Vec::new(),
    });
    for held in held {
        let step = Step {
            action: Action::Delete,
            target: format!("reservation of {}", named(&held.machine)),
            why: "it shall be absent".into(),
            before: json!({ "reason": held.assignment.as_ref().map(|own| &own.reason) }),
            after: Value::Null,
            text: None,
        };
        plan.push(ReservationOp::Release(held), step);
    }
    plan
}

/// Where the server would tell who the token's user is, another name is refused before anything is assigned to it.
fn require_own_name(client: &ReadOnlyClient, user: Option<&str>) -> Result<(), TaskError> {
    let Some(user) = user else { return Ok(()) };
    match lookup::own_name(client)? {
        Some(own) if own != user => Err(not_this_user(user)),
        _ => Ok(()),
    }
}

/// The error for a user who is not the token's.
pub(super) fn not_this_user(user: &str) -> TaskError {
    TaskError::Refused(format!(
        "the token is not that of user '{user}'; mrp_assignee assigns machines to others"
    ))
}
