//! Applying one operation on an image, and reading back whether it took effect.

use serde_json::json;

use crate::client::{Client, Image, ImageChanges, ImageFile, ImageId, NewImage, Scope, mark_of};
use crate::task::image::{ImageFacts, ImageOp, ImageReport, image_title};
use crate::task::{StepOutcome, TaskError, lookup, verify};

pub(super) fn upload(
    client: &Client,
    new: &NewImage,
    file: &mut ImageFile,
    report: &mut ImageReport,
) -> Result<StepOutcome<ImageOp>, TaskError> {
    let created = client.images().create(new, file)?;
    let found = verify::require_read_back(&image_title(&created), client.images().get(created.id))?;
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
            object: image_title(&found),
            expected: format!("{}, mark {}", json!(new), file.digest().sha256.mark()),
            found: json!(found).to_string(),
        });
    }
    report.image = Some(ImageFacts::from_image(&found, Some(file.digest())));
    Ok(StepOutcome::Done)
}

pub(super) fn update(
    client: &Client,
    id: ImageId,
    changes: &ImageChanges,
    report: &mut ImageReport,
) -> Result<StepOutcome<ImageOp>, TaskError> {
    client.images().update(id, changes)?;
    let found = verify::require_read_back(&format!("image {id}"), client.images().get(id))?;
    verify::require_stored(&image_title(&found), json!(changes), json!(found))?;
    if let Some(facts) = &mut report.image {
        facts.apply_changes(changes);
    }
    Ok(StepOutcome::Done)
}

/// A machine may use the image since the plan was made, and the API does not show which subarch boots a bootloader. Then
/// the server refuses the deletion.
pub(super) fn delete(client: &Client, image: &Image) -> Result<StepOutcome<ImageOp>, TaskError> {
    match client.images().delete(image.id) {
        Err(error) if error.is_conflict() => Err(in_use_error(client, image)?),
        Err(error) => Err(error.into()),
        Ok(()) => require_deleted(client, image),
    }
}

/// For a superseded image, the same refusal is not a failure.
pub(super) fn prune(
    client: &Client,
    image: &Image,
    report: &mut ImageReport,
) -> Result<StepOutcome<ImageOp>, TaskError> {
    match client.images().delete(image.id) {
        Err(error) if error.is_conflict() => {
            report.pruned.retain(|pruned| pruned.id != image.id);
            Ok(StepOutcome::Skipped(
                in_use_error(client, image)?.to_string(),
            ))
        }
        Err(error) => Err(error.into()),
        Ok(()) => require_deleted(client, image),
    }
}

fn require_deleted(client: &Client, image: &Image) -> Result<StepOutcome<ImageOp>, TaskError> {
    let found = verify::require_read_back(&image_title(image), client.images().find(image.id))?;
    verify::require_deleted(&image_title(image), found.is_some())?;
    Ok(StepOutcome::Done)
}

fn in_use_error(client: &Client, image: &Image) -> Result<TaskError, TaskError> {
    let machines = client.machines().list(Scope::Visible)?;
    let mut uses = lookup::uses_of_image(&machines, image.id);
    if uses.is_empty() {
        uses.push("bootloader of a subarch".into());
    }
    Ok(TaskError::InUse {
        object: image_title(image),
        uses,
    })
}
