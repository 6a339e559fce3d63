//! An image with given bytes, flags and description, or none.
//!
//! The server offers no checksum and cannot replace an image's content, but it keeps the file name of the upload. So a
//! file is uploaded under a name that contains a mark, the start of its SHA-256. The content of an own image without a
//! mark, and of every image of another user, counts as known only after it was read back over the boot endpoint.

mod apply;
mod no_image;
mod plan;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::client::{
    Client, Digest, Image, ImageChanges, ImageFile, ImageId, ImageType, NewImage, ReadOnlyClient,
    mark_of,
};
use crate::task::verify::Change;
use crate::task::{Plan, PlanResult, Result, StepResult, Task, TaskError, verify};

#[derive(Clone, Debug)]
pub(crate) struct ImageSpec {
    /// Identifies the image together with type and architecture; not unique on the server.
    pub description: String,
    pub kind: ImageType,
    pub arch: String,
    pub presence: ImagePresence,
}

#[derive(Clone, Debug)]
pub(crate) enum ImagePresence {
    Present(DesiredImage),
    /// It does not exist. With an id, only that image is deleted, else all own ones of that description.
    Absent(Option<ImageId>),
}

/// The desired properties of an image.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct DesiredImage {
    /// The file with its content; without one, the image must exist already.
    pub path: Option<PathBuf>,
    /// This image and no other of the same description.
    pub id: Option<ImageId>,
    /// Whether other users may use it; None leaves it as it is.
    pub public: Option<bool>,
    /// Whether it is marked as known to work; None leaves it as it is.
    pub known_good: Option<bool>,
    /// Upload even if an image with this content exists.
    pub force: bool,
    /// Delete own images of the same description that this one supersedes and no machine uses.
    pub prune: bool,
}

#[derive(Debug)]
pub(crate) enum ImageOp {
    Upload(ImageUpload),
    Update(ImageId, Change<ImageChanges>),
    /// Delete an own image, which must not be in use.
    Delete(Image),
    /// Delete an own image that is superseded, unless it is in use after all.
    Prune(Image),
}

/// A file to upload as a new image.
#[derive(Debug)]
pub(crate) struct ImageUpload {
    pub(super) new: NewImage,
    pub(super) file: ImageFile,
    /// The newest own image of the description when the upload was planned: a newer one is another run's. None where one
    /// is uploaded whatever the server has.
    pub(super) newest: Option<ImageId>,
}

type ImagePlan = Plan<ImageOp, ImageReport>;

#[derive(Debug, Default, Serialize)]
pub(crate) struct ImageReport {
    pub image: Option<ImageFacts>,
    /// Superseded images that were deleted.
    pub pruned: Vec<Image>,
}

/// An image with the hash and size of its content, which the server does not show.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct ImageFacts {
    /// Null while the image is only planned.
    pub id: Option<ImageId>,
    /// The server's name for it, which is its path below the boot endpoint.
    pub name: Option<String>,
    pub description: Option<String>,
    #[serde(rename = "type")]
    pub kind: ImageType,
    pub arch: Option<String>,
    /// In the server's local time, although it says GMT.
    pub upload_date: Option<String>,
    pub user: Option<String>,
    pub known_good: bool,
    pub public: bool,
    /// Hex digits; null where no file was given to compare with.
    pub sha256: Option<String>,
    /// In bytes; null where no file was given.
    pub size: Option<u64>,
}

impl Task for ImageSpec {
    type Op = ImageOp;
    type Report = ImageReport;

    fn require_valid_options(&self) -> Result<()> {
        if self.description.is_empty() {
            return Err(TaskError::Refused(
                "O(description) must not be empty".into(),
            ));
        }
        verify::require_length("O(description)", Some(&self.description), 256)
    }

    fn plan(&self, client: &ReadOnlyClient) -> PlanResult<Self> {
        match &self.presence {
            ImagePresence::Present(desired) => match (desired.id, &desired.path) {
                (Some(id), _) => self.plan_by_id(client, id, desired),
                (None, Some(path)) => self.plan_content(client, ImageFile::open(path)?, desired),
                (None, None) => self.plan_existing(client, desired),
            },
            ImagePresence::Absent(id) => self.plan_absent(client, *id),
        }
    }

    fn apply_step(client: &Client, op: &mut ImageOp, report: &mut ImageReport) -> StepResult {
        match op {
            ImageOp::Upload(upload) => apply::upload(client, upload, report),
            ImageOp::Update(id, change) => apply::update(client, *id, change, report),
            ImageOp::Delete(image) => apply::delete(client, image),
            ImageOp::Prune(image) => apply::prune(client, image, report),
        }
    }

    /// All images of a description, or the one with the given id, and every other image that a step changes or deletes.
    fn claimed_objects(&self, plan: &ImagePlan) -> Vec<String> {
        let id = match &self.presence {
            ImagePresence::Present(desired) => desired.id,
            ImagePresence::Absent(id) => *id,
        };
        let description = id.is_none().then(|| self.title());
        let reported = plan.report.image.as_ref().and_then(|image| image.id);
        let changed = plan.steps.iter().filter_map(|planned| planned.op.image());
        let images = changed.chain(reported).map(|id| format!("image {id}"));
        images.chain(description).collect()
    }

    fn title(&self) -> String {
        format!(
            "{} image '{}' for {}",
            self.kind, self.description, self.arch
        )
    }
}

impl ImageOp {
    /// The existing image that the operation changes or deletes.
    fn image(&self) -> Option<ImageId> {
        match self {
            ImageOp::Upload(..) => None,
            ImageOp::Update(id, _) => Some(*id),
            ImageOp::Delete(image) | ImageOp::Prune(image) => Some(image.id),
        }
    }
}

impl ImageReport {
    fn from_image(image: &Image, digest: Option<&Digest>) -> Self {
        ImageReport {
            image: Some(ImageFacts::from_image(image, digest)),
            pruned: Vec::new(),
        }
    }
}

impl ImageFacts {
    fn from_image(image: &Image, digest: Option<&Digest>) -> Self {
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
            description: new.description.clone(),
            kind: new.kind.clone(),
            arch: Some(new.arch.clone()),
            known_good: new.known_good,
            public: new.public,
            sha256: Some(digest.sha256.to_string()),
            size: Some(digest.size),
            ..ImageFacts::default()
        }
    }

    fn apply_changes(&mut self, changes: &ImageChanges) {
        self.description = changes
            .description
            .clone()
            .unwrap_or(self.description.take());
        self.known_good = changes.known_good.unwrap_or(self.known_good);
        self.public = changes.public.unwrap_or(self.public);
    }
}

pub(super) fn image_title(image: &Image) -> String {
    match image.description.as_deref() {
        None | Some("") => format!("image {}", image.id),
        Some(description) => format!("image {} '{description}'", image.id),
    }
}

/// The other own images with the mark of this one: what two uploads of the same file at once leave behind.
fn copies_of<'a>(
    image: &Image,
    own: impl IntoIterator<Item = &'a Image>,
) -> impl Iterator<Item = &'a Image> {
    let (id, mark) = (image.id, image.name.as_deref().and_then(mark_of));
    let mark = mark.map(str::to_owned);
    let mark_of_other = |other: &Image| other.name.as_deref().and_then(mark_of).map(str::to_owned);
    own.into_iter()
        .filter(move |other| other.id != id && mark.is_some() && mark_of_other(other) == mark)
}

fn copy_warning(copy: &Image, image: &Image) -> String {
    format!(
        "{} is a copy of image {}; a run with O(prune=true) deletes it once nothing uses it",
        image_title(copy),
        image.id
    )
}
