//! Carrying out one operation on an image, and looking whether it took effect.

use serde_json::json;

use crate::client::{Client, Image, ImageChanges, ImageFile, ImageId, NewImage, Scope, mark_of};
use crate::task::image::{ImageFacts, ImageOp, ImageReport, named};
use crate::task::{StepOutcome, TaskError, lookup, verify};

pub(super) fn upload(
    client: &Client,
    new: &NewImage,
    file: &mut ImageFile,
    report: &mut ImageReport,
) -> Result<StepOutcome<ImageOp>, TaskError> {
    let created = client.images().create(new, file)?;
    let found = verify::looked_at(&named(&created), client.images().get(created.id))?;
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
    Ok(StepOutcome::Done)
}

pub(super) fn update(
    client: &Client,
    id: ImageId,
    changes: &ImageChanges,
    report: &mut ImageReport,
) -> Result<StepOutcome<ImageOp>, TaskError> {
    client.images().update(id, changes)?;
    let found = verify::looked_at(&format!("image {id}"), client.images().get(id))?;
    let expected = verify::fields_sent(json!(changes));
    verify::read_back(
        &named(&found),
        &expected,
        &verify::same_fields(json!(found), &expected),
    )?;
    if let Some(facts) = &mut report.image {
        facts.take(changes);
    }
    Ok(StepOutcome::Done)
}

/// A machine may have been pointed at the image since the plan was made, and which subarch boots a
/// bootloader cannot be seen: the server's refusal then is the answer.
pub(super) fn delete(client: &Client, image: &Image) -> Result<StepOutcome<ImageOp>, TaskError> {
    match client.images().delete(image.id) {
        Err(error) if error.is_conflict() => Err(in_use(client, image)?),
        Err(error) => Err(error.into()),
        Ok(()) => gone(client, image),
    }
}

/// Of a superseded image the same refusal is no failure.
pub(super) fn prune(
    client: &Client,
    image: &Image,
    report: &mut ImageReport,
) -> Result<StepOutcome<ImageOp>, TaskError> {
    match client.images().delete(image.id) {
        Err(error) if error.is_conflict() => {
            report.pruned.retain(|pruned| pruned.id != image.id);
            Ok(StepOutcome::Skipped(in_use(client, image)?.to_string()))
        }
        Err(error) => Err(error.into()),
        Ok(()) => gone(client, image),
    }
}

fn gone(client: &Client, image: &Image) -> Result<StepOutcome<ImageOp>, TaskError> {
    let found = verify::looked_at(&named(image), client.images().find(image.id))?;
    verify::gone(&named(image), found.is_some())?;
    Ok(StepOutcome::Done)
}

fn in_use(client: &Client, image: &Image) -> Result<TaskError, TaskError> {
    let machines = client.machines().list(Scope::Visible)?;
    let mut uses = lookup::uses_of_image(&machines, image.id);
    if uses.is_empty() {
        uses.push("bootloader of a subarch".into());
    }
    Ok(TaskError::InUse {
        object: named(image),
        uses,
    })
}
