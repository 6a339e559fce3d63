//! Carrying out one operation on a preseed, and looking whether it took effect.

use serde_json::{Map, Value, json};

use crate::client::{Client, NewPreseed, Preseed, PreseedChanges, PreseedId};
use crate::task::preseed::{PreseedOp, PreseedReport, require_unused, without_text};
use crate::task::{StepOutcome, TaskError, verify};

pub(super) fn create(
    client: &Client,
    new: &NewPreseed,
    report: &mut PreseedReport,
) -> Result<StepOutcome<PreseedOp>, TaskError> {
    let created = client.preseeds().create(new)?;
    look_again(client, created.id, verify::fields_sent(json!(new)), report)
}

pub(super) fn update(
    client: &Client,
    id: PreseedId,
    changes: &PreseedChanges,
    report: &mut PreseedReport,
) -> Result<StepOutcome<PreseedOp>, TaskError> {
    client.preseeds().update(id, changes)?;
    look_again(client, id, verify::fields_sent(json!(changes)), report)
}

fn look_again(
    client: &Client,
    id: PreseedId,
    sent: Map<String, Value>,
    report: &mut PreseedReport,
) -> Result<StepOutcome<PreseedOp>, TaskError> {
    let found = verify::looked_at(&format!("preseed {id}"), client.preseeds().get(id))?;
    let short = |fields, text| verify::fields_sent(without_text(Value::Object(fields), text));
    let seen = verify::same_fields(json!(found), &sent);
    let sent_text = sent
        .get("content")
        .and_then(Value::as_str)
        .map(str::to_owned);
    verify::read_back(
        &format!("preseed '{}'", found.name),
        &short(sent, sent_text.as_deref()),
        &short(seen, found.content.as_deref()),
    )?;
    *report = PreseedReport::of(&found);
    Ok(StepOutcome::Done)
}

pub(super) fn delete(
    client: &Client,
    preseed: &Preseed,
) -> Result<StepOutcome<PreseedOp>, TaskError> {
    match client.preseeds().delete(preseed.id) {
        Err(error) if error.is_conflict() => {
            require_unused(client.read_only(), preseed)?;
            return Err(error.into());
        }
        answer => answer?,
    }
    let title = format!("preseed '{}'", preseed.name);
    let found = verify::looked_at(&title, client.preseeds().find(&preseed.name))?;
    verify::gone(&title, found.is_some_and(|found| found.id == preseed.id))?;
    Ok(StepOutcome::Done)
}
