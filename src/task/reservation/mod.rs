//! Machines that the token's user holds for a reason: one by name, or any that a query selects.
//!
//! The server confirms reservations that it does not store, so only the machine's assignees prove success. Where the
//! server stored nothing, an administrator's token can still assign the machine.

mod acquire;
mod candidates;

use serde::Serialize;
use serde_json::{Value, json};

use crate::client::{Assignee, Client, Machine, Query, ReadOnlyClient, Symbol};
use crate::support::sort::sorted;
use crate::task::lookup::MachineRef;
use crate::task::machine::machine_title;
use crate::task::{
    Action, OngoingWait, Plan, PlanResult, Result, Step, StepOutcome, StepResult, Task, TaskError,
    WaitLimits, lookup, verify,
};
use candidates::Candidates;

#[derive(Clone, Debug)]
pub(crate) struct ReservationSpec {
    pub machines: ReservationSelection,
    /// Why. A machine that the user holds for another reason is not free for this one; None is any reason.
    pub reason: Option<String>,
    pub presence: ReservationPresence,
}

#[derive(Clone, Debug)]
pub(crate) enum ReservationSelection {
    Machine(MachineRef),
    Query(Query),
}

#[derive(Clone, Debug)]
pub(crate) enum ReservationPresence {
    Present(DesiredReservation),
    Absent,
}

/// How many machines to hold, and how to acquire them.
#[derive(Clone, Debug)]
pub(crate) struct DesiredReservation {
    /// The least number of machines.
    pub count: usize,
    /// The name of the token's user, where the server does not show it.
    pub user: Option<String>,
    /// How long to wait until enough machines are free; None fails at once.
    pub wait: Option<WaitLimits>,
}

#[derive(Debug)]
pub(crate) enum ReservationOp {
    /// Acquire all machines that are missing, or none.
    Acquire(Acquisition),
    Release(HeldMachine),
}

#[derive(Debug)]
pub(crate) struct Acquisition {
    candidates: Candidates,
    /// The least number of machines to hold.
    count: usize,
    /// How many of them are not held yet.
    missing: usize,
    reason: String,
    user: Option<String>,
    wait: Option<Box<OngoingWait>>,
    /// How many reservations of this run the server has refused.
    refused: usize,
}

type ReservationPlan = Plan<ReservationOp, ReservationReport>;

#[derive(Debug, Default, Serialize)]
pub(crate) struct ReservationReport {
    pub machines: Vec<HeldMachine>,
}

/// A machine that the token's user holds.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct HeldMachine {
    #[serde(flatten)]
    pub machine: Machine,
    /// Null while it is only planned.
    pub assignment: Option<Assignee>,
}

impl Task for ReservationSpec {
    type Op = ReservationOp;
    type Report = ReservationReport;

    fn require_valid_options(&self) -> Result<()> {
        verify::require_length("O(reason)", self.reason.as_deref(), 140)?;
        if let ReservationSelection::Query(query) = &self.machines
            && matches!(self.presence, ReservationPresence::Present(_))
            && query.mentions(Symbol::AssigneeCount)
        {
            return Err(TaskError::Refused(
                "O(query) must not use assignee_count: a machine would not match any more as soon as it is held. \
                 Only free ones are taken anyway"
                    .into(),
            ));
        }
        Ok(())
    }

    fn plan(&self, client: &ReadOnlyClient) -> PlanResult<Self> {
        let candidates = Candidates::resolve(client, &self.machines)?;
        let held = candidates.held(client, self.reason.as_deref())?;
        match &self.presence {
            ReservationPresence::Present(desired) => {
                self.plan_present(client, desired, candidates, held)
            }
            ReservationPresence::Absent => Ok(plan_absent(held)),
        }
    }

    fn apply_step(
        client: &Client,
        op: &mut ReservationOp,
        report: &mut ReservationReport,
    ) -> StepResult {
        match op {
            ReservationOp::Acquire(acquisition) => acquisition.acquire_or_wait(client, report),
            ReservationOp::Release(held) => release(client, held),
        }
    }

    fn title(&self) -> String {
        match &self.machines {
            ReservationSelection::Machine(machine) => format!("reservation of {}", machine.title()),
            ReservationSelection::Query(_) => "reservation".into(),
        }
    }
}

impl ReservationSpec {
    fn plan_present(
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
        // Before anything is assigned to another user, if the server shows the token's user.
        if let Some(user) = &desired.user
            && let Some(own) = lookup::token_user(client)?
            && own != *user
        {
            return Err(other_user_error(user));
        }
        let new_wait =
            |limits| OngoingWait::new(limits, candidates.title(missing), "free".into(), "");
        let acquisition = Acquisition {
            count: desired.count,
            missing,
            reason: self.reason.clone().unwrap_or_default(),
            user: desired.user.clone(),
            wait: desired.wait.map(new_wait).map(Box::new),
            candidates,
            refused: 0,
        };
        let free = acquisition.candidates.free(client)?;
        if free.len() < missing {
            // Another run of this reservation may have acquired machines since those that are held were read.
            let again = client.without_response_cache();
            let held = acquisition
                .candidates
                .held(&again, self.reason.as_deref())?;
            if held.len() > desired.count - missing {
                return self.plan_present(&again, desired, acquisition.candidates, held);
            }
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
    let (why, after) = match desired.wait {
        Some(wait) if free.len() < acquisition.missing => (
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
    fn fields_after(&self, report: &ReservationReport) -> Value {
        json!({ "machines": report.names(), "reason": self.reason })
    }
}

/// Releases all that are held.
fn plan_absent(held: Vec<HeldMachine>) -> ReservationPlan {
    let mut plan = Plan::empty(ReservationReport::default());
    for held in held {
        let reason = held.assignment.as_ref().map(|own| &own.reason);
        let title = reservation_title(&held.machine);
        let step = Step::delete(title, json!({ "reason": reason }));
        plan.push(ReservationOp::Release(held), step);
    }
    plan
}

/// The error for a user who is not the token's.
fn other_user_error(user: &str) -> TaskError {
    TaskError::Refused(format!(
        "the token is not that of user '{user}'; a reservation is for the token's own user, and another user gets a \
         machine by an assignment"
    ))
}

impl ReservationReport {
    /// The names of the machines, for the fields of a step.
    fn names(&self) -> Vec<&str> {
        let names = self.machines.iter().map(|held| held.machine.name.as_str());
        names.collect()
    }

    fn add(&mut self, machines: impl IntoIterator<Item = HeldMachine>) {
        let held = std::mem::take(&mut self.machines);
        let all = held.into_iter().chain(machines).collect();
        self.machines = sorted(all, |held: &HeldMachine| (held.machine.name.clone(), 0));
    }
}

fn release(client: &Client, held: &HeldMachine) -> StepResult {
    if let Some(own) = &held.assignment {
        let (assignees, machine) = (client.assignees(), &held.machine);
        let title = reservation_title(machine);
        if !assignees.end(machine.id, own.id)? {
            return Ok(lookup::deleted_meanwhile(&title));
        }
        let found = verify::require_read_back(&title, assignees.own(machine.id))?;
        verify::require_deleted(&title, found.is_some_and(|found| found.id == own.id))?;
    }
    Ok(StepOutcome::Done)
}

fn reservation_title(machine: &Machine) -> String {
    format!("reservation of {}", machine_title(machine))
}
