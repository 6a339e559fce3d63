//! A machine that is, or is not, assigned to a user.
//!
//! Only administrators can assign machines, and change or end an assignment of another user. The server does not say
//! who the token's user is, so nothing is refused before the server refuses it.

use serde::Serialize;
use serde_json::{Value, json};

use crate::client::{
    self, Assignee, AssigneeId, Client, ErrorCode, Machine, MachineId, NewAssignee, ReadOnlyClient,
};
use crate::support::sort::sorted;
use crate::task::lookup::{self, MachineRef};
use crate::task::machine::machine_title;
use crate::task::plan::changed_text;
use crate::task::verify::Change;
use crate::task::{
    Action, Plan, PlanResult, Result, Step, StepOutcome, StepResult, Task, TaskError, verify,
};

#[derive(Clone, Debug)]
pub(crate) struct AssigneeSpec {
    pub machine: MachineRef,
    pub presence: AssigneePresence,
}

#[derive(Clone, Debug)]
pub(crate) enum AssigneePresence {
    /// The machine is assigned to this user. A reason that is not given stays as it is.
    Present(NewAssignee),
    /// It is not assigned to this user; None is the token's own.
    Absent(Option<String>),
}

/// One operation on the assignments of the machine in the report.
#[derive(Debug)]
pub(crate) enum AssigneeOp {
    Create(NewAssignee),
    Update(AssigneeId, Change<NewAssignee>),
    Delete(AssigneeId),
}

#[derive(Debug, Serialize)]
pub(crate) struct AssigneeReport {
    pub machine: Machine,
    pub assignees: Vec<AssigneeFacts>,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct AssigneeFacts {
    /// Null while it is only planned.
    pub id: Option<AssigneeId>,
    pub user: Option<String>,
    /// Empty where none was given.
    pub reason: Option<String>,
}

type AssigneePlan = Plan<AssigneeOp, AssigneeReport>;

impl Task for AssigneeSpec {
    type Op = AssigneeOp;
    type Report = AssigneeReport;

    fn require_valid_options(&self) -> Result<()> {
        match &self.presence {
            AssigneePresence::Present(desired) => {
                verify::require_length("O(reason)", desired.reason.as_deref(), 140)
            }
            AssigneePresence::Absent(_) => Ok(()),
        }
    }

    fn plan(&self, client: &ReadOnlyClient) -> PlanResult<Self> {
        let machine = lookup::find_machine(client, &self.machine)?;
        let id = machine.id;
        let assignees = client.assignees().list(id)?;
        let mut plan = Plan::empty(AssigneeReport {
            machine,
            assignees: assignee_facts(&assignees),
        });
        match &self.presence {
            AssigneePresence::Present(desired) => {
                match find_assignment(&assignees, &desired.user) {
                    Some(held) => push_update(&mut plan, held, desired),
                    None => push_create(&mut plan, desired),
                }
            }
            AssigneePresence::Absent(user) => {
                let held = match user {
                    Some(user) => find_assignment(&assignees, user).cloned(),
                    None => client.assignees().own(id)?,
                };
                if let Some(held) = held {
                    push_delete(&mut plan, &held);
                }
            }
        }
        Ok(plan)
    }

    fn apply_step(client: &Client, op: &mut AssigneeOp, report: &mut AssigneeReport) -> StepResult {
        let (assignees, machine) = (client.assignees(), report.machine.id);
        let title = machine_title(&report.machine);
        let mut outcome = StepOutcome::Done;
        match op {
            AssigneeOp::Create(new) => match create(client, machine, new) {
                Err(TaskError::Api(error)) if error.is_conflict() => {
                    outcome = find_assigned_meanwhile(client, &report.machine, new, error)?;
                }
                created => created?,
            },
            AssigneeOp::Update(id, change) => {
                let put = |fields: &NewAssignee| {
                    assignees.update(machine, *id, fields.reason.as_deref().unwrap_or(""))
                };
                let get = || assignees.get(machine, *id);
                match verify::write(&title, change, put, put, get) {
                    // Another run has ended the assignment.
                    Err(TaskError::Api(error))
                        if error.code() == Some(ErrorCode::AssigneeNotFound) =>
                    {
                        let new = &change.to;
                        match create(client, machine, new) {
                            Err(TaskError::Api(error)) if error.is_forbidden() => {
                                let object = format!("assignment of {title} to {}", new.user);
                                return Err(lookup::deleted_before_change(&object));
                            }
                            created => created?,
                        }
                    }
                    written => drop(written?),
                }
            }
            AssigneeOp::Delete(id) => {
                if !assignees.end(machine, *id)? {
                    outcome = lookup::deleted_meanwhile(&format!("assignment of {title}"));
                }
            }
        }
        let found = verify::require_read_back(&title, assignees.list(machine))?;
        match op {
            AssigneeOp::Create(new) | AssigneeOp::Update(_, Change { to: new, .. }) => {
                let held = find_assignment(&found, &new.user);
                verify::require_stored(&title, json!(new), json!(held))?;
            }
            AssigneeOp::Delete(id) => {
                let still_there = found.iter().any(|assignee| assignee.id == *id);
                verify::require_deleted(&format!("assignment of {title}"), still_there)?;
            }
        }
        report.assignees = assignee_facts(&found);
        Ok(outcome)
    }

    fn title(&self) -> String {
        self.machine.title()
    }
}

fn create(client: &Client, machine: MachineId, new: &NewAssignee) -> Result<()> {
    match client.assignees().create(machine, new) {
        Err(error) if error.code() == Some(ErrorCode::NoSuchUser) => {
            Err(lookup::user_not_found(client.read_only(), &new.user)?)
        }
        Err(error) => Err(error.into()),
        Ok(_) => Ok(()),
    }
}

/// The outcome of a creation that conflicts: an assignment that somebody else made since the plan was made, with the
/// reason that is wanted here. The conflict may have another cause.
fn find_assigned_meanwhile(
    client: &Client,
    machine: &Machine,
    new: &NewAssignee,
    conflict: client::Error,
) -> StepResult {
    let found = client.assignees().list(machine.id)?;
    let Some(held) = find_assignment(&found, &new.user) else {
        return Err(conflict.into());
    };
    let Some(reason) = changed_text(&new.reason, &held.reason) else {
        let title = machine_title(machine);
        return Ok(StepOutcome::Skipped(format!(
            "{title} was assigned to {} by somebody else meanwhile",
            new.user
        )));
    };
    client.assignees().update(machine.id, held.id, &reason)?;
    Ok(StepOutcome::Done)
}

fn push_create(plan: &mut AssigneePlan, desired: &NewAssignee) {
    let planned = AssigneeFacts {
        id: None,
        user: Some(desired.user.clone()),
        reason: Some(desired.reason.clone().unwrap_or_default()),
    };
    let step = Step::new(
        Action::Create,
        assignment_title(plan, &desired.user),
        format!("the machine is not assigned to {}", desired.user),
        Value::Null,
        json!({ "user": planned.user, "reason": planned.reason }),
    );
    plan.report.assignees.push(planned);
    plan.report.assignees = sorted_by_user(std::mem::take(&mut plan.report.assignees));
    plan.push(AssigneeOp::Create(desired.clone()), step);
}

fn push_update(plan: &mut AssigneePlan, held: &Assignee, desired: &NewAssignee) {
    let Some(reason) = changed_text(&desired.reason, &held.reason) else {
        return;
    };
    let step = Step::new(
        Action::Update,
        assignment_title(plan, &desired.user),
        "reason differs",
        json!({ "reason": held.reason }),
        json!({ "reason": reason }),
    );
    for facts in &mut plan.report.assignees {
        if facts.id == Some(held.id) {
            facts.reason = Some(reason.clone());
        }
    }
    let from = NewAssignee {
        user: desired.user.clone(),
        reason: Some(held.reason.clone().unwrap_or_default()),
    };
    let to = desired.clone();
    plan.push(AssigneeOp::Update(held.id, Change { to, from }), step);
}

fn push_delete(plan: &mut AssigneePlan, held: &Assignee) {
    let user = held.user.as_deref().unwrap_or("an unknown user");
    let step = Step::delete(
        assignment_title(plan, user),
        json!({ "user": held.user, "reason": held.reason }),
    );
    plan.report
        .assignees
        .retain(|facts| facts.id != Some(held.id));
    plan.push(AssigneeOp::Delete(held.id), step);
}

fn assignee_facts(assignees: &[Assignee]) -> Vec<AssigneeFacts> {
    let facts = assignees.iter().map(|assignee| AssigneeFacts {
        id: Some(assignee.id),
        user: assignee.user.clone(),
        reason: assignee.reason.clone(),
    });
    sorted_by_user(facts.collect())
}

/// The server's lists have no order.
fn sorted_by_user(facts: Vec<AssigneeFacts>) -> Vec<AssigneeFacts> {
    sorted(facts, |facts| (facts.user.clone().unwrap_or_default(), 0))
}

fn find_assignment<'a>(assignees: &'a [Assignee], user: &str) -> Option<&'a Assignee> {
    assignees
        .iter()
        .find(|assignee| assignee.user.as_deref() == Some(user))
}

fn assignment_title(plan: &AssigneePlan, user: &str) -> String {
    format!(
        "assignment of {} to {user}",
        machine_title(&plan.report.machine)
    )
}
