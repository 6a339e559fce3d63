//! Carrying out one operation on a machine's assignments, and looking whether it took effect.

use serde_json::json;

use crate::client::{Assignee, Client, ErrorCode, NewAssignee};
use crate::task::assignee::{AssigneeOp, AssigneeReport, assignment_of};
use crate::task::machine::named;
use crate::task::{StepOutcome, TaskError, lookup, verify};

pub(super) fn create(
    client: &Client,
    new: &NewAssignee,
    report: &mut AssigneeReport,
) -> Result<StepOutcome<AssigneeOp>, TaskError> {
    let effect = match client.assignees().create(report.machine.id, new) {
        Ok(_) => StepOutcome::Done,
        Err(error) if error.is_conflict() => StepOutcome::Skipped(format!(
            "{} was assigned to {} by somebody else meanwhile",
            named(&report.machine),
            new.user
        )),
        Err(error) if error.code() == Some(ErrorCode::NoSuchUser) => {
            return Err(lookup::no_such_user(client.read_only(), &new.user)?);
        }
        Err(error) => return Err(error.into()),
    };
    look_again(client, report, &new.user, new.reason.as_deref())?;
    Ok(effect)
}

pub(super) fn update(
    client: &Client,
    held: &Assignee,
    reason: &str,
    report: &mut AssigneeReport,
) -> Result<StepOutcome<AssigneeOp>, TaskError> {
    client
        .assignees()
        .update(report.machine.id, held.id, reason)?;
    let user = held.user.as_deref().unwrap_or("");
    look_again(client, report, user, Some(reason))?;
    Ok(StepOutcome::Done)
}

pub(super) fn delete(
    client: &Client,
    held: &Assignee,
    report: &mut AssigneeReport,
) -> Result<StepOutcome<AssigneeOp>, TaskError> {
    let machine = report.machine.clone();
    client.assignees().delete(machine.id, held.id)?;
    let found = verify::looked_at(&named(&machine), client.assignees().list(machine.id))?;
    let still_there = found.iter().any(|assignee| assignee.id == held.id);
    verify::gone(&format!("assignment of {}", named(&machine)), still_there)?;
    *report = AssigneeReport::of(machine, &found);
    Ok(StepOutcome::Done)
}

/// Looks whether the user holds the machine, with the reason where one was sent.
fn look_again(
    client: &Client,
    report: &mut AssigneeReport,
    user: &str,
    reason: Option<&str>,
) -> Result<(), TaskError> {
    let machine = report.machine.clone();
    let found = verify::looked_at(&named(&machine), client.assignees().list(machine.id))?;
    let mut sent = verify::fields_sent(json!({ "user": user, "reason": reason }));
    sent.retain(|_, value| !value.is_null());
    let held = json!(assignment_of(&found, user));
    verify::read_back(&named(&machine), &sent, &verify::same_fields(held, &sent))?;
    *report = AssigneeReport::of(machine, &found);
    Ok(())
}
