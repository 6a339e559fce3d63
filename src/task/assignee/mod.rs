//! A machine that is, or is not, assigned to a user.
//!
//! Only administrators can assign machines, and change or end an assignment of another user. The server does not say
//! who the token's user is, so nothing is refused before the server refuses it.

mod apply;
mod plan;

use serde::Serialize;

use crate::client::{Assignee, AssigneeId, Client, Machine, NewAssignee, ReadOnlyClient};
use crate::support::sort::sorted;
use crate::task::lookup;
use crate::task::lookup::MachineRef;
use crate::task::{Plan, StepOutcome, Task, TaskError, verify};

/// The desired assignment of a machine.
#[derive(Clone, Debug)]
pub struct AssigneeSpec {
    /// Which machine.
    pub machine: MachineRef,
    /// Assigned to a user, or not.
    pub presence: AssigneePresence,
}

/// Whether the assignment is to exist.
#[derive(Clone, Debug)]
pub enum AssigneePresence {
    /// The machine is assigned to this user. A reason that is not given stays as it is.
    Present(NewAssignee),
    /// It is not assigned to this user; None is the token's own.
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

/// The machine and who holds it.
#[derive(Debug, Serialize)]
pub struct AssigneeReport {
    /// The server's fields.
    pub machine: Machine,
    /// In the order of the users' names.
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
            AssigneePresence::Present(wanted) => {
                verify::require_length("O(reason)", wanted.reason.as_deref().unwrap_or(""), 140)
            }
            AssigneePresence::Absent(_) => Ok(()),
        }
    }

    fn plan(&self, client: &ReadOnlyClient) -> Result<Plan<AssigneeOp, AssigneeReport>, TaskError> {
        let machine = lookup::find_machine(client, &self.machine)?;
        let assignees = client.assignees().list(machine.id)?;
        let mut plan = Plan::empty(AssigneeReport::new(machine, &assignees));
        match &self.presence {
            AssigneePresence::Present(wanted) => plan::push_present(&mut plan, &assignees, wanted),
            AssigneePresence::Absent(user) => {
                let id = plan.report.machine.id;
                let held = match user {
                    Some(user) => find_assignment(&assignees, user).cloned(),
                    None => client.assignees().own(id)?,
                };
                if let Some(held) = held {
                    plan::push_absent(&mut plan, held);
                }
            }
        }
        Ok(plan)
    }

    fn apply_step(
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
    fn new(machine: Machine, assignees: &[Assignee]) -> Self {
        let facts = assignees.iter().map(AssigneeFacts::from_assignee).collect();
        AssigneeReport {
            machine,
            assignees: sorted_by_user(facts),
        }
    }
}

impl AssigneeFacts {
    fn from_assignee(assignee: &Assignee) -> Self {
        AssigneeFacts {
            id: Some(assignee.id),
            user: assignee.user.clone(),
            reason: assignee.reason.clone(),
        }
    }
}

/// The server's lists have no order.
fn sorted_by_user(facts: Vec<AssigneeFacts>) -> Vec<AssigneeFacts> {
    sorted(facts, |assignee| {
        (assignee.user.clone().unwrap_or_default(), 0)
    })
}

fn find_assignment<'a>(assignees: &'a [Assignee], user: &str) -> Option<&'a Assignee> {
    assignees
        .iter()
        .find(|assignee| assignee.user.as_deref() == Some(user))
}
