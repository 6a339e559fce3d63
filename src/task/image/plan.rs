//! Planning an image: the steps from the existing images to the desired one.

use serde_json::{Value, json};

use crate::client::{
    Digest, Image, ImageChanges, ImageFile, ImageId, NewImage, ReadOnlyClient, Scope, mark_of,
};
use crate::task::image::{DesiredImage, ImageFacts, ImageOp, ImageReport, ImageSpec, image_title};
use crate::task::lookup;
use crate::task::lookup::Images;
use crate::task::{Action, Plan, Step, Task, TaskError, verify};

impl ImageSpec {
    /// The image with a given id. Its content can be compared but not replaced.
    pub(super) fn plan_by_id(
        &self,
        client: &ReadOnlyClient,
        id: ImageId,
        wanted: &DesiredImage,
    ) -> Result<Plan<ImageOp, ImageReport>, TaskError> {
        let image = lookup::image_by_id(client, id)?;
        self.require_same_kind(&image)?;
        let own = client
            .images()
            .list(Scope::Own)?
            .iter()
            .any(|mine| mine.id == id);
        let digest = wanted.path.as_deref().map(ImageFile::open).transpose()?;
        let digest = digest.map(|file| file.digest().clone());
        if let Some(digest) = &digest {
            let mut warnings = Vec::new();
            if !has_content(client, &image, own, digest, &mut warnings) {
                let doubt = warnings
                    .first()
                    .map(|why| format!(" ({why})"))
                    .unwrap_or_default();
                return Err(TaskError::Refused(format!(
                    "{} does not hold the bytes of the given file{doubt}, and the content of an image \
                     cannot be replaced; leave out O(id) to have a new image uploaded",
                    image_title(&image)
                )));
            }
        }
        let mut plan = Plan::empty(ImageReport::from_image(&image, digest.as_ref()));
        self.push_update(&mut plan, &image, own, wanted)?;
        Ok(plan)
    }

    /// The image that the description names, with the content of a file.
    pub(super) fn plan_content(
        &self,
        client: &ReadOnlyClient,
        file: ImageFile,
        wanted: &DesiredImage,
    ) -> Result<Plan<ImageOp, ImageReport>, TaskError> {
        let images = Images::fetch(client)?;
        let (own, others) = images.with_description(&self.kind, &self.arch, &self.description);
        let mut plan = Plan::empty(ImageReport::default());
        let current = if wanted.force {
            None
        } else {
            self.find_up_to_date(
                client,
                &own,
                &others,
                file.digest(),
                wanted,
                &mut plan.warnings,
            )
        };
        let kept = current.map(|image| image.id);
        match current {
            Some(image) => {
                plan.report = ImageReport::from_image(image, Some(file.digest()));
                self.push_update(&mut plan, image, images.is_own(image), wanted)?;
            }
            None => self.push_upload(&mut plan, file, own.first().copied(), wanted),
        }
        if wanted.prune {
            let superseded = own.into_iter().filter(|image| Some(image.id) != kept);
            push_prune(&mut plan, client, superseded.cloned().collect())?;
        }
        Ok(plan)
    }

    /// The image that already has the content of the file.
    ///
    /// Only the image that the description names for a machine counts: the newest own one, even if an older one has the
    /// content, else the only one of other users. Of several images of other users, none can be chosen.
    fn find_up_to_date<'a>(
        &self,
        client: &ReadOnlyClient,
        own: &[&'a Image],
        others: &[&'a Image],
        digest: &Digest,
        wanted: &DesiredImage,
        warnings: &mut Vec<String>,
    ) -> Option<&'a Image> {
        match (own, others) {
            ([newest, ..], _) => {
                has_content(client, newest, true, digest, warnings).then_some(*newest)
            }
            ([], [only]) if wanted.changed_flags(only).is_none() => {
                has_content(client, only, false, digest, warnings).then_some(*only)
            }
            _ => None,
        }
    }

    /// Without a file, the image must exist already.
    pub(super) fn plan_existing(
        &self,
        client: &ReadOnlyClient,
        wanted: &DesiredImage,
    ) -> Result<Plan<ImageOp, ImageReport>, TaskError> {
        let images = Images::fetch(client)?;
        let image = images
            .find(&self.kind, &self.arch, &self.description)?
            .ok_or_else(|| images.not_found(&self.kind, &self.arch, &self.description))?;
        let mut plan = Plan::empty(ImageReport::from_image(image, None));
        self.push_update(&mut plan, image, images.is_own(image), wanted)?;
        if wanted.prune {
            let (own, _) = images.with_description(&self.kind, &self.arch, &self.description);
            let superseded = own.into_iter().filter(|other| other.id != image.id);
            push_prune(&mut plan, client, superseded.cloned().collect())?;
        }
        Ok(plan)
    }

    pub(super) fn plan_absent(
        &self,
        client: &ReadOnlyClient,
        id: Option<ImageId>,
    ) -> Result<Plan<ImageOp, ImageReport>, TaskError> {
        let images = Images::fetch(client)?;
        let mut plan = Plan::empty(ImageReport::default());
        let to_delete: Vec<Image> = match id {
            Some(id) => self
                .own_image_to_delete(client, &images, id)?
                .into_iter()
                .collect(),
            None => {
                let (own, others) =
                    images.with_description(&self.kind, &self.arch, &self.description);
                plan.warnings.extend(others.iter().map(|image| {
                    let owner = lookup::owner_text(image.user.as_deref());
                    format!("{} belongs to {owner} and stays", image_title(image))
                }));
                own.into_iter().cloned().collect()
            }
        };
        if to_delete.is_empty() {
            return Ok(plan);
        }
        let machines = client.machines().list(Scope::Visible)?;
        for image in to_delete {
            lookup::require_unused(
                image_title(&image),
                lookup::uses_of_image(&machines, image.id),
            )?;
            let step = Step::delete(image_title(&image), json!(image));
            plan.push(ImageOp::Delete(image), step);
        }
        Ok(plan)
    }

    fn own_image_to_delete(
        &self,
        client: &ReadOnlyClient,
        images: &Images,
        id: ImageId,
    ) -> Result<Option<Image>, TaskError> {
        let Some(image) = client.images().find(id)? else {
            return Ok(None);
        };
        self.require_same_kind(&image)?;
        if images.is_own(&image) {
            return Ok(Some(image));
        }
        Err(not_yours(&image, "deleting it"))
    }

    fn require_same_kind(&self, image: &Image) -> Result<(), TaskError> {
        if image.kind == self.kind && image.arch.as_deref() == Some(self.arch.as_str()) {
            return Ok(());
        }
        let arch = image.arch.as_deref().unwrap_or("no architecture");
        Err(TaskError::Refused(format!(
            "{} is of type {} for {arch}, not {} for {}",
            image_title(image),
            image.kind,
            self.kind,
            self.arch
        )))
    }

    fn push_upload(
        &self,
        plan: &mut Plan<ImageOp, ImageReport>,
        file: ImageFile,
        superseded: Option<&Image>,
        wanted: &DesiredImage,
    ) {
        let new = NewImage {
            description: Some(self.description.clone()),
            kind: self.kind.clone(),
            arch: self.arch.clone(),
            known_good: wanted.known_good.unwrap_or(false),
            public: wanted
                .public
                .unwrap_or(superseded.is_some_and(|image| image.public)),
        };
        let facts = ImageFacts::planned(&new, file.digest());
        let why = match superseded {
            _ if wanted.force => "force is set".to_owned(),
            Some(image) => format!("image {} holds other bytes", image.id),
            None => "no image of that description holds these bytes".to_owned(),
        };
        let before = superseded.map_or(Value::Null, |image| {
            json!({ "id": image.id, "name": image.name, "known_good": image.known_good, "public": image.public })
        });
        let after = json!({
            "path": file.path().display().to_string(),
            "sha256": facts.sha256,
            "size": facts.size,
            "known_good": new.known_good,
            "public": new.public,
        });
        let step = Step::new(Action::Upload, self.title(), why, before, after);
        plan.report.image = Some(facts);
        plan.push(ImageOp::Upload(new, file), step);
    }

    fn push_update(
        &self,
        plan: &mut Plan<ImageOp, ImageReport>,
        image: &Image,
        own: bool,
        wanted: &DesiredImage,
    ) -> Result<(), TaskError> {
        let mut changes = wanted.changed_flags(image).unwrap_or_default();
        if image.description.as_deref() != Some(self.description.as_str()) {
            changes.description = Some(self.description.clone());
        }
        let after = verify::changed_fields(json!(changes));
        if after.is_empty() {
            return Ok(());
        }
        if !own {
            return Err(not_yours(image, "changing it"));
        }
        let facts = plan
            .report
            .image
            .get_or_insert_with(|| ImageFacts::from_image(image, None));
        facts.apply_changes(&changes);
        let step = Step::update(image_title(image), json!(image), after);
        plan.push(ImageOp::Update(image.id, changes), step);
        Ok(())
    }
}

impl DesiredImage {
    /// The given flags that differ.
    fn changed_flags(&self, image: &Image) -> Option<ImageChanges> {
        let known_good = self.known_good.filter(|wanted| *wanted != image.known_good);
        let public = self.public.filter(|wanted| *wanted != image.public);
        let differ = known_good.is_some() || public.is_some();
        differ.then_some(ImageChanges {
            description: None,
            known_good,
            public,
        })
    }
}

/// Whether an image has this content: by its mark if the image is an own one, else by reading it back. If that fails,
/// the answer is no, and a warning says why.
fn has_content(
    client: &ReadOnlyClient,
    image: &Image,
    own: bool,
    digest: &Digest,
    warnings: &mut Vec<String>,
) -> bool {
    if let Some(mark) = image.name.as_deref().and_then(mark_of).filter(|_| own) {
        return mark == digest.sha256.mark();
    }
    match client.images().holds(image, digest) {
        Ok(answer) => answer,
        Err(error) => {
            warnings.push(format!(
                "what {} holds could not be read back over the boot endpoint ({error}), so it counts as other content",
                image_title(image)
            ));
            false
        }
    }
}

fn push_prune(
    plan: &mut Plan<ImageOp, ImageReport>,
    client: &ReadOnlyClient,
    superseded: Vec<Image>,
) -> Result<(), TaskError> {
    if superseded.is_empty() {
        return Ok(());
    }
    let machines = client.machines().list(Scope::Visible)?;
    let unused = |image: &Image| lookup::uses_of_image(&machines, image.id).is_empty();
    for image in superseded.into_iter().filter(unused) {
        let step = Step {
            why: "it is superseded and nothing uses it".into(),
            ..Step::delete(image_title(&image), json!(image))
        };
        plan.report.pruned.push(image.clone());
        plan.push(ImageOp::Prune(image), step);
    }
    Ok(())
}

fn not_yours(image: &Image, change: &str) -> TaskError {
    lookup::not_yours(image_title(image), image.user.as_deref(), change)
}
