//! Applying one operation on a preseed, and reading back whether it took effect.

use serde_json::{Value, json};

use crate::client::{self, Client, NewPreseed, Preseed, PreseedChanges, PreseedId};
use crate::task::preseed::{
    PreseedReport, ownership_of, preseed_title, require_unused, without_content,
};
use crate::task::verify::Change;
use crate::task::{StepOutcome, StepResult, TaskError, lookup, verify};

pub(super) fn create(client: &Client, new: &NewPreseed, report: &mut PreseedReport) -> StepResult {
    match client.preseeds().create(new) {
        Err(error) if error.is_conflict() => find_created_meanwhile(client, new, error, report),
        created => read_back(client, created?.id, json!(new), report),
    }
}

pub(super) fn update(
    client: &Client,
    id: PreseedId,
    change: &Change<PreseedChanges>,
    instead: Option<&NewPreseed>,
    report: &mut PreseedReport,
) -> StepResult {
    let preseeds = client.preseeds();
    let put = |fields: &_| preseeds.update(id, fields);
    match verify::write(&format!("preseed {id}"), change, put, put, || {
        preseeds.get(id)
    }) {
        Err(TaskError::Api(error)) if error.is_not_found() => match instead {
            Some(new) => create(client, new, report),
            None => {
                let name = report.preseed.as_ref().map_or("", |facts| &facts.name);
                Err(lookup::deleted_before_change(&preseed_title(name)))
            }
        },
        written => require_stored(&written?, json!(change.to), report),
    }
}

fn read_back(
    client: &Client,
    id: PreseedId,
    sent: Value,
    report: &mut PreseedReport,
) -> StepResult {
    let found = verify::require_read_back(&format!("preseed {id}"), client.preseeds().get(id))?;
    require_stored(&found, sent, report)
}

/// Compares without showing contents.
fn require_stored(found: &Preseed, sent: Value, report: &mut PreseedReport) -> StepResult {
    verify::require_stored(
        &preseed_title(&found.name),
        without_content(sent),
        without_content(json!(found)),
    )?;
    *report = PreseedReport::from_preseed(found);
    Ok(StepOutcome::Done)
}

pub(super) fn delete(client: &Client, preseed: &Preseed) -> StepResult {
    match client.preseeds().delete(preseed.id) {
        Err(error) if error.is_conflict() => {
            require_unused(client.read_only(), preseed)?;
            return Err(error.into());
        }
        Err(error) if error.is_not_found() => {
            return Ok(lookup::deleted_meanwhile(&preseed_title(&preseed.name)));
        }
        answer => answer?,
    }
    let title = preseed_title(&preseed.name);
    let found = verify::require_read_back(&title, client.preseeds().find(&preseed.name))?;
    verify::require_deleted(&title, found.is_some_and(|found| found.id == preseed.id))?;
    Ok(StepOutcome::Done)
}

/// The outcome of a creation whose name is taken: a preseed that another run of this user, or another user, created
/// since the plan was made.
fn find_created_meanwhile(
    client: &Client,
    new: &NewPreseed,
    conflict: client::Error,
    report: &mut PreseedReport,
) -> StepResult {
    let Some(found) = client.preseeds().find(&new.name)? else {
        // The name is that of a preseed which this user cannot see.
        return Err(conflict.into());
    };
    let title = preseed_title(&new.name);
    let wanted = verify::fields(json!(new));
    if verify::same_fields(json!(found), &wanted) == wanted {
        *report = PreseedReport::from_preseed(&found);
        let reason = format!("{title} was created by another run meanwhile");
        return Ok(StepOutcome::Skipped(reason));
    }
    ownership_of(client.read_only(), &found, "changing it")?;
    Err(TaskError::with_hint(
        format!("{title} is not as wanted: another run created it meanwhile with other properties"),
        "Run the task again to change it, and see which other run wants the same name.",
    ))
}
