//! Preseeds: the answer files of installers.
//!
//! A name is unique over all users, also over those whose preseeds the token's user cannot see. Lists carry every
//! content, up to two million characters each; here they leave a large one out.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::client::client::ReadWrite;
use crate::client::http::operation::Subject;
use crate::client::http::request::Request;
use crate::client::resources::handle::handle;
use crate::client::resources::wire_types::{id, nullable, required, words};
use crate::client::{Error, ErrorKind, Result, Scope, Sha256};

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
    pub name: String,
    /// Its text, a Jinja2 template. Null in a list that leaves it out.
    #[serde(deserialize_with = "nullable")]
    pub content: Option<String>,
    /// Its description.
    #[serde(deserialize_with = "nullable")]
    pub description: Option<String>,
    /// The installer it is for.
    #[serde(rename = "type")]
    pub kind: PreseedType,
    /// Its owner.
    #[serde(deserialize_with = "required")]
    pub user: Option<String>,
    /// Whether its owner vouches for it.
    pub known_good: bool,
    /// Whether everybody may use it.
    pub public: bool,
    /// What a list has in place of a content that is too large for it. [`Preseeds::get`] and [`Preseeds::find`] have
    /// every content.
    #[serde(default, skip_serializing)]
    pub omitted_content: Option<OmittedContent>,
}

/// The identity of a content that a list leaves out.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OmittedContent {
    /// The SHA-256 of the content in UTF-8, in hexadecimal digits.
    pub sha256: String,
    /// Its size in bytes.
    pub size: u64,
}

impl OmittedContent {
    fn of(content: &str) -> OmittedContent {
        OmittedContent {
            sha256: Sha256::hash(content.as_bytes()).to_string(),
            size: content.len() as u64,
        }
    }
}

impl Preseed {
    /// The identity of its content, whether a list leaves it out or not.
    pub(crate) fn content_identity(&self) -> OmittedContent {
        let content = || OmittedContent::of(self.content.as_deref().unwrap_or_default());
        self.omitted_content.clone().unwrap_or_else(content)
    }
}

/// A preseed in a list, without its content.
pub(crate) fn without_content(item: &[u8]) -> Option<Vec<u8>> {
    let mut fields: Map<String, Value> = serde_json::from_slice(item).ok()?;
    let content = match fields.insert("content".to_owned(), Value::Null)? {
        Value::String(content) => content,
        _ => return None,
    };
    let omitted = json!(OmittedContent::of(&content));
    fields.insert("omitted_content".to_owned(), omitted);
    serde_json::to_vec(&fields).ok()
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
    /// Its description; `Some(None)` removes it.
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
    /// The preseeds of a server.
    Preseeds
}

impl<Access> Preseeds<'_, Access> {
    /// All preseeds of a scope, in no order. Of a preseed larger than 64 KiB it has only the identity of the content.
    ///
    /// # Errors
    ///
    /// Those of every request: see [`ErrorKind`](crate::client::ErrorKind).
    pub fn list(&self, scope: Scope) -> Result<Vec<Preseed>> {
        self.pipeline.json(
            &Request::list("preseed", "listing preseeds")
                .scope(scope)
                .shorten(without_content),
        )
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
        let mut preseeds = self.list(Scope::Visible)?.into_iter();
        match preseeds.find(|preseed| preseed.name == name) {
            Some(found) if found.omitted_content.is_some() => match self.get(found.id) {
                Err(error) if error.is_not_found() => Ok(None),
                answer => answer.map(Some),
            },
            found => Ok(found),
        }
    }
}

impl Preseeds<'_, ReadWrite> {
    /// Creates a preseed. When the answer is lost, it is looked for before another attempt.
    ///
    /// # Errors
    ///
    /// [`Conflict`](crate::client::ErrorKind::Conflict) when any user has a preseed of that name.
    pub fn create(&self, new: &NewPreseed) -> Result<Preseed> {
        let request = Request::post("preseed", format!("creating preseed '{}'", new.name))
            .json(new)
            .about(Subject::Server)
            .conflict(NAME_TAKEN);
        let is_it = |preseed: &Preseed| {
            preseed.name == new.name
                && preseed.kind == new.kind
                && preseed.content_identity() == OmittedContent::of(&new.content)
        };
        let answer = self.pipeline.create(&request, || {
            Ok(self.list(Scope::Own)?.into_iter().find(is_it))
        });
        answer.map_err(|error| explain_type(error, Some(&new.kind)))
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
        let answer = self.pipeline.json(&request.forbidden(FOREIGN));
        answer.map_err(|error| explain_type(error, changes.kind.as_ref()))
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

/// Adds what a refusal may mean. The server's own text names neither the field nor its values.
fn explain_type(error: Error, kind: Option<&PreseedType>) -> Error {
    let is_refusal = error.kind() == ErrorKind::InvalidRequest;
    match kind {
        Some(PreseedType::Autoyast) if is_refusal => {
            error.with_addition("; a server of release 0.3.1 or older knows no type autoyast")
        }
        _ => error,
    }
}

/// What a 409 means for a new preseed.
const NAME_TAKEN: &str = "the name is taken; names are unique over all users, and it may be taken by a preseed that this \
     user cannot see";

/// What a 403 means for a preseed.
const FOREIGN: &str = "the preseed belongs to another user";
