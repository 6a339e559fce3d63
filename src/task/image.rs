//! An image with given bytes, flags and description, or none.
//!
//! The server offers no checksum and cannot replace an image's content, but it keeps the file name of the
//! upload: a file is uploaded under a name that carries the mark of its SHA-256, so an own image tells what
//! it holds. An own image without a mark, and every image of another user, is believed only after its bytes
//! were read back over the boot endpoint.

use std::path::PathBuf;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::lookup::{self, Images};
use super::plan::{Action, Effect, Plan, Step, Task};
use super::{TaskError, check};
use crate::api::{
    Digest, Image, ImageChanges, ImageFile, ImageId, ImageType, Machine, NewImage, Reader, Scope,
    Writer, mark_of,
};

/// The image that shall be.
#[derive(Clone, Debug)]
pub struct ImageSpec {
    /// Names the image together with type and architecture; not unique on the server.
    pub description: String,
    /// Kernel, Initrd or bootloader.
    pub kind: ImageType,
    /// The architecture's name on the server.
    pub arch: String,
    /// Present or absent, with what goes with it.
    pub presence: Presence,
}

/// Whether the image shall be there.
#[derive(Clone, Debug)]
pub enum Presence {
    /// It shall, with these bytes and flags.
    Present(Wanted),
    /// It shall not. With an id only that image goes, else all own ones of that description.
    Absent(Option<ImageId>),
}

/// What an image that is present shall be like.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The file whose bytes it shall hold; without one it must merely exist.
    pub path: Option<PathBuf>,
    /// This image and no other of the same description.
    pub id: Option<ImageId>,
    /// Whether others may use it; None leaves it as it is.
    pub public: Option<bool>,
    /// Whether it is marked as known to work; None leaves it as it is.
    pub known_good: Option<bool>,
    /// Upload even where the bytes are there already.
    pub force: bool,
    /// Delete own images of the same description that this one supersedes and nothing uses.
    pub prune: bool,
}

/// One operation on the server's images.
#[derive(Debug)]
pub enum ImageOp {
    /// Upload a file as a new image.
    Upload(NewImage, ImageFile),
    /// Change an own image's flags or description.
    Update(ImageId, ImageChanges),
    /// Delete an own image.
    Delete(Image),
}

/// The image as it is told, and what was deleted.
#[derive(Debug, Default, Serialize)]
pub struct ImageReport {
    /// Null when it is absent.
    pub image: Option<ImageFacts>,
    /// Superseded images that went.
    pub pruned: Vec<Image>,
}

/// An image with what the server does not tell of it.
#[derive(Clone, Debug, Serialize)]
pub struct ImageFacts {
    /// Null while the image is only planned.
    pub id: Option<ImageId>,
    /// The server's name for it, which is its path below the boot endpoint.
    pub name: Option<String>,
    /// See [`ImageSpec`].
    pub description: Option<String>,
    /// See [`ImageSpec`].
    #[serde(rename = "type")]
    pub kind: ImageType,
    /// See [`ImageSpec`].
    pub arch: Option<String>,
    /// In the server's local time, although it says GMT.
    pub upload_date: Option<String>,
    /// The owner.
    pub user: Option<String>,
    /// See [`Wanted`].
    pub known_good: bool,
    /// See [`Wanted`].
    pub public: bool,
    /// Hex digits; null where no file was given to compare with.
    pub sha256: Option<String>,
    /// In bytes; null where no file was given.
    pub size: Option<u64>,
}

impl Task for ImageSpec {
    type Op = ImageOp;
    type Report = ImageReport;

    fn plan(&self, reader: &Reader) -> Result<Plan<ImageOp, ImageReport>, TaskError> {
        check::at_most("description", &self.description, 256)?;
        match &self.presence {
            Presence::Present(wanted) => match (wanted.id, &wanted.path) {
                (Some(id), _) => self.plan_this_one(reader, id, wanted),
                (None, Some(path)) => {
                    let file = ImageFile::open(path)?;
                    self.plan_content(reader, file, wanted)
                }
                (None, None) => self.plan_existing(reader, wanted),
            },
            Presence::Absent(id) => self.plan_absent(reader, *id),
        }
    }

    fn perform(
        writer: &Writer,
        op: ImageOp,
        report: &mut ImageReport,
    ) -> Result<Effect, TaskError> {
        match op {
            ImageOp::Upload(new, mut file) => upload(writer, &new, &mut file, report),
            ImageOp::Update(id, changes) => update(writer, id, &changes, report),
            ImageOp::Delete(image) => delete(writer, image, report),
        }
    }
}

impl ImageSpec {
    /// A given id names the image; its bytes can be compared but not replaced.
    fn plan_this_one(
        &self,
        reader: &Reader,
        id: ImageId,
        wanted: &Wanted,
    ) -> Result<Plan<ImageOp, ImageReport>, TaskError> {
        let image = lookup::image_by_id(reader, id)?;
        self.require_same_kind(&image)?;
        let own = reader.images().list(Scope::Own)?.iter().any(|mine| mine.id == id);
        let digest = wanted.path.as_deref().map(ImageFile::open).transpose()?;
        let digest = digest.map(|file| file.digest().clone());
        if let Some(digest) = &digest {
            let mut unread = Vec::new();
            if !holds(reader, &image, own, digest, &mut unread) {
                let doubt = unread.first().map(|why| format!(" ({why})")).unwrap_or_default();
                return Err(TaskError::Refused(format!(
                    "{} does not hold the bytes of the given file{doubt}, and the content of an image \
                     cannot be replaced; leave out id to have a new image uploaded",
                    named(&image)
                )));
            }
        }
        let mut plan = Plan::nothing(ImageReport::of(&image, digest.as_ref()));
        self.push_update(&mut plan, &image, own, wanted)?;
        Ok(plan)
    }

    /// The bytes of a file shall be the content of what the description means.
    fn plan_content(
        &self,
        reader: &Reader,
        file: ImageFile,
        wanted: &Wanted,
    ) -> Result<Plan<ImageOp, ImageReport>, TaskError> {
        let images = Images::fetch(reader)?;
        let (own, others) = images.described(&self.kind, &self.arch, &self.description);
        let mut plan = Plan::nothing(ImageReport::default());
        let current = if wanted.force {
            None
        } else {
            self.up_to_date(reader, &own, &others, file.digest(), wanted, &mut plan.warnings)
        };
        let kept = current.map(|image| image.id);
        match current {
            Some(image) => {
                plan.report = ImageReport::of(image, Some(file.digest()));
                self.push_update(&mut plan, image, images.is_own(image), wanted)?;
            }
            None => self.push_upload(&mut plan, file, own.first().copied(), wanted),
        }
        if wanted.prune {
            let superseded = own.into_iter().filter(|image| Some(image.id) != kept);
            push_prune(&mut plan, reader, superseded.cloned().collect())?;
        }
        Ok(plan)
    }

    /// The image that already is what the file asks for.
    ///
    /// Of one's own images only the newest counts: it is what the description means to a machine, so an
    /// older one with the right bytes is hidden by it.
    fn up_to_date<'a>(
        &self,
        reader: &Reader,
        own: &[&'a Image],
        others: &[&'a Image],
        digest: &Digest,
        wanted: &Wanted,
        warnings: &mut Vec<String>,
    ) -> Option<&'a Image> {
        match own.first() {
            Some(newest) => holds(reader, newest, true, digest, warnings).then_some(*newest),
            None => others
                .iter()
                .filter(|image| wanted.flags_differ(image).is_none())
                .find(|image| holds(reader, image, false, digest, warnings))
                .copied(),
        }
    }

    /// Without a file the image must be there already.
    fn plan_existing(
        &self,
        reader: &Reader,
        wanted: &Wanted,
    ) -> Result<Plan<ImageOp, ImageReport>, TaskError> {
        let images = Images::fetch(reader)?;
        let image = images
            .resolve(&self.kind, &self.arch, &self.description)?
            .ok_or_else(|| images.not_found(&self.kind, &self.arch, &self.description))?;
        let mut plan = Plan::nothing(ImageReport::of(image, None));
        self.push_update(&mut plan, image, images.is_own(image), wanted)?;
        if wanted.prune {
            let (own, _) = images.described(&self.kind, &self.arch, &self.description);
            let superseded = own.into_iter().filter(|other| other.id != image.id);
            push_prune(&mut plan, reader, superseded.cloned().collect())?;
        }
        Ok(plan)
    }

    fn plan_absent(
        &self,
        reader: &Reader,
        id: Option<ImageId>,
    ) -> Result<Plan<ImageOp, ImageReport>, TaskError> {
        let images = Images::fetch(reader)?;
        let mut plan = Plan::nothing(ImageReport::default());
        let doomed: Vec<Image> = match id {
            Some(id) => self.own_image_to_delete(reader, &images, id)?.into_iter().collect(),
            None => {
                let (own, others) = images.described(&self.kind, &self.arch, &self.description);
                plan.warnings.extend(others.iter().map(|image| {
                    let owner = lookup::owner(image.user.as_deref());
                    format!("{} belongs to {owner} and stays", named(image))
                }));
                own.into_iter().cloned().collect()
            }
        };
        if doomed.is_empty() {
            return Ok(plan);
        }
        let machines = reader.machines().list(Scope::Visible)?;
        for image in doomed {
            require_unused(&image, &machines)?;
            push_delete(&mut plan, image, "it shall be absent");
        }
        Ok(plan)
    }

    fn own_image_to_delete(
        &self,
        reader: &Reader,
        images: &Images,
        id: ImageId,
    ) -> Result<Option<Image>, TaskError> {
        let Some(image) = reader.images().find(id)? else { return Ok(None) };
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
            "{} is a {} image for {arch}, not a {} image for {}",
            named(image),
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
        wanted: &Wanted,
    ) {
        let new = NewImage {
            description: Some(self.description.clone()),
            kind: self.kind.clone(),
            arch: self.arch.clone(),
            known_good: wanted.known_good.unwrap_or(false),
            public: wanted.public.unwrap_or(false),
        };
        let facts = ImageFacts::planned(&new, file.digest());
        let why = match superseded {
            _ if wanted.force => "force is set".to_owned(),
            Some(image) => format!("image {} holds other bytes", image.id),
            None => "no image of that description holds these bytes".to_owned(),
        };
        let step = Step {
            action: Action::Upload,
            target: format!("{} image '{}' for {}", self.kind, self.description, self.arch),
            why,
            before: superseded.map_or(Value::Null, content_before),
            after: json!({
                "path": file.path().display().to_string(),
                "sha256": facts.sha256,
                "size": facts.size,
                "known_good": new.known_good,
                "public": new.public,
            }),
            text: None,
        };
        plan.report.image = Some(facts);
        plan.push(ImageOp::Upload(new, file), step);
    }

    fn push_update(
        &self,
        plan: &mut Plan<ImageOp, ImageReport>,
        image: &Image,
        own: bool,
        wanted: &Wanted,
    ) -> Result<(), TaskError> {
        let mut changes = wanted.flags_differ(image).unwrap_or_default();
        if image.description.as_deref() != Some(self.description.as_str()) {
            changes.description = Some(self.description.clone());
        }
        let after = fields_of(&changes);
        if after.is_empty() {
            return Ok(());
        }
        if !own {
            return Err(not_yours(image, "changing it"));
        }
        let facts = plan.report.image.get_or_insert_with(|| ImageFacts::of(image, None));
        facts.take(&changes);
        let step = Step {
            action: Action::Update,
            target: named(image),
            why: format!("{} differ", check::names_of(&after)),
            before: Value::Object(current_fields(image, &after)),
            after: Value::Object(after),
            text: None,
        };
        plan.push(ImageOp::Update(image.id, changes), step);
        Ok(())
    }
}

impl Wanted {
    /// The flags that were asked for and are otherwise.
    fn flags_differ(&self, image: &Image) -> Option<ImageChanges> {
        let known_good = self.known_good.filter(|wanted| *wanted != image.known_good);
        let public = self.public.filter(|wanted| *wanted != image.public);
        let differ = known_good.is_some() || public.is_some();
        differ.then_some(ImageChanges { description: None, known_good, public })
    }
}

impl ImageReport {
    fn of(image: &Image, digest: Option<&Digest>) -> Self {
        ImageReport { image: Some(ImageFacts::of(image, digest)), pruned: Vec::new() }
    }
}

impl ImageFacts {
    fn of(image: &Image, digest: Option<&Digest>) -> Self {
        ImageFacts {
            id: Some(image.id),
            name: image.name.clone(),
            description: image.description.clone(),
            kind: image.kind.clone(),
            arch: image.arch.clone(),
            upload_date: image.upload_date.clone(),
            user: image.user.clone(),
            known_good: image.known_good,
            public: image.public,
            sha256: digest.map(|digest| digest.sha256.to_string()),
            size: digest.map(|digest| digest.size),
        }
    }

    fn planned(new: &NewImage, digest: &Digest) -> Self {
        ImageFacts {
            id: None,
            name: None,
            description: new.description.clone(),
            kind: new.kind.clone(),
            arch: Some(new.arch.clone()),
            upload_date: None,
            user: None,
            known_good: new.known_good,
            public: new.public,
            sha256: Some(digest.sha256.to_string()),
            size: Some(digest.size),
        }
    }

    fn take(&mut self, changes: &ImageChanges) {
        self.description = changes.description.clone().or(self.description.take());
        self.known_good = changes.known_good.unwrap_or(self.known_good);
        self.public = changes.public.unwrap_or(self.public);
    }
}

/// Whether an image holds these bytes: by its mark where it is one's own, else by reading them back.
/// Where that cannot be told the answer is no, and a warning says why.
fn holds(
    reader: &Reader,
    image: &Image,
    own: bool,
    digest: &Digest,
    warnings: &mut Vec<String>,
) -> bool {
    if let Some(mark) = image.name.as_deref().and_then(mark_of).filter(|_| own) {
        return mark == digest.sha256.mark();
    }
    match reader.images().read_back(image) {
        Ok(found) => found.as_ref() == Some(digest),
        Err(error) => {
            warnings.push(format!(
                "what {} holds could not be read back over the boot endpoint ({error}), so it counts as other content",
                named(image)
            ));
            false
        }
    }
}

fn push_prune(
    plan: &mut Plan<ImageOp, ImageReport>,
    reader: &Reader,
    superseded: Vec<Image>,
) -> Result<(), TaskError> {
    if superseded.is_empty() {
        return Ok(());
    }
    let machines = reader.machines().list(Scope::Visible)?;
    let unused = |image: &Image| lookup::uses_of_image(&machines, image.id).is_empty();
    for image in superseded.into_iter().filter(unused) {
        plan.report.pruned.push(image.clone());
        push_delete(plan, image, "it is superseded and nothing uses it");
    }
    Ok(())
}

fn push_delete(plan: &mut Plan<ImageOp, ImageReport>, image: Image, why: &str) {
    let step = Step {
        action: Action::Delete,
        target: named(&image),
        why: why.into(),
        before: json!(image),
        after: Value::Null,
        text: None,
    };
    plan.push(ImageOp::Delete(image), step);
}

fn upload(
    writer: &Writer,
    new: &NewImage,
    file: &mut ImageFile,
    report: &mut ImageReport,
) -> Result<Effect, TaskError> {
    let created = writer.images().create(new, file)?;
    let found = writer.images().get(created.id)?;
    let as_sent = (&new.kind, Some(&new.arch), &new.description, new.known_good, new.public);
    let as_found =
        (&found.kind, found.arch.as_ref(), &found.description, found.known_good, found.public);
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

fn update(
    writer: &Writer,
    id: ImageId,
    changes: &ImageChanges,
    report: &mut ImageReport,
) -> Result<Effect, TaskError> {
    writer.images().update(id, changes)?;
    let found = writer.images().get(id)?;
    let expected = fields_of(changes);
    check::read_back(&named(&found), &expected, &current_fields(&found, &expected))?;
    if let Some(facts) = &mut report.image {
        facts.take(changes);
    }
    Ok(Effect::Done)
}

/// A machine may have been pointed at the image since the plan was made, and which subarch boots a
/// bootloader cannot be seen: the server's refusal then is the answer, and of a superseded image no failure.
fn delete(writer: &Writer, image: Image, report: &mut ImageReport) -> Result<Effect, TaskError> {
    let pruning = report.pruned.iter().any(|pruned| pruned.id == image.id);
    match writer.images().delete(image.id) {
        Err(error) if error.is_conflict() && pruning => {
            report.pruned.retain(|pruned| pruned.id != image.id);
            return Ok(Effect::Skipped(format!("{} stays: something still uses it", named(&image))));
        }
        Err(error) if error.is_conflict() => {
            return Err(TaskError::InUse {
                object: named(&image),
                uses: vec!["a machine or, of a bootloader, a subarch".into()],
            });
        }
        answer => answer?,
    }
    match writer.images().find(image.id)? {
        None => Ok(Effect::Done),
        Some(_) => Err(TaskError::ReadBack {
            object: named(&image),
            expected: "its deletion".into(),
            found: "the image".into(),
        }),
    }
}

fn require_unused(image: &Image, machines: &[Machine]) -> Result<(), TaskError> {
    match lookup::uses_of_image(machines, image.id) {
        uses if uses.is_empty() => Ok(()),
        uses => Err(TaskError::InUse { object: named(image), uses }),
    }
}

fn not_yours(image: &Image, wish: &str) -> TaskError {
    TaskError::NotYours {
        object: named(image),
        owner: lookup::owner(image.user.as_deref()),
        wish: wish.into(),
    }
}

/// An image as messages name it.
pub(super) fn named(image: &Image) -> String {
    match image.description.as_deref() {
        None | Some("") => format!("image {}", image.id),
        Some(description) => format!("image {} '{description}'", image.id),
    }
}

fn content_before(image: &Image) -> Value {
    json!({ "id": image.id, "name": image.name, "known_good": image.known_good, "public": image.public })
}

fn fields_of(changes: &ImageChanges) -> Map<String, Value> {
    check::fields_sent(json!(changes))
}

fn current_fields(image: &Image, like: &Map<String, Value>) -> Map<String, Value> {
    check::same_fields(json!(image), like)
}
