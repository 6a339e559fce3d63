//! Machines that the token's user holds for a reason: one by name, or any that a query selects.
//!
//! The server confirms reservations that it does not store, so only the machine's assignees prove success. Where the
//! server stored nothing, an administrator's token can still assign the machine.

mod acquire;
mod apply;
mod candidates;
mod plan;

use serde::Serialize;

use crate::client::{Assignee, Client, Machine, Query, ReadOnlyClient, Symbol};
use crate::support::sort::sorted;
use crate::task::lookup::MachineRef;
use crate::task::machine::machine_title;
use crate::task::wait::OngoingWait;
use crate::task::{Plan, StepOutcome, Task, TaskError, WaitLimits, verify};
use candidates::Candidates;

/// The desired reservations.
#[derive(Clone, Debug)]
pub struct ReservationSpec {
    /// Which machines.
    pub machines: ReservationSelection,
    /// Why. A machine that the user holds for another reason is not free for this one; None is any reason.
    pub reason: Option<String>,
    /// Hold them, or release them.
    pub presence: ReservationPresence,
}

/// The machines that can be reserved.
#[derive(Clone, Debug)]
pub enum ReservationSelection {
    /// Only this one.
    Machine(MachineRef),
    /// Any that match.
    Query(Query),
}

/// Whether the machines are to be held.
#[derive(Clone, Debug)]
pub enum ReservationPresence {
    /// A number of them, all or none.
    Present(DesiredReservation),
    /// None of them.
    Absent,
}

/// How many machines to hold, and how to acquire them.
#[derive(Clone, Debug)]
pub struct DesiredReservation {
    /// The least number of machines.
    pub count: usize,
    /// The name of the token's user, where the server does not show it.
    pub user: Option<String>,
    /// How long to wait until enough machines are free; None fails at once.
    pub wait: Option<WaitLimits>,
}

/// One operation on reservations.
#[derive(Debug)]
pub enum ReservationOp {
    /// Acquire all machines that are missing, or none.
    Acquire(Acquisition),
    /// Release one.
    Release(HeldMachine),
}

/// Machines to acquire.
#[derive(Debug)]
pub struct Acquisition {
    candidates: Candidates,
    /// The number of machines to acquire.
    missing: usize,
    reason: String,
    user: Option<String>,
    wait: Option<Box<OngoingWait>>,
}

/// The machines that are held.
#[derive(Debug, Serialize)]
pub struct ReservationReport {
    /// By name.
    pub machines: Vec<HeldMachine>,
}

/// A machine that the token's user holds.
#[derive(Clone, Debug, Serialize)]
pub struct HeldMachine {
    /// The server's fields.
    #[serde(flatten)]
    pub machine: Machine,
    /// Null while it is only planned.
    pub assignment: Option<Assignee>,
}

impl Task for ReservationSpec {
    type Op = ReservationOp;
    type Report = ReservationReport;

    fn require_valid_options(&self) -> Result<(), TaskError> {
        verify::require_length("O(reason)", self.reason_text(), 140)?;
        let counts_assignees = match &self.machines {
            ReservationSelection::Machine(_) => false,
            ReservationSelection::Query(query) => query.mentions(Symbol::AssigneeCount),
        };
        if counts_assignees && matches!(self.presence, ReservationPresence::Present(_)) {
            return Err(TaskError::Refused(
                "O(query) must not use assignee_count: a machine would not match any more as soon as it is held. \
                 Only free ones are taken anyway"
                    .into(),
            ));
        }
        Ok(())
    }

    fn plan(
        &self,
        client: &ReadOnlyClient,
    ) -> Result<Plan<ReservationOp, ReservationReport>, TaskError> {
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
        op: ReservationOp,
        report: &mut ReservationReport,
    ) -> Result<StepOutcome<ReservationOp>, TaskError> {
        match op {
            ReservationOp::Acquire(acquisition) => apply::acquire(client, acquisition, report),
            ReservationOp::Release(held) => apply::release(client, &held),
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

impl HeldMachine {
    fn planned(machine: Machine) -> HeldMachine {
        HeldMachine {
            machine,
            assignment: None,
        }
    }
}

/// The reservation of a machine, for messages.
fn reservation_title(machine: &Machine) -> String {
    format!("reservation of {}", machine_title(machine))
}
