//! Applying one operation on a machine's assignments, and reading back whether it took effect.

use serde_json::json;

use crate::client::{Assignee, Client, ErrorCode, NewAssignee};
use crate::task::assignee::{AssigneeOp, AssigneeReport, find_assignment};
use crate::task::machine::machine_title;
use crate::task::{StepOutcome, TaskError, lookup, verify};

pub(super) fn create(
    client: &Client,
    new: &NewAssignee,
    report: &mut AssigneeReport,
) -> Result<StepOutcome<AssigneeOp>, TaskError> {
    let outcome = match client.assignees().create(report.machine.id, new) {
        Ok(_) => StepOutcome::Done,
        Err(error) if error.is_conflict() => StepOutcome::Skipped(format!(
            "{} was assigned to {} by somebody else meanwhile",
            machine_title(&report.machine),
            new.user
        )),
        Err(error) if error.code() == Some(ErrorCode::NoSuchUser) => {
            return Err(lookup::user_not_found(client.read_only(), &new.user)?);
        }
        Err(error) => return Err(error.into()),
    };
    read_back(client, report, &new.user, new.reason.as_deref())?;
    Ok(outcome)
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
    read_back(client, report, user, Some(reason))?;
    Ok(StepOutcome::Done)
}

pub(super) fn delete(
    client: &Client,
    held: &Assignee,
    report: &mut AssigneeReport,
) -> Result<StepOutcome<AssigneeOp>, TaskError> {
    let machine = report.machine.clone();
    client.assignees().delete(machine.id, held.id)?;
    let found = verify::require_read_back(
        &machine_title(&machine),
        client.assignees().list(machine.id),
    )?;
    let still_there = found.iter().any(|assignee| assignee.id == held.id);
    verify::require_deleted(
        &format!("assignment of {}", machine_title(&machine)),
        still_there,
    )?;
    *report = AssigneeReport::new(machine, &found);
    Ok(StepOutcome::Done)
}

/// Reads whether the user holds the machine, with the reason if one was sent.
fn read_back(
    client: &Client,
    report: &mut AssigneeReport,
    user: &str,
    reason: Option<&str>,
) -> Result<(), TaskError> {
    let machine = report.machine.clone();
    let title = machine_title(&machine);
    let found = verify::require_read_back(&title, client.assignees().list(machine.id))?;
    let sent = match reason {
        Some(reason) => json!({ "user": user, "reason": reason }),
        None => json!({ "user": user }),
    };
    verify::require_stored(&title, sent, json!(find_assignment(&found, user)))?;
    *report = AssigneeReport::new(machine, &found);
    Ok(())
}
