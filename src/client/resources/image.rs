//! Images: kernels, initrds and bootloaders.
//!
//! An image's content cannot be replaced, and the API does not give it back; the boot endpoint does, to anyone.
//! Deleting an image leaves its file on the server. Descriptions are not unique.

use std::sync::Arc;

use reqwest::header::HeaderValue;
use serde::{Deserialize, Serialize};

use crate::client::client::ReadWrite;
use crate::client::http::request::Request;
use crate::client::resources::handle::handle;
use crate::client::resources::wire_types::{id, nullable, required, words};
use crate::client::{Digest, Error, Result, Scope};

id! {
    /// The id of an image.
    ImageId
}

words! {
    /// What an image is.
    ImageType {
        /// A kernel.
        Kernel = "Kernel",
        /// An initial RAM disk.
        Initrd = "Initrd",
        /// A network boot program.
        Bootloader = "bootloader",
    }
}

/// An image as the server shows it. Plans compare its fields, so one that is missing is an error, and not null.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Image {
    /// Its id; a newer image has a higher one.
    pub id: ImageId,
    /// Its path below the boot root, `USER/FILENAME.xxxxxxxx`.
    #[serde(deserialize_with = "required")]
    pub name: Option<String>,
    /// Its description, which need not be unique.
    #[serde(deserialize_with = "nullable")]
    pub description: Option<String>,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: ImageType,
    /// The name of its architecture.
    #[serde(deserialize_with = "required")]
    pub arch: Option<String>,
    /// When it was uploaded: an HTTP date that says GMT but is in the server's own time zone.
    pub upload_date: Option<String>,
    /// Its owner; the image of a new installation has none.
    #[serde(deserialize_with = "nullable")]
    pub user: Option<String>,
    /// Whether its owner vouches for it.
    pub known_good: bool,
    /// Whether everybody may use it.
    pub public: bool,
}

/// An image to create; its content is a file.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct NewImage {
    /// Its description, at most 256 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: ImageType,
    /// The name of its architecture.
    pub arch: String,
    /// Whether its owner vouches for it.
    pub known_good: bool,
    /// Whether everybody may use it.
    pub public: bool,
}

/// What to change about an image; `None` leaves it as it is.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize)]
pub struct ImageChanges {
    /// The new description; `Some(None)` removes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<Option<String>>,
    /// Whether its owner vouches for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known_good: Option<bool>,
    /// Whether everybody may use it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public: Option<bool>,
}

handle! {
    /// The images of a server.
    Images
}

impl<Access> Images<'_, Access> {
    /// All images of a scope, in no order.
    ///
    /// # Errors
    ///
    /// Those of every request: see [`ErrorKind`](crate::client::ErrorKind).
    pub fn list(&self, scope: Scope) -> Result<Vec<Image>> {
        self.shared_list(scope).map(Arc::unwrap_or_clone)
    }

    /// The same, without a copy of a list that is known already.
    pub(crate) fn shared_list(&self, scope: Scope) -> Result<Arc<Vec<Image>>> {
        self.pipeline
            .shared_json(&Request::list("image", "listing images").scope(scope))
    }

    /// One image.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::client::ErrorKind::NotFound) when it does not exist,
    /// [`Forbidden`](crate::client::ErrorKind::Forbidden) when it is another user's and not public.
    pub fn get(&self, id: ImageId) -> Result<Image> {
        let request = Request::get(format!("image/{id}"), format!("reading image {id}"));
        self.pipeline.json(&request.forbidden(FOREIGN))
    }

    /// Like [`Images::get`], with `None` for an image that does not exist.
    ///
    /// # Errors
    ///
    /// [`Forbidden`](crate::client::ErrorKind::Forbidden) when it is another user's and not public.
    pub fn find(&self, id: ImageId) -> Result<Option<Image>> {
        match self.get(id) {
            Err(error) if error.is_not_found() => Ok(None),
            other => other.map(Some),
        }
    }

    /// Whether an image holds exactly these bytes: they are read back from the boot endpoint and hashed, in constant memory,
    /// and no further than they could be the same. False when the server has no file of that name. No token is sent; the
    /// endpoint has no authentication.
    ///
    /// # Errors
    ///
    /// [`Decode`](crate::client::ErrorKind::Decode) when something else than a file is served there.
    pub fn holds(&self, image: &Image, digest: &Digest) -> Result<bool> {
        let action = format!("reading the file of image {} back", image.id);
        let Some(name) = image.name.as_deref().filter(|name| !name.is_empty()) else {
            return Ok(false);
        };
        let Ok(name) = HeaderValue::from_str(name) else {
            let reason = "its name cannot be sent in a header";
            return Err(Error::invalid_value(&action, reason));
        };
        let request = Request::boot_file(name, digest.size, action);
        match self.pipeline.call(&request) {
            Ok(response) => response.file_digest(&request).map(|found| found == *digest),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl Images<'_, ReadWrite> {
    /// Changes an image and returns it as it is then. Sending it twice changes nothing more.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::client::ErrorKind::NotFound) when it does not exist,
    /// [`Forbidden`](crate::client::ErrorKind::Forbidden) when it is another user's.
    pub fn update(&self, id: ImageId, changes: &ImageChanges) -> Result<Image> {
        let request = Request::put(
            format!("image/{id}"),
            format!("changing image {id}"),
            changes,
        );
        self.pipeline.json(&request.forbidden(FOREIGN))
    }

    /// Deletes an image. Its file stays on the server.
    ///
    /// # Errors
    ///
    /// [`Conflict`](crate::client::ErrorKind::Conflict) while a machine or a subarch uses it, and those of
    /// [`Images::update`].
    pub fn delete(&self, id: ImageId) -> Result<()> {
        let request = Request::delete(format!("image/{id}"), format!("deleting image {id}"))
            .forbidden(FOREIGN)
            .conflict("a machine uses it, or a subarch as its bootloader");
        self.pipeline.call(&request).map(drop)
    }
}

/// What a 403 means for an image.
const FOREIGN: &str = "the image belongs to another user";
