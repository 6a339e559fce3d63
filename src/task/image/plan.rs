//! Planning an image: the steps from the existing images to the desired one.

use serde_json::{Value, json};

use crate::client::{
    Digest, Image, ImageChanges, ImageFile, ImageId, NewImage, ReadOnlyClient, Scope, mark_of,
};
use crate::task::image::no_image;
use crate::task::image::{
    DesiredImage, ImageFacts, ImageOp, ImagePlan, ImageReport, ImageSpec, ImageUpload, copies_of,
    copy_warning, image_title,
};
use crate::task::lookup::{self, Images};
use crate::task::ownership::{self, Ownership};
use crate::task::plan::changed;
use crate::task::verify::Change;
use crate::task::{Action, Plan, PlanResult, Result, Step, Task, TaskError, known_names};

impl ImageSpec {
    /// The image with a given id. Its content can be compared but not replaced.
    pub(super) fn plan_by_id(
        &self,
        client: &ReadOnlyClient,
        id: ImageId,
        desired: &DesiredImage,
    ) -> PlanResult<Self> {
        let image = lookup::require_id("image", id, client.images().get(id))?;
        self.require_same_kind(&image)?;
        let own_images = client.images().list(Scope::Own)?;
        let own = own_images.iter().any(|other| other.id == id);
        let digest = match &desired.path {
            Some(path) => Some(ImageFile::open(path)?.digest().clone()),
            None => None,
        };
        if let Some(digest) = &digest {
            let has_content = has_content(client, &image, own, digest);
            if has_content != Ok(true) {
                let doubt = has_content.map_or_else(|why| format!(" ({why})"), |_| String::new());
                let problem = format!(
                    "does not hold the bytes of the given file{doubt}, and the content of an image cannot be replaced; \
                     leave out O(id) to have a new image uploaded"
                );
                return Err(TaskError::failed(image_title(&image), problem));
            }
        }
        let mut plan = Plan::empty(ImageReport::from_image(&image, digest.as_ref()));
        self.push_update(&mut plan, client, &image, own, desired)?;
        Ok(plan)
    }

    /// The image that the description names, with the content of a file.
    pub(super) fn plan_content(
        &self,
        client: &ReadOnlyClient,
        file: ImageFile,
        desired: &DesiredImage,
    ) -> PlanResult<Self> {
        let images = Images::fetch(client)?;
        let mut plan = Plan::empty(ImageReport::default());
        let current = match desired.force {
            true => None,
            false => self.find_up_to_date(client, &images, file.digest(), desired, &mut plan),
        };
        match current {
            Some(image) => {
                plan.report = ImageReport::from_image(image, Some(file.digest()));
                if !desired.prune {
                    let (own, _) = self.images_of_description(&images);
                    let copies = copies_of(image, own);
                    plan.warnings
                        .extend(copies.map(|copy| copy_warning(copy, image)));
                }
                self.push_update(&mut plan, client, image, images.is_own(image), desired)?;
            }
            None => {
                if !desired.force {
                    no_image::require_image(&file)?;
                    known_names::require_arch(client, &images, &self.arch)?;
                }
                let (own, _) = self.images_of_description(&images);
                self.push_upload(&mut plan, file, own.first().copied(), desired);
            }
        }
        if desired.prune {
            self.push_prune(&mut plan, client, &images, current)?;
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
        images: &'a Images,
        digest: &Digest,
        desired: &DesiredImage,
        plan: &mut ImagePlan,
    ) -> Option<&'a Image> {
        let (own, others) = self.images_of_description(images);
        let candidate = match (own.as_slice(), others.as_slice()) {
            ([newest, ..], _) => *newest,
            ([], [only]) if desired.changed_flags(only) == ImageChanges::default() => *only,
            _ => return None,
        };
        match has_content(client, candidate, !own.is_empty(), digest) {
            Ok(has_content) => has_content.then_some(candidate),
            Err(unreadable) => {
                plan.warnings.push(unreadable);
                None
            }
        }
    }

    pub(super) fn plan_existing(
        &self,
        client: &ReadOnlyClient,
        desired: &DesiredImage,
    ) -> PlanResult<Self> {
        let images = Images::fetch(client)?;
        let image = images
            .find(&self.kind, &self.arch, &self.description)?
            .ok_or_else(|| images.not_found(&self.kind, &self.arch, &self.description))?;
        let mut plan = Plan::empty(ImageReport::from_image(image, None));
        self.push_update(&mut plan, client, image, images.is_own(image), desired)?;
        if desired.prune {
            self.push_prune(&mut plan, client, &images, Some(image))?;
        }
        Ok(plan)
    }

    pub(super) fn plan_absent(
        &self,
        client: &ReadOnlyClient,
        id: Option<ImageId>,
    ) -> PlanResult<Self> {
        let images = Images::fetch(client)?;
        let mut plan = Plan::empty(ImageReport::default());
        let mut ownership = Ownership::Own;
        let to_delete: Vec<Image> = match id {
            Some(id) => {
                let image = client.images().find(id)?;
                if let Some(image) = &image {
                    self.require_same_kind(image)?;
                    let own = images.is_own(image);
                    ownership = require_changeable(client, image, own, true, "deleting it")?;
                }
                image.into_iter().collect()
            }
            None => {
                let (own, others) = self.images_of_description(&images);
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
            let title = image_title(&image);
            lookup::require_unused(&title, lookup::uses_of_image(&machines, image.id))?;
            let step = Step::delete(title, json!(image));
            plan.push(ImageOp::Delete(image), ownership.explain(step));
        }
        Ok(plan)
    }

    /// The own and the other images, the newest first.
    fn images_of_description<'a>(&self, images: &'a Images) -> (Vec<&'a Image>, Vec<&'a Image>) {
        images.with_description(&self.kind, &self.arch, &self.description)
    }

    fn require_same_kind(&self, image: &Image) -> Result<()> {
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
        plan: &mut ImagePlan,
        file: ImageFile,
        superseded: Option<&Image>,
        desired: &DesiredImage,
    ) {
        let was_public = superseded.is_some_and(|image| image.public);
        let new = NewImage {
            description: Some(self.description.clone()),
            kind: self.kind.clone(),
            arch: self.arch.clone(),
            known_good: desired.known_good.unwrap_or(false),
            public: desired.public.unwrap_or(was_public),
        };
        let facts = ImageFacts::planned(&new, file.digest());
        let why = match superseded {
            _ if desired.force => "force is set".to_owned(),
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
        let newest = superseded.map_or(ImageId(0), |image| image.id);
        let upload = ImageUpload {
            new,
            file,
            newest: (!desired.force).then_some(newest),
        };
        plan.push(ImageOp::Upload(upload), step);
    }

    /// Adds the change of an image that the report has.
    fn push_update(
        &self,
        plan: &mut ImagePlan,
        client: &ReadOnlyClient,
        image: &Image,
        own: bool,
        desired: &DesiredImage,
    ) -> Result<()> {
        let mut changes = desired.changed_flags(image);
        if image.description.as_deref() != Some(self.description.as_str()) {
            changes.description = Some(Some(self.description.clone()));
        }
        let step = Step::update(image_title(image), json!(image), json!(changes));
        if let Some(step) = step {
            let by_id = desired.id.is_some();
            let ownership = require_changeable(client, image, own, by_id, "changing it")?;
            if let Some(facts) = &mut plan.report.image {
                facts.apply_changes(&changes);
            }
            let from = replaced_values(image, &changes);
            let change = Change { to: changes, from };
            plan.push(ImageOp::Update(image.id, change), ownership.explain(step));
        }
        Ok(())
    }

    /// Adds the deletion of the own images of the description, except the one that is kept and those in use.
    fn push_prune(
        &self,
        plan: &mut ImagePlan,
        client: &ReadOnlyClient,
        images: &Images,
        kept: Option<&Image>,
    ) -> Result<()> {
        let (mut superseded, _) = self.images_of_description(images);
        superseded.retain(|image| kept.is_none_or(|kept| kept.id != image.id));
        if superseded.is_empty() {
            return Ok(());
        }
        let machines = client.machines().list(Scope::Visible)?;
        superseded.retain(|image| lookup::uses_of_image(&machines, image.id).is_empty());
        for image in superseded {
            let step = Step {
                why: "it is superseded and nothing uses it".into(),
                ..Step::delete(image_title(image), json!(image))
            };
            plan.report.pruned.push(image.clone());
            plan.push(ImageOp::Prune(image.clone()), step);
        }
        Ok(())
    }
}

impl DesiredImage {
    fn changed_flags(&self, image: &Image) -> ImageChanges {
        ImageChanges {
            description: None,
            known_good: changed(&self.known_good, &image.known_good),
            public: changed(&self.public, &image.public),
        }
    }
}

/// The values that changes replace.
fn replaced_values(image: &Image, changes: &ImageChanges) -> ImageChanges {
    ImageChanges {
        description: changes
            .description
            .as_ref()
            .map(|_| image.description.clone()),
        known_good: changes.known_good.and(Some(image.known_good)),
        public: changes.public.and(Some(image.public)),
    }
}

/// Whether an image has this content: by its mark if the image is an own one, else by reading it back. An error is the
/// sentence that it could not be read back; then the image counts as one with other content.
fn has_content(
    client: &ReadOnlyClient,
    image: &Image,
    own: bool,
    digest: &Digest,
) -> Result<bool, String> {
    if own && let Some(mark) = image.name.as_deref().and_then(mark_of) {
        return Ok(mark == digest.sha256.mark());
    }
    client.images().holds(image, digest).map_err(|error| {
        format!(
            "what {} holds could not be read back over the boot endpoint ({error}), so it counts as other content",
            image_title(image)
        )
    })
}

/// Refuses to change an image of another user, unless the token is seen to be an administrator's, or the user means this very
/// image: then the server decides. One that another run has deleted since it was read is nobody's.
fn require_changeable(
    client: &ReadOnlyClient,
    image: &Image,
    own: bool,
    is_named_by_id: bool,
    change: &str,
) -> Result<Ownership> {
    if own {
        return Ok(Ownership::Own);
    }
    let again = client.without_response_cache();
    lookup::require_id("image", image.id, again.images().get(image.id))?;
    let user = image.user.as_deref();
    match is_named_by_id || ownership::is_administrator(client)? {
        true => Ok(Ownership::foreign(user)),
        false => Err(ownership::not_yours(image_title(image), user, change)),
    }
}
