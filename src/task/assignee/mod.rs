//! A machine that is, or is not, assigned to a user.
//!
//! Only administrators assign machines, and only they change or end an assignment of somebody else. Who the token's
//! user is, the server does not tell, so what is not allowed shows when it is refused.

mod apply;
mod plan;

use serde::Serialize;

use crate::client::{Assignee, AssigneeId, Client, Machine, NewAssignee, ReadOnlyClient};
use crate::support::sort;
use crate::task::lookup;
use crate::task::lookup::MachineRef;
use crate::task::{Plan, StepOutcome, Task, TaskError, verify};

/// The assignment that shall be, or shall not.
#[derive(Clone, Debug)]
pub struct AssigneeSpec {
    /// Which machine.
    pub machine: MachineRef,
    /// Whom it shall be assigned to, or taken from.
    pub presence: Presence,
}

/// Whether the assignment shall be there.
#[derive(Clone, Debug)]
pub enum Presence {
    /// The machine shall be assigned to this user. A reason that is not given stays as it is.
    Present(NewAssignee),
    /// It shall not be assigned to this user; None is the token's own.
    Absent(Option<String>),
}

/// One operation on a machine's assignments.
#[derive(Debug)]
pub enum AssigneeOp {
    /// Assign the machine.
    Create(NewAssignee),
    /// Change the reason.
    Update(Assignee, String),
    /// End an assignment.
    Delete(Assignee),
}

/// The machine and who holds it, as they are told.
#[derive(Debug, Serialize)]
pub struct AssigneeReport {
    /// The server's fields.
    pub machine: Machine,
    /// By the users' names.
    pub assignees: Vec<AssigneeFacts>,
}

/// One assignment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AssigneeFacts {
    /// Null while it is only planned.
    pub id: Option<AssigneeId>,
    /// The user's name.
    pub user: Option<String>,
    /// Empty where none was given.
    pub reason: Option<String>,
}

impl Task for AssigneeSpec {
    type Op = AssigneeOp;
    type Report = AssigneeReport;

    fn require_valid_options(&self) -> Result<(), TaskError> {
        match &self.presence {
            Presence::Present(wanted) => {
                verify::at_most("reason", wanted.reason.as_deref().unwrap_or(""), 140)
            }
            Presence::Absent(_) => Ok(()),
        }
    }

    fn plan(&self, client: &ReadOnlyClient) -> Result<Plan<AssigneeOp, AssigneeReport>, TaskError> {
        let machine = lookup::machine(client, &self.machine)?;
        let assignees = client.assignees().list(machine.id)?;
        let mut plan = Plan::nothing(AssigneeReport::of(machine, &assignees));
        match &self.presence {
            Presence::Present(wanted) => plan::push_present(&mut plan, &assignees, wanted),
            Presence::Absent(user) => {
                let id = plan.report.machine.id;
                let held = match user {
                    Some(user) => assignment_of(&assignees, user).cloned(),
                    None => client.assignees().own(id)?,
                };
                if let Some(held) = held {
                    plan::push_absent(&mut plan, held);
                }
            }
        }
        Ok(plan)
    }

    fn perform(
        client: &Client,
        op: AssigneeOp,
        report: &mut AssigneeReport,
    ) -> Result<StepOutcome<AssigneeOp>, TaskError> {
        match op {
            AssigneeOp::Create(new) => apply::create(client, &new, report),
            AssigneeOp::Update(held, reason) => apply::update(client, &held, &reason, report),
            AssigneeOp::Delete(held) => apply::delete(client, &held, report),
        }
    }

    fn title(&self) -> String {
        self.machine.title()
    }
}

impl AssigneeReport {
    fn of(machine: Machine, assignees: &[Assignee]) -> Self {
        let facts = assignees.iter().map(AssigneeFacts::of).collect();
        AssigneeReport {
            machine,
            assignees: sorted(facts),
        }
    }
}

impl AssigneeFacts {
    fn of(assignee: &Assignee) -> Self {
        AssigneeFacts {
            id: Some(assignee.id),
            user: assignee.user.clone(),
            reason: assignee.reason.clone(),
        }
    }
}

/// The server's lists have no order.
fn sorted(facts: Vec<AssigneeFacts>) -> Vec<AssigneeFacts> {
    sort::sorted(facts, |assignee| {
        (assignee.user.clone().unwrap_or_default(), 0)
    })
}

fn assignment_of<'a>(assignees: &'a [Assignee], user: &str) -> Option<&'a Assignee> {
    assignees
        .iter()
        .find(|assignee| assignee.user.as_deref() == Some(user))
}
