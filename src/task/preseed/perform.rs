//! Carrying out one operation on a preseed, and looking whether it took effect.

use serde_json::{Map, Value, json};

use super::{PreseedOp, PreseedReport, require_unused, without_text};
use crate::api::{NewPreseed, Preseed, PreseedChanges, PreseedId, Writer};
use crate::task::{Effect, TaskError, check};

pub(super) fn create(
    writer: &Writer,
    new: &NewPreseed,
    report: &mut PreseedReport,
) -> Result<Effect<PreseedOp>, TaskError> {
    let created = writer.preseeds().create(new)?;
    look_again(writer, created.id, check::fields_sent(json!(new)), report)
}

pub(super) fn update(
    writer: &Writer,
    id: PreseedId,
    changes: &PreseedChanges,
    report: &mut PreseedReport,
) -> Result<Effect<PreseedOp>, TaskError> {
    writer.preseeds().update(id, changes)?;
    look_again(writer, id, check::fields_sent(json!(changes)), report)
}

fn look_again(
    writer: &Writer,
    id: PreseedId,
    sent: Map<String, Value>,
    report: &mut PreseedReport,
) -> Result<Effect<PreseedOp>, TaskError> {
    let found = check::looked_at(&format!("preseed {id}"), writer.preseeds().get(id))?;
    let short = |fields, text| check::fields_sent(without_text(Value::Object(fields), text));
    let seen = check::same_fields(json!(found), &sent);
    let sent_text = sent
        .get("content")
        .and_then(Value::as_str)
        .map(str::to_owned);
    check::read_back(
        &format!("preseed '{}'", found.name),
        &short(sent, sent_text.as_deref()),
        &short(seen, found.content.as_deref()),
    )?;
    *report = PreseedReport::of(&found);
    Ok(Effect::Done)
}

pub(super) fn delete(writer: &Writer, preseed: &Preseed) -> Result<Effect<PreseedOp>, TaskError> {
    match writer.preseeds().delete(preseed.id) {
        Err(error) if error.is_conflict() => {
            require_unused(writer.reader(), preseed)?;
            return Err(error.into());
        }
        answer => answer?,
    }
    let title = format!("preseed '{}'", preseed.name);
    let found = check::looked_at(&title, writer.preseeds().find(&preseed.name))?;
    check::gone(&title, found.is_some_and(|found| found.id == preseed.id))?;
    Ok(Effect::Done)
}
