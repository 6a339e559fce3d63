//! Machines that the token's user holds for a reason: one by name, or any that a query selects.
//!
//! The server confirms reservations that it does not store, so only the machine's assignees prove success. Where the
//! server stored nothing, an administrator's token can still assign the machine.

mod acquire;
mod candidates;
mod plan;

use serde::Serialize;

use crate::client::{Assignee, Client, Machine, Query, ReadOnlyClient, Symbol};
use crate::support::sort::sorted;
use crate::task::lookup::MachineRef;
use crate::task::machine::machine_title;
use crate::task::{
    OngoingWait, Plan, PlanResult, Result, StepOutcome, StepResult, Task, TaskError, WaitLimits,
    verify,
};
use candidates::Candidates;

/// The desired reservations.
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

/// One operation on reservations.
#[derive(Debug)]
pub(crate) enum ReservationOp {
    /// Acquire all machines that are missing, or none.
    Acquire(Acquisition),
    Release(HeldMachine),
}

/// Machines to acquire.
#[derive(Debug)]
pub(crate) struct Acquisition {
    candidates: Candidates,
    missing: usize,
    reason: String,
    user: Option<String>,
    wait: Option<Box<OngoingWait>>,
}

type ReservationPlan = Plan<ReservationOp, ReservationReport>;

#[derive(Debug, Serialize)]
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
            ReservationPresence::Absent => Ok(plan::plan_absent(held)),
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
        assignees.delete(machine.id, own.id)?;
        let title = reservation_title(machine);
        let found = verify::require_read_back(&title, assignees.own(machine.id))?;
        verify::require_deleted(&title, found.is_some_and(|found| found.id == own.id))?;
    }
    Ok(StepOutcome::Done)
}

fn reservation_title(machine: &Machine) -> String {
    format!("reservation of {}", machine_title(machine))
}
