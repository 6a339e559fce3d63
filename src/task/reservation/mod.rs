//! Machines that the token's user holds for a reason: one by name, or any that a query selects.
//!
//! The server as it is confirms reservations that it does not store, so success is only what the machine's assignees
//! show. Where nothing was stored, an administrator's token can still assign the machine.

mod acquire;
mod apply;
mod candidates;
mod plan;

use serde::Serialize;

use crate::client::{Assignee, Client, Machine, Query, ReadOnlyClient, Symbol};
use crate::support::sort::sorted;
use crate::task::lookup::MachineRef;
use crate::task::wait::Waiting;
use crate::task::{Plan, StepOutcome, Task, TaskError, Wait, verify};
use candidates::Wanted;

/// The reservations that shall be, or shall not.
#[derive(Clone, Debug)]
pub struct ReservationSpec {
    /// Which machines.
    pub machines: Selection,
    /// What for. A machine that its user holds for another reason is not free for this one; None is any reason.
    pub reason: Option<String>,
    /// Hold them, or give them back.
    pub presence: Presence,
}

/// Which machines are meant.
#[derive(Clone, Debug)]
pub enum Selection {
    /// This one.
    Machine(MachineRef),
    /// Any that match.
    Query(Query),
}

/// Whether the machines shall be held.
#[derive(Clone, Debug)]
pub enum Presence {
    /// So many of them, or none.
    Present(Wish),
    /// None of them.
    Absent,
}

/// How machines shall be held.
#[derive(Clone, Debug)]
pub struct Wish {
    /// At least so many.
    pub count: usize,
    /// The name of the token's user, where the server would not tell it.
    pub user: Option<String>,
    /// Until enough machines are free; None fails at once.
    pub wait: Option<Wait>,
}

/// One operation on reservations.
#[derive(Debug)]
pub enum ReservationOp {
    /// Take machines, all that are missing or none.
    Hold(Hold),
    /// Give one back.
    Release(Held),
}

/// Machines to take.
#[derive(Debug)]
pub struct Hold {
    wanted: Wanted,
    /// How many.
    missing: usize,
    reason: String,
    user: Option<String>,
    waiting: Option<Waiting>,
}

/// What is held.
#[derive(Debug, Serialize)]
pub struct ReservationReport {
    /// By name.
    pub machines: Vec<Held>,
}

/// A machine that the token's user holds.
#[derive(Clone, Debug, Serialize)]
pub struct Held {
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
        verify::at_most("reason", self.reason_text(), 140)?;
        let counts_assignees = match &self.machines {
            Selection::Machine(_) => false,
            Selection::Query(query) => query.mentions(Symbol::AssigneeCount),
        };
        if counts_assignees && matches!(self.presence, Presence::Present(_)) {
            return Err(TaskError::Refused(
                "query must not use assignee_count: a machine would not match any more as soon as it is held. \
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
        let wanted = Wanted::resolve(client, &self.machines)?;
        let held = wanted.held(client, self.reason.as_deref())?;
        match &self.presence {
            Presence::Present(wish) => self.plan_present(client, wish, wanted, held),
            Presence::Absent => Ok(plan::absent(held)),
        }
    }

    fn perform(
        client: &Client,
        op: ReservationOp,
        report: &mut ReservationReport,
    ) -> Result<StepOutcome<ReservationOp>, TaskError> {
        match op {
            ReservationOp::Hold(hold) => apply::hold(client, hold, report),
            ReservationOp::Release(held) => apply::release(client, &held),
        }
    }

    fn title(&self) -> String {
        match &self.machines {
            Selection::Machine(machine) => format!("reservation of {}", machine.title()),
            Selection::Query(_) => "reservation".into(),
        }
    }
}

impl ReservationReport {
    /// The fields of a step: which machines are held.
    fn names(&self) -> Vec<&str> {
        let names = self.machines.iter().map(|held| held.machine.name.as_str());
        names.collect()
    }

    fn add(&mut self, machines: impl IntoIterator<Item = Held>) {
        let held = std::mem::take(&mut self.machines);
        let all = held.into_iter().chain(machines).collect();
        self.machines = sorted(all, |held: &Held| (held.machine.name.clone(), 0));
    }
}

impl Held {
    fn planned(machine: Machine) -> Held {
        Held {
            machine,
            assignment: None,
        }
    }
}
