//! Planning an assignment: the step from the existing assignments to the desired one.

use serde_json::{Value, json};

use crate::client::{Assignee, NewAssignee};
use crate::task::assignee::{
    AssigneeFacts, AssigneeOp, AssigneeReport, find_assignment, sorted_by_user,
};
use crate::task::machine::machine_title;
use crate::task::{Action, Plan, Step};

type AssigneePlan = Plan<AssigneeOp, AssigneeReport>;

pub(super) fn push_present(plan: &mut AssigneePlan, assignees: &[Assignee], wanted: &NewAssignee) {
    match (find_assignment(assignees, &wanted.user), &wanted.reason) {
        (None, _) => push_create(plan, wanted),
        (Some(held), Some(reason)) if held.reason.as_deref().unwrap_or("") != reason => {
            push_update(plan, held, reason);
        }
        (Some(_), _) => {}
    }
}

fn push_create(plan: &mut AssigneePlan, wanted: &NewAssignee) {
    let planned = AssigneeFacts {
        id: None,
        user: Some(wanted.user.clone()),
        reason: Some(wanted.reason.clone().unwrap_or_default()),
    };
    let step = Step::new(
        Action::Create,
        assignment_title(plan, &wanted.user),
        format!("the machine is not assigned to {}", wanted.user),
        Value::Null,
        json!({ "user": planned.user, "reason": planned.reason }),
    );
    plan.report.assignees.push(planned);
    plan.report.assignees = sorted_by_user(std::mem::take(&mut plan.report.assignees));
    plan.push(AssigneeOp::Create(wanted.clone()), step);
}

fn push_update(plan: &mut AssigneePlan, held: &Assignee, reason: &str) {
    let step = Step::new(
        Action::Update,
        assignment_title(plan, user_of(held)),
        "reason differs",
        json!({ "reason": held.reason }),
        json!({ "reason": reason }),
    );
    for facts in &mut plan.report.assignees {
        if facts.id == Some(held.id) {
            facts.reason = Some(reason.to_owned());
        }
    }
    plan.push(AssigneeOp::Update(held.clone(), reason.to_owned()), step);
}

pub(super) fn push_absent(plan: &mut AssigneePlan, held: Assignee) {
    let step = Step::delete(
        assignment_title(plan, user_of(&held)),
        json!({ "user": held.user, "reason": held.reason }),
    );
    plan.report
        .assignees
        .retain(|facts| facts.id != Some(held.id));
    plan.push(AssigneeOp::Delete(held), step);
}

fn assignment_title(plan: &AssigneePlan, user: &str) -> String {
    format!(
        "assignment of {} to {user}",
        machine_title(&plan.report.machine)
    )
}

fn user_of(assignee: &Assignee) -> &str {
    assignee.user.as_deref().unwrap_or("an unknown user")
}
