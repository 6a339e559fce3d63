//! Uploading an image without ever making two of it.
//!
//! The server answers only when it has everything, and a connection can break before. The user's own images are listed
//! before the upload, so that an image that arrived although its answer was lost is recognized by its id and mark.

use std::collections::HashSet;

use super::client::ReadWrite;
use super::digest::mark_of;
use super::error::Size;
use super::request::Request;
use super::{ApiError, Image, ImageFile, ImageId, Images, NewImage, Result, Scope};

/// What the server's HTTP library takes unless it is told otherwise. It closes the connection on anything larger.
const SILENT_LIMIT: u64 = 100 * 1024 * 1024;
/// More than the form around the file.
const FORM: u64 = 4096;

impl Images<'_, ReadWrite> {
    /// Uploads a file as a new image, under [`ImageFile::upload_name`], in constant memory.
    ///
    /// When the answer is lost, the image is looked for before the upload is repeated. When the server fails and leaves an
    /// image without a file behind, that is deleted. Fails with [`ApiError::UploadTooLarge`] when the file is larger than
    /// the server takes, and with [`ApiError::FileChanged`] when it changed since it was opened.
    pub fn create(&self, new: &NewImage, file: &mut ImageFile) -> Result<Image> {
        let known: HashSet<ImageId> = self
            .list(Scope::Own)?
            .into_iter()
            .map(|image| image.id)
            .collect();
        let mark = file.digest().sha256.mark();
        let look = || self.arrived(new, &mark, &known);
        let action = format!(
            "uploading {} ({})",
            file.path().display(),
            Size(file.digest().size)
        );
        let request = Request::upload(&["image"], action, file.upload(new));
        self.pipeline.create(
            || {
                self.pipeline
                    .json_once(&request)
                    .map_err(|error| self.tidy_up(error, look))
            },
            look,
            |error| too_large(error, file.digest().size),
        )
    }

    /// The image that the upload made, if it is there.
    fn arrived(
        &self,
        new: &NewImage,
        mark: &str,
        known: &HashSet<ImageId>,
    ) -> Result<Option<Image>> {
        let is_it = |image: &Image| {
            !known.contains(&image.id)
                && image.name.as_deref().and_then(mark_of) == Some(mark)
                && image.kind == new.kind
                && image.arch.as_ref() == Some(&new.arch)
                && image.description.as_deref().unwrap_or_default()
                    == new.description.as_deref().unwrap_or_default()
        };
        Ok(self
            .list(Scope::Own)?
            .into_iter()
            .filter(is_it)
            .max_by_key(|image| image.id))
    }

    /// After a failure of the server itself: deletes the image without a file that it may have left.
    fn tidy_up(&self, error: ApiError, look: impl Fn() -> Result<Option<Image>>) -> ApiError {
        let ApiError::Server(mut refusal) = error else {
            return error;
        };
        if refusal.status == 500
            && let Ok(Some(image)) = look()
        {
            let outcome = match self.delete(image.id) {
                Ok(()) => "was deleted",
                Err(_) => "could not be deleted",
            };
            let left = format!(
                "; it left the incomplete image {}, which {outcome}",
                image.id
            );
            refusal.reason.push_str(&left);
        }
        ApiError::Server(refusal)
    }
}

/// A large upload whose connection was closed without a word, and which did not arrive, was too large.
fn too_large(error: ApiError, size: u64) -> ApiError {
    match error {
        ApiError::Disconnected { action, .. } if size + FORM > SILENT_LIMIT => {
            ApiError::UploadTooLarge {
                action,
                size,
                status: None,
            }
        }
        other => other,
    }
}
