//! Applying one operation on an image, and reading back whether it took effect.

use serde_json::json;

use crate::client::{
    self, Client, Image, ImageChanges, ImageFile, ImageId, NewImage, Scope, mark_of,
};
use crate::task::image::{
    ImageFacts, ImageReport, ImageUpload, copies_of, copy_warning, image_title,
};
use crate::task::verify::Change;
use crate::task::{StepOutcome, StepResult, TaskError, lookup, ownership, verify};

pub(super) fn upload(
    client: &Client,
    upload: &mut ImageUpload,
    report: &mut ImageReport,
) -> StepResult {
    let ImageUpload { new, file, newest } = upload;
    if let Some(newest) = *newest
        && let Some(found) = newer_copies(client, new, file, newest)?
            .into_iter()
            .max_by_key(|image| image.id)
        && !matches!(client.images().holds(&found, file.digest()), Ok(false))
    {
        return found_uploaded_meanwhile(new, file, &found, report);
    }
    let created = client.images().create(new, file)?;
    let found = verify::require_read_back(&image_title(&created), client.images().get(created.id))?;
    let sent = verify::fields(json!(new));
    let is_as_sent = verify::same_fields(json!(found), &sent) == sent;
    let mark = file.digest().sha256.mark();
    if !is_as_sent || found.name.as_deref().and_then(mark_of) != Some(mark.as_str()) {
        return Err(TaskError::ReadBack {
            object: image_title(&found),
            expected: format!("{}, mark {mark}", json!(new)),
            found: json!(found).to_string(),
        });
    }
    report.image = Some(ImageFacts::from_image(&found, Some(file.digest())));
    let Some(newest) = *newest else {
        return Ok(StepOutcome::Done);
    };
    // Another run may have looked at the same time. What it uploaded can be told, not prevented.
    let own = newer_copies(client, new, file, newest).unwrap_or_default();
    Ok(match copies_of(&found, &own).next() {
        Some(copy) => StepOutcome::DoneWithWarnings(vec![copy_warning(copy, &found)]),
        None => StepOutcome::Done,
    })
}

/// The own images with this content that are newer than the plan.
fn newer_copies(
    client: &Client,
    new: &NewImage,
    file: &ImageFile,
    newest: ImageId,
) -> client::Result<Vec<Image>> {
    let mark = file.digest().sha256.mark();
    let mut own = client.images().list(Scope::Own)?;
    own.retain(|image| {
        image.id > newest
            && image.kind == new.kind
            && image.arch.as_ref() == Some(&new.arch)
            && image.description == new.description
            && image.name.as_deref().and_then(mark_of) == Some(&mark)
    });
    Ok(own)
}

/// The outcome of an upload that another run of this user made since the plan.
fn found_uploaded_meanwhile(
    new: &NewImage,
    file: &ImageFile,
    found: &Image,
    report: &mut ImageReport,
) -> StepResult {
    let title = image_title(found);
    if (found.public, found.known_good) != (new.public, new.known_good) {
        return Err(TaskError::with_hint(
            format!("{title} was uploaded by another run meanwhile, with other flags"),
            "Run the task again to change them, and see which other run wants the same image.",
        ));
    }
    report.image = Some(ImageFacts::from_image(found, Some(file.digest())));
    let reason = format!("{title} was uploaded by another run meanwhile");
    Ok(StepOutcome::Skipped(reason))
}

pub(super) fn update(
    client: &Client,
    id: ImageId,
    change: &Change<ImageChanges>,
    report: &mut ImageReport,
) -> StepResult {
    let images = client.images();
    let title = format!("image {id}");
    let put = |fields: &_| images.update(id, fields);
    let written = verify::write(&title, change, put, put, || images.get(id));
    let found = match (lookup::require_still_there(&title, written), &report.image) {
        (Err(error), Some(image)) if error.is_forbidden() => {
            let owner = image.user.as_deref();
            return Err(ownership::not_yours(title, owner, "changing it"));
        }
        (written, _) => written?,
    };
    verify::require_stored(&image_title(&found), json!(change.to), json!(found))?;
    if let Some(facts) = &mut report.image {
        facts.apply_changes(&change.to);
    }
    Ok(StepOutcome::Done)
}

/// A machine may use the image since the plan was made, and the API does not show which subarch boots a bootloader. Then
/// the server refuses the deletion.
pub(super) fn delete(client: &Client, image: &Image) -> StepResult {
    let title = image_title(image);
    match client.images().delete(image.id) {
        Err(error) if error.is_conflict() => {
            let machines = client.machines().list(Scope::Visible)?;
            let mut uses = lookup::uses_of_image(&machines, image.id);
            if uses.is_empty() {
                uses.push("bootloader of a subarch".into());
            }
            return Err(TaskError::InUse {
                object: title,
                uses,
            });
        }
        Err(error) if error.is_not_found() => return Ok(lookup::deleted_meanwhile(&title)),
        Err(error) if error.is_forbidden() => {
            let owner = image.user.as_deref();
            return Err(ownership::not_yours(title, owner, "deleting it"));
        }
        answer => answer?,
    }
    let found = verify::require_read_back(&title, client.images().find(image.id))?;
    verify::require_deleted(&title, found.is_some())?;
    Ok(StepOutcome::Done)
}

/// A superseded image that is in use after all is not a failure.
pub(super) fn prune(client: &Client, image: &Image, report: &mut ImageReport) -> StepResult {
    let outcome = match delete(client, image) {
        Err(in_use @ TaskError::InUse { .. }) => StepOutcome::Skipped(in_use.to_string()),
        outcome => outcome?,
    };
    if matches!(outcome, StepOutcome::Skipped(_)) {
        report.pruned.retain(|pruned| pruned.id != image.id);
    }
    Ok(outcome)
}
