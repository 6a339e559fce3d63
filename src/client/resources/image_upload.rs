//! Uploading an image without ever making two of it.
//!
//! The server answers only when it has everything, and a connection can break before. The user's own images are listed
//! before the upload, so that an image that arrived although its answer was lost is recognized by its id and mark.

use std::collections::HashSet;

use crate::client::client::ReadWrite;
use crate::client::digest::{Digest, mark_of};
use crate::client::error::Size;
use crate::client::http::request::Request;
use crate::client::{
    ApiError, Image, ImageFile, ImageId, Images, NewImage, ProgressEvent, Result, Scope,
};

/// What the server's HTTP library takes unless it is told otherwise. It closes the connection on anything larger.
const SILENT_LIMIT: u64 = 100 * 1024 * 1024;
/// More than the form around the file.
const FORM: u64 = 4096;

impl Images<'_, ReadWrite> {
    /// Uploads a file as a new image, under [`ImageFile::upload_name`], in constant memory.
    ///
    /// When the answer is lost, the image is looked for before the upload is repeated; an upload that the server may still be
    /// busy with is not repeated. An image that was left behind without its whole file is deleted. Fails with [`ApiError::UploadTooLarge`] when the file is larger than the server takes, and
    /// with [`ApiError::FileChanged`] when it changed since it was opened.
    pub fn create(&self, new: &NewImage, file: &mut ImageFile) -> Result<Image> {
        let known: HashSet<ImageId> = self
            .list(Scope::Own)?
            .into_iter()
            .map(|image| image.id)
            .collect();
        let size = file.digest().size;
        let action = format!("uploading {} ({})", file.path().display(), Size(size));
        let request = Request::upload(&["image"], action, file.upload(new));
        let look = || self.look(new, file.digest(), &known);
        let created = self.pipeline.create(
            || {
                self.pipeline
                    .json_once(&request)
                    .or_else(|error| self.after_failure(error, look))
            },
            || match look()? {
                Arrival::Whole(image) => Ok(Some(image)),
                Arrival::Incomplete(id) => self.delete(id).map(|()| None),
                Arrival::Absent => Ok(None),
            },
            |error| too_large(error, size),
        );
        let file = file.path();
        self.pipeline
            .progress()
            .report(&ProgressEvent::SendingEnded { file });
        created
    }

    /// Looks what the upload made.
    fn look(&self, new: &NewImage, digest: &Digest, known: &HashSet<ImageId>) -> Result<Arrival> {
        let mark = digest.sha256.mark();
        let is_it = |image: &Image| {
            !known.contains(&image.id)
                && image.name.as_deref().and_then(mark_of) == Some(&mark)
                && image.kind == new.kind
                && image.arch.as_ref() == Some(&new.arch)
                && image.description.as_deref().unwrap_or_default()
                    == new.description.as_deref().unwrap_or_default()
        };
        let Some(image) = self
            .list(Scope::Own)?
            .into_iter()
            .filter(is_it)
            .max_by_key(|image| image.id)
        else {
            return Ok(Arrival::Absent);
        };
        // The server stores the image before it writes the file. Where files cannot be read back, the mark has to do.
        match self.holds(&image, digest) {
            Ok(false) => Ok(Arrival::Incomplete(image.id)),
            Ok(true) | Err(_) => Ok(Arrival::Whole(image)),
        }
    }

    /// A server that fails may have made the image all the same, or an image without its file.
    fn after_failure(&self, error: ApiError, look: impl Fn() -> Result<Arrival>) -> Result<Image> {
        match error {
            ApiError::Server(mut refusal) if refusal.status == 500 => {
                match look() {
                    Ok(Arrival::Whole(image)) => return Ok(image),
                    Ok(Arrival::Incomplete(id)) => {
                        let outcome = self
                            .delete(id)
                            .map_or("could not be deleted", |()| "was deleted");
                        let left = format!("; it left the incomplete image {id}, which {outcome}");
                        refusal.reason.push_str(&left);
                    }
                    Ok(Arrival::Absent) | Err(_) => {}
                }
                Err(ApiError::Server(refusal))
            }
            other => Err(other),
        }
    }
}

/// What an upload made whose answer was lost.
enum Arrival {
    /// The image, with all its bytes.
    Whole(Image),
    /// An image without its file, or with a part of it.
    Incomplete(ImageId),
    /// Nothing.
    Absent,
}

/// A large upload whose connection was closed without a word, and which did not arrive, was too large. A proxy tells of
/// the close by its status 502.
fn too_large(error: ApiError, size: u64) -> ApiError {
    let (action, status) = match error {
        other if size + FORM <= SILENT_LIMIT => return other,
        ApiError::Disconnected { action, .. } => (action, None),
        ApiError::Server(refusal) if refusal.status == 502 => (refusal.action, Some(502)),
        other => return other,
    };
    ApiError::UploadTooLarge {
        action,
        size,
        status,
    }
}
