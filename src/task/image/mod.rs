//! An image with given bytes, flags and description, or none.
//!
//! The server offers no checksum and cannot replace an image's content, but it keeps the file name of the
//! upload: a file is uploaded under a name that carries the mark of its SHA-256, so an own image tells what
//! it holds. An own image without a mark, and every image of another user, is believed only after its bytes
//! were read back over the boot endpoint.

mod apply;
mod plan;

use std::path::PathBuf;

use serde::Serialize;

use crate::client::{
    Client, Digest, Image, ImageChanges, ImageFile, ImageId, ImageType, NewImage, ReadOnlyClient,
};
use crate::task::{Plan, StepOutcome, Task, TaskError, verify};

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
    /// Delete an own image, which must not be in use.
    Delete(Image),
    /// Delete an own image that is superseded, unless something uses it after all.
    Prune(Image),
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

    fn require_valid_options(&self) -> Result<(), TaskError> {
        verify::at_most("description", &self.description, 256)
    }

    fn plan(&self, client: &ReadOnlyClient) -> Result<Plan<ImageOp, ImageReport>, TaskError> {
        match &self.presence {
            Presence::Present(wanted) => match (wanted.id, &wanted.path) {
                (Some(id), _) => self.plan_this_one(client, id, wanted),
                (None, Some(path)) => {
                    let file = ImageFile::open(path)?;
                    self.plan_content(client, file, wanted)
                }
                (None, None) => self.plan_existing(client, wanted),
            },
            Presence::Absent(id) => self.plan_absent(client, *id),
        }
    }

    fn perform(
        client: &Client,
        op: ImageOp,
        report: &mut ImageReport,
    ) -> Result<StepOutcome<ImageOp>, TaskError> {
        match op {
            ImageOp::Upload(new, mut file) => apply::upload(client, &new, &mut file, report),
            ImageOp::Update(id, changes) => apply::update(client, id, &changes, report),
            ImageOp::Delete(image) => apply::delete(client, &image),
            ImageOp::Prune(image) => apply::prune(client, &image, report),
        }
    }

    /// All images of a description, or the one with the given id. What else goes or changes is decided on as well.
    fn objects(&self, plan: &Plan<ImageOp, ImageReport>) -> Vec<String> {
        let description = self.id().is_none().then(|| self.title());
        let told = plan.report.image.as_ref().and_then(|image| image.id);
        let changed = plan.steps.iter().filter_map(|planned| planned.op.image());
        let images = changed.chain(told).map(|id| format!("image {id}"));
        images.chain(description).collect()
    }

    fn title(&self) -> String {
        format!(
            "{} image '{}' for {}",
            self.kind, self.description, self.arch
        )
    }
}

impl ImageSpec {
    fn id(&self) -> Option<ImageId> {
        match &self.presence {
            Presence::Present(wanted) => wanted.id,
            Presence::Absent(id) => *id,
        }
    }
}

impl ImageOp {
    /// The image that changes or goes.
    fn image(&self) -> Option<ImageId> {
        match self {
            ImageOp::Upload(..) => None,
            ImageOp::Update(id, _) => Some(*id),
            ImageOp::Delete(image) | ImageOp::Prune(image) => Some(image.id),
        }
    }
}

impl ImageReport {
    fn of(image: &Image, digest: Option<&Digest>) -> Self {
        ImageReport {
            image: Some(ImageFacts::of(image, digest)),
            pruned: Vec::new(),
        }
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

/// An image as messages name it.
pub(super) fn named(image: &Image) -> String {
    match image.description.as_deref() {
        None | Some("") => format!("image {}", image.id),
        Some(description) => format!("image {} '{description}'", image.id),
    }
}
