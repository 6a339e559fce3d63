//! Uploading an image without ever making two of it.
//!
//! The server answers only when it has the whole file, and a connection can break before. The user's own images are listed
//! before the upload, so that an image that arrived although its answer was lost is recognized by its id and mark.

use std::collections::HashSet;

use crate::client::client::ReadWrite;
use crate::client::digest::{Digest, mark_of};
use crate::client::error::ByteSize;
use crate::client::http::operation::Subject;
use crate::client::http::request::Request;
use crate::client::{
    Error, ErrorKind, Image, ImageFile, ImageId, Images, NewImage, ProgressEvent, Result, Scope,
};

/// What the server's HTTP library, tornado, takes by default. It closes the connection on anything larger.
const TORNADO_LIMIT: u64 = 100 * 1024 * 1024;
/// More than the size of the form around the file.
const FORM_SIZE: u64 = 4096;

impl Images<'_, ReadWrite> {
    /// Uploads a file as a new image, under [`ImageFile::upload_name`], in constant memory.
    ///
    /// When the answer is lost, the image is looked for before the upload is repeated; an upload that the server may still be
    /// working on is not repeated. An image that was left behind without its whole file is deleted.
    ///
    /// # Errors
    ///
    /// [`UploadTooLarge`](ErrorKind::UploadTooLarge) when the file is larger than the server takes,
    /// [`FileChanged`](ErrorKind::FileChanged) when it changed since it was opened,
    /// [`OutcomeUnknown`](ErrorKind::OutcomeUnknown) when the answer was lost and the image may still appear.
    pub fn create(&self, new: &NewImage, file: &mut ImageFile) -> Result<Image> {
        let known: HashSet<ImageId> = self
            .list(Scope::Own)?
            .into_iter()
            .map(|image| image.id)
            .collect();
        let size = file.digest().size;
        let action = format!("uploading {} ({})", file.path().display(), ByteSize(size));
        let request = Request::post("image", action)
            .upload(file.upload(new))
            .about(Subject::Server);
        let find = || self.find_uploaded(new, file.digest(), &known);
        let created = self.pipeline.create_with(
            |attempt| {
                self.pipeline
                    .json_once(&request, attempt)
                    .or_else(|error| self.after_server_failure(error, find))
            },
            || match find()? {
                UploadedImage::Whole(image) => Ok(Some(image)),
                UploadedImage::Incomplete(id) => self.clear_away(id).map(|()| None),
                UploadedImage::Absent => Ok(None),
            },
            |error| match may_be_too_large(&error, size) {
                true => Error::upload_too_large(size, error.status()).during(&request.action),
                false => error,
            },
        );
        let ended = ProgressEvent::SendingEnded { file: file.path() };
        self.pipeline.progress.report(&ended);
        created
    }

    /// Looks for the image that an upload made.
    fn find_uploaded(
        &self,
        new: &NewImage,
        digest: &Digest,
        known: &HashSet<ImageId>,
    ) -> Result<UploadedImage> {
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
            return Ok(UploadedImage::Absent);
        };
        // The server stores the image before it writes the file. Where files cannot be read back, the mark must suffice.
        match self.holds(&image, digest) {
            Ok(false) => Ok(UploadedImage::Incomplete(image.id)),
            Ok(true) | Err(_) => Ok(UploadedImage::Whole(image)),
        }
    }

    /// Deletes an incomplete image, unless another client did so first.
    fn clear_away(&self, id: ImageId) -> Result<()> {
        match self.delete(id) {
            Err(error) if error.is_not_found() => Ok(()),
            answer => answer,
        }
    }

    /// A server that fails may have made the image all the same, or an image without its file.
    fn after_server_failure(
        &self,
        error: Error,
        find: impl Fn() -> Result<UploadedImage>,
    ) -> Result<Image> {
        if error.kind() == ErrorKind::Server && error.status() == Some(500) {
            match find() {
                Ok(UploadedImage::Whole(image)) => return Ok(image),
                Ok(UploadedImage::Incomplete(id)) => {
                    let outcome = match self.clear_away(id) {
                        Ok(()) => "was deleted",
                        Err(_) => "could not be deleted",
                    };
                    let left = format!("; it left the incomplete image {id}, which {outcome}");
                    return Err(error.with_addition(&left));
                }
                Ok(UploadedImage::Absent) | Err(_) => {}
            }
        }
        Err(error)
    }
}

/// What an upload made whose answer was lost.
enum UploadedImage {
    /// The image, with all its bytes.
    Whole(Image),
    /// An image without its file, or with a part of it.
    Incomplete(ImageId),
    /// Nothing.
    Absent,
}

/// Whether an upload that ended so, and made no image, was too large: its connection was closed without an answer, which
/// a proxy reports by its status 502.
fn may_be_too_large(error: &Error, size: u64) -> bool {
    let was_closed = error.kind() == ErrorKind::Disconnected
        || (error.kind() == ErrorKind::Server && error.status() == Some(502));
    size + FORM_SIZE > TORNADO_LIMIT && was_closed
}
