//! Preseeds: the answer files of installers.
//!
//! A name is unique over all users, also over those whose preseeds the token's user cannot see. Lists carry every
//! content, up to two million characters each.

use serde::{Deserialize, Serialize};

use crate::client::client::ReadWrite;
use crate::client::http::operation::Subject;
use crate::client::http::request::Request;
use crate::client::resources::handle::handle;
use crate::client::resources::wire_types::{id, null_as_default, nullable, words};
use crate::client::{Result, Scope};

id! {
    /// The id of a preseed.
    PreseedId
}

words! {
    /// The installer that a preseed is for.
    PreseedType {
        /// Debian's and Ubuntu's installer.
        Preseed = "preseed",
        /// Anaconda.
        Kickstart = "kickstart",
        /// YaST.
        Autoyast = "autoyast",
    }
}

/// A preseed as the server shows it. Plans compare its fields, so one that is missing is an error, and not null.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Preseed {
    /// Its id.
    pub id: PreseedId,
    /// Its name, unique over all users.
    #[serde(deserialize_with = "null_as_default")]
    pub name: String,
    /// Its text, a Jinja2 template.
    #[serde(deserialize_with = "nullable")]
    pub content: Option<String>,
    /// Its description.
    #[serde(deserialize_with = "nullable")]
    pub description: Option<String>,
    /// The installer it is for.
    #[serde(rename = "type", deserialize_with = "null_as_default")]
    pub kind: PreseedType,
    /// Its owner.
    #[serde(deserialize_with = "nullable")]
    pub user: Option<String>,
    /// Whether its owner vouches for it.
    #[serde(deserialize_with = "null_as_default")]
    pub known_good: bool,
    /// Whether everybody may use it.
    #[serde(deserialize_with = "null_as_default")]
    pub public: bool,
}

/// A preseed to create.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct NewPreseed {
    /// Its name, 2 to 256 characters.
    pub name: String,
    /// The installer it is for.
    #[serde(rename = "type")]
    pub kind: PreseedType,
    /// Its text, at most 2097152 characters.
    pub content: String,
    /// Its description, at most 256 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether its owner vouches for it.
    pub known_good: bool,
    /// Whether everybody may use it.
    pub public: bool,
}

/// What to change about a preseed; `None` leaves it as it is.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize)]
pub struct PreseedChanges {
    /// The installer it is for.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<PreseedType>,
    /// Its text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// Its description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether its owner vouches for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known_good: Option<bool>,
    /// Whether everybody may use it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public: Option<bool>,
}

handle! {
    /// The preseeds of a server.
    Preseeds
}

impl<Access> Preseeds<'_, Access> {
    /// All preseeds of a scope, with their contents, in no order.
    ///
    /// # Errors
    ///
    /// Those of every request: see [`ErrorKind`](crate::client::ErrorKind).
    pub fn list(&self, scope: Scope) -> Result<Vec<Preseed>> {
        self.pipeline
            .json(&Request::list("preseed", "listing preseeds").scope(scope))
    }

    /// One preseed.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::client::ErrorKind::NotFound) when it does not exist,
    /// [`Forbidden`](crate::client::ErrorKind::Forbidden) when it is another user's and not public.
    pub fn get(&self, id: PreseedId) -> Result<Preseed> {
        let request = Request::get(format!("preseed/{id}"), format!("reading preseed {id}"));
        self.pipeline.json(&request.forbidden(FOREIGN))
    }

    /// The preseed of exactly this name among those the user may see.
    ///
    /// # Errors
    ///
    /// Those of every request: see [`ErrorKind`](crate::client::ErrorKind).
    pub fn find(&self, name: &str) -> Result<Option<Preseed>> {
        Ok(self
            .list(Scope::Visible)?
            .into_iter()
            .find(|preseed| preseed.name == name))
    }
}

impl Preseeds<'_, ReadWrite> {
    /// Creates a preseed. When the answer is lost, it is looked for before another attempt.
    ///
    /// # Errors
    ///
    /// [`Conflict`](crate::client::ErrorKind::Conflict) when any user has a preseed of that name.
    pub fn create(&self, new: &NewPreseed) -> Result<Preseed> {
        let request = Request::post("preseed", format!("creating preseed {:?}", new.name))
            .json(new)
            .about(Subject::Server)
            .conflict(NAME_TAKEN);
        let is_it = |preseed: &Preseed| {
            preseed.name == new.name
                && preseed.kind == new.kind
                && preseed.content.as_deref().unwrap_or_default() == new.content
        };
        self.pipeline.create(&request, || {
            Ok(self.list(Scope::Own)?.into_iter().find(is_it))
        })
    }

    /// Changes a preseed and returns it as it is then. Sending it twice changes nothing more.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::client::ErrorKind::NotFound) when it does not exist,
    /// [`Forbidden`](crate::client::ErrorKind::Forbidden) when it is another user's.
    pub fn update(&self, id: PreseedId, changes: &PreseedChanges) -> Result<Preseed> {
        let request = Request::put(
            format!("preseed/{id}"),
            format!("changing preseed {id}"),
            changes,
        );
        self.pipeline.json(&request.forbidden(FOREIGN))
    }

    /// Deletes a preseed.
    ///
    /// # Errors
    ///
    /// [`Conflict`](crate::client::ErrorKind::Conflict) while a machine uses it, and those of [`Preseeds::update`].
    pub fn delete(&self, id: PreseedId) -> Result<()> {
        let request = Request::delete(format!("preseed/{id}"), format!("deleting preseed {id}"));
        self.pipeline
            .call(&request.forbidden(FOREIGN).conflict("a machine uses it"))
            .map(drop)
    }
}

/// What a 409 means for a new preseed.
const NAME_TAKEN: &str = "the name is taken; names are unique over all users, and it may be taken by a preseed that this \
     user cannot see";

/// What a 403 means for a preseed.
const FOREIGN: &str = "the preseed belongs to another user";
