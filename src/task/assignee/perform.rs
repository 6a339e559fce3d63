//! Carrying out one operation on a machine's assignments, and looking whether it took effect.

use serde_json::json;

use super::{AssigneeOp, AssigneeReport, assignment_of};
use crate::api::{ApiError, Assignee, NewAssignee, Writer};
use crate::task::machine::named;
use crate::task::{Effect, TaskError, check, lookup};

pub(super) fn create(
    writer: &Writer,
    new: &NewAssignee,
    report: &mut AssigneeReport,
) -> Result<Effect<AssigneeOp>, TaskError> {
    let effect = match writer.assignees().create(report.machine.id, new) {
        Ok(_) => Effect::Done,
        Err(error) if error.is_conflict() => Effect::Skipped(format!(
            "{} was assigned to {} by somebody else meanwhile",
            named(&report.machine),
            new.user
        )),
        Err(ApiError::InvalidRequest(refusal)) if refusal.reason().ends_with("no such user") => {
            return Err(lookup::no_such_user(writer.reader(), &new.user)?);
        }
        Err(error) => return Err(error.into()),
    };
    look_again(writer, report, &new.user, new.reason.as_deref())?;
    Ok(effect)
}

pub(super) fn update(
    writer: &Writer,
    held: &Assignee,
    reason: &str,
    report: &mut AssigneeReport,
) -> Result<Effect<AssigneeOp>, TaskError> {
    writer
        .assignees()
        .update(report.machine.id, held.id, reason)?;
    let user = held.user.as_deref().unwrap_or("");
    look_again(writer, report, user, Some(reason))?;
    Ok(Effect::Done)
}

pub(super) fn delete(
    writer: &Writer,
    held: &Assignee,
    report: &mut AssigneeReport,
) -> Result<Effect<AssigneeOp>, TaskError> {
    let machine = report.machine.clone();
    writer.assignees().delete(machine.id, held.id)?;
    let found = check::looked_at(&named(&machine), writer.assignees().list(machine.id))?;
    let still_there = found.iter().any(|assignee| assignee.id == held.id);
    check::gone(&format!("assignment of {}", named(&machine)), still_there)?;
    *report = AssigneeReport::of(machine, &found);
    Ok(Effect::Done)
}

/// Looks whether the user holds the machine, with the reason where one was sent.
fn look_again(
    writer: &Writer,
    report: &mut AssigneeReport,
    user: &str,
    reason: Option<&str>,
) -> Result<(), TaskError> {
    let machine = report.machine.clone();
    let found = check::looked_at(&named(&machine), writer.assignees().list(machine.id))?;
    let mut sent = check::fields_sent(json!({ "user": user, "reason": reason }));
    sent.retain(|_, value| !value.is_null());
    let held = json!(assignment_of(&found, user));
    check::read_back(&named(&machine), &sent, &check::same_fields(held, &sent))?;
    *report = AssigneeReport::of(machine, &found);
    Ok(())
}
