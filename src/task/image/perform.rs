//! Carrying out one operation on an image, and looking whether it took effect.

use serde_json::json;

use super::{ImageFacts, ImageOp, ImageReport, named};
use crate::api::{Image, ImageChanges, ImageFile, ImageId, NewImage, Scope, Writer, mark_of};
use crate::task::{Effect, TaskError, check, lookup};

pub(super) fn upload(
    writer: &Writer,
    new: &NewImage,
    file: &mut ImageFile,
    report: &mut ImageReport,
) -> Result<Effect<ImageOp>, TaskError> {
    let created = writer.images().create(new, file)?;
    let found = check::looked_at(&named(&created), writer.images().get(created.id))?;
    let as_sent = (
        &new.kind,
        Some(&new.arch),
        &new.description,
        new.known_good,
        new.public,
    );
    let as_found = (
        &found.kind,
        found.arch.as_ref(),
        &found.description,
        found.known_good,
        found.public,
    );
    let mark = found.name.as_deref().and_then(mark_of);
    if as_found != as_sent || mark != Some(file.digest().sha256.mark().as_str()) {
        return Err(TaskError::ReadBack {
            object: named(&found),
            expected: format!("{}, mark {}", json!(new), file.digest().sha256.mark()),
            found: json!(found).to_string(),
        });
    }
    report.image = Some(ImageFacts::of(&found, Some(file.digest())));
    Ok(Effect::Done)
}

pub(super) fn update(
    writer: &Writer,
    id: ImageId,
    changes: &ImageChanges,
    report: &mut ImageReport,
) -> Result<Effect<ImageOp>, TaskError> {
    writer.images().update(id, changes)?;
    let found = check::looked_at(&format!("image {id}"), writer.images().get(id))?;
    let expected = check::fields_sent(json!(changes));
    check::read_back(
        &named(&found),
        &expected,
        &check::same_fields(json!(found), &expected),
    )?;
    if let Some(facts) = &mut report.image {
        facts.take(changes);
    }
    Ok(Effect::Done)
}

/// A machine may have been pointed at the image since the plan was made, and which subarch boots a
/// bootloader cannot be seen: the server's refusal then is the answer.
pub(super) fn delete(writer: &Writer, image: &Image) -> Result<Effect<ImageOp>, TaskError> {
    match writer.images().delete(image.id) {
        Err(error) if error.is_conflict() => Err(in_use(writer, image)?),
        Err(error) => Err(error.into()),
        Ok(()) => gone(writer, image),
    }
}

/// Of a superseded image the same refusal is no failure.
pub(super) fn prune(
    writer: &Writer,
    image: &Image,
    report: &mut ImageReport,
) -> Result<Effect<ImageOp>, TaskError> {
    match writer.images().delete(image.id) {
        Err(error) if error.is_conflict() => {
            report.pruned.retain(|pruned| pruned.id != image.id);
            Ok(Effect::Skipped(in_use(writer, image)?.to_string()))
        }
        Err(error) => Err(error.into()),
        Ok(()) => gone(writer, image),
    }
}

fn gone(writer: &Writer, image: &Image) -> Result<Effect<ImageOp>, TaskError> {
    let found = check::looked_at(&named(image), writer.images().find(image.id))?;
    check::gone(&named(image), found.is_some())?;
    Ok(Effect::Done)
}

fn in_use(writer: &Writer, image: &Image) -> Result<TaskError, TaskError> {
    let machines = writer.machines().list(Scope::Visible)?;
    let mut uses = lookup::uses_of_image(&machines, image.id);
    if uses.is_empty() {
        uses.push("bootloader of a subarch".into());
    }
    Ok(TaskError::InUse {
        object: named(image),
        uses,
    })
}
