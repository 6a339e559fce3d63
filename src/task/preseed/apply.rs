//! Applying one operation on a preseed, and reading back whether it took effect.

use serde_json::{Value, json};

use crate::client::{Client, NewPreseed, Preseed, PreseedChanges, PreseedId};
use crate::task::preseed::{
    PreseedOp, PreseedReport, preseed_title, require_unused, without_content,
};
use crate::task::{StepOutcome, TaskError, verify};

pub(super) fn create(
    client: &Client,
    new: &NewPreseed,
    report: &mut PreseedReport,
) -> Result<StepOutcome<PreseedOp>, TaskError> {
    let created = client.preseeds().create(new)?;
    read_back(client, created.id, json!(new), report)
}

pub(super) fn update(
    client: &Client,
    id: PreseedId,
    changes: &PreseedChanges,
    report: &mut PreseedReport,
) -> Result<StepOutcome<PreseedOp>, TaskError> {
    client.preseeds().update(id, changes)?;
    read_back(client, id, json!(changes), report)
}

fn read_back(
    client: &Client,
    id: PreseedId,
    sent: Value,
    report: &mut PreseedReport,
) -> Result<StepOutcome<PreseedOp>, TaskError> {
    let found = verify::require_read_back(&format!("preseed {id}"), client.preseeds().get(id))?;
    verify::require_stored(
        &preseed_title(&found.name),
        without_content(sent),
        without_content(json!(found)),
    )?;
    *report = PreseedReport::from_preseed(&found);
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
    let title = preseed_title(&preseed.name);
    let found = verify::require_read_back(&title, client.preseeds().find(&preseed.name))?;
    verify::require_deleted(&title, found.is_some_and(|found| found.id == preseed.id))?;
    Ok(StepOutcome::Done)
}
