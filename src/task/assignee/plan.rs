//! From the assignment that shall be and those that are to the step between them.

use serde_json::{Value, json};

use crate::client::{Assignee, NewAssignee};
use crate::task::assignee::{AssigneeFacts, AssigneeOp, AssigneeReport, assignment_of, sorted};
use crate::task::machine::named;
use crate::task::{Action, Plan, Step};

type AssigneePlan = Plan<AssigneeOp, AssigneeReport>;

pub(super) fn push_present(plan: &mut AssigneePlan, assignees: &[Assignee], wanted: &NewAssignee) {
    match (assignment_of(assignees, &wanted.user), &wanted.reason) {
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
    let step = Step {
        action: Action::Create,
        target: target(plan, &wanted.user),
        why: format!("the machine is not assigned to {}", wanted.user),
        before: Value::Null,
        after: json!({ "user": planned.user, "reason": planned.reason }),
        text: None,
    };
    plan.report.assignees.push(planned);
    plan.report.assignees = sorted(std::mem::take(&mut plan.report.assignees));
    plan.push(AssigneeOp::Create(wanted.clone()), step);
}

fn push_update(plan: &mut AssigneePlan, held: &Assignee, reason: &str) {
    let step = Step {
        action: Action::Update,
        target: target(plan, user_of(held)),
        why: "reason differs".into(),
        before: json!({ "reason": held.reason }),
        after: json!({ "reason": reason }),
        text: None,
    };
    for facts in &mut plan.report.assignees {
        if facts.id == Some(held.id) {
            facts.reason = Some(reason.to_owned());
        }
    }
    plan.push(AssigneeOp::Update(held.clone(), reason.to_owned()), step);
}

pub(super) fn push_absent(plan: &mut AssigneePlan, held: Assignee) {
    let step = Step {
        action: Action::Delete,
        target: target(plan, user_of(&held)),
        why: "it shall be absent".into(),
        before: json!({ "user": held.user, "reason": held.reason }),
        after: Value::Null,
        text: None,
    };
    plan.report
        .assignees
        .retain(|facts| facts.id != Some(held.id));
    plan.push(AssigneeOp::Delete(held), step);
}

fn target(plan: &AssigneePlan, user: &str) -> String {
    format!("assignment of {} to {user}", named(&plan.report.machine))
}

fn user_of(assignee: &Assignee) -> &str {
    assignee.user.as_deref().unwrap_or("an unknown user")
}
