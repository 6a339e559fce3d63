//! One request, described before it is sent: what it asks for, what it does, and what refusals mean there.

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::HeaderValue;
use serde::Serialize;

use crate::client::http::list_reader::Shorten;
use crate::client::http::operation::{Effect, Operation, Subject};
use crate::client::http::upload_body::Upload;
use crate::client::resources::scope::Scope;
use crate::client::{Error, Result};

/// A request that can be sent any number of times.
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) endpoint: Endpoint,
    pub(crate) query: Option<String>,
    pub(crate) body: RequestBody,
    /// What is tried.
    pub(crate) action: Operation,
    /// How the large items of the list that is the answer are shortened; None to keep the answer as it is.
    pub(crate) shorten: Option<Shorten>,
    /// What a 403 without a readable reason means here.
    pub(crate) forbidden: &'static str,
    /// What a 409 means here; the server explains it in SQL.
    pub(crate) conflict: &'static str,
}

/// Where a request goes.
pub(crate) enum Endpoint {
    /// A resource of the API, by its path: fixed words and ids, so that no name can reach another resource.
    Api(String),
    /// A page beside the API, which needs no token and gets none. The path is fixed words and ids, too.
    Page(String),
    /// A file on the boot endpoint, which needs no token and gets none.
    BootFile {
        name: HeaderValue,
        /// The expected size. Reading stops with the first chunk that exceeds it, so a larger file is not read to its end.
        size: u64,
    },
}

/// What a request carries.
pub(crate) enum RequestBody {
    Empty,
    Json(Bytes),
    Upload(Upload),
}

impl Request {
    /// Reads an object, or a list that belongs to one.
    pub(crate) fn get(path: impl Into<String>, action: impl Into<String>) -> Request {
        Request::new(Method::GET, Effect::Read, path, action)
    }

    /// Reads one of the server's own lists.
    pub(crate) fn list(path: impl Into<String>, action: impl Into<String>) -> Request {
        Request::get(path, action).about(Subject::Server)
    }

    pub(crate) fn put(
        path: impl Into<String>,
        action: impl Into<String>,
        body: &impl Serialize,
    ) -> Request {
        Request::new(Method::PUT, Effect::Write, path, action).json(body)
    }

    pub(crate) fn post(path: impl Into<String>, action: impl Into<String>) -> Request {
        Request::new(Method::POST, Effect::Action, path, action)
    }

    pub(crate) fn delete(path: impl Into<String>, action: impl Into<String>) -> Request {
        Request::new(Method::DELETE, Effect::Delete, path, action)
    }

    /// Reads a file from the boot endpoint.
    pub(crate) fn boot_file(name: HeaderValue, size: u64, action: impl Into<String>) -> Request {
        Request {
            endpoint: Endpoint::BootFile { name, size },
            ..Request::list("", action)
        }
    }

    /// Reads a page beside the API.
    pub(crate) fn page(path: impl Into<String>, action: impl Into<String>) -> Request {
        Request {
            endpoint: Endpoint::Page(path.into()),
            ..Request::get("", action)
        }
    }

    fn new(
        method: Method,
        effect: Effect,
        path: impl Into<String>,
        action: impl Into<String>,
    ) -> Request {
        Request {
            method,
            endpoint: Endpoint::Api(path.into()),
            query: None,
            body: RequestBody::Empty,
            action: Operation {
                description: action.into(),
                effect,
                subject: Subject::Object,
            },
            shorten: None,
            forbidden: "the token's user is not allowed to",
            conflict: "it conflicts with what the server has",
        }
    }

    /// Says what it is about, where that is not one object.
    pub(crate) fn about(mut self, subject: Subject) -> Request {
        self.action.subject = subject;
        self
    }

    pub(crate) fn json(mut self, body: &impl Serialize) -> Request {
        // The bodies are structs of strings, numbers and booleans, which always serialize.
        let bytes = serde_json::to_vec(body).unwrap_or_default();
        self.body = RequestBody::Json(Bytes::from(bytes));
        self
    }

    pub(crate) fn upload(mut self, upload: Upload) -> Request {
        self.body = RequestBody::Upload(upload);
        self
    }

    /// Says what to keep of large items of a list.
    pub(crate) fn shorten(mut self, shorten: Shorten) -> Request {
        self.shorten = Some(shorten);
        self
    }

    pub(crate) fn scope(mut self, scope: Scope) -> Request {
        self.query = scope.query().map(str::to_owned);
        self
    }

    pub(crate) fn query(mut self, query: String) -> Request {
        self.query = Some(query);
        self
    }

    pub(crate) fn forbidden(mut self, meaning: &'static str) -> Request {
        self.forbidden = meaning;
        self
    }

    pub(crate) fn conflict(mut self, meaning: &'static str) -> Request {
        self.conflict = meaning;
        self
    }

    /// Refuses a text with a NUL character in the query, a JSON body or the form of an upload. The server cannot store it,
    /// and one that runs with a single database session answers nobody any more after it.
    pub(crate) fn require_no_nul(&self) -> Result<()> {
        let in_body = match &self.body {
            RequestBody::Empty => false,
            RequestBody::Json(bytes) => json_has_nul(bytes),
            RequestBody::Upload(upload) => {
                json_has_nul(upload.fields.as_bytes()) || upload.name.contains('\0')
            }
        };
        // `%` itself is encoded as `%25`.
        let in_query = self
            .query
            .as_ref()
            .is_some_and(|query| query.contains("%00"));
        match in_body || in_query {
            true => Err(Error::invalid_value(
                &self.action.description,
                "a text has a NUL character, which the server cannot store",
            )),
            false => Ok(()),
        }
    }

    /// How large the answer should be, when it is a file.
    pub(crate) fn file_size(&self) -> Option<u64> {
        match self.endpoint {
            Endpoint::BootFile { size, .. } => Some(size),
            Endpoint::Api(_) | Endpoint::Page(_) => None,
        }
    }

    /// Whether a refusal of this status is an answer, too: that the text of a preseed is broken is known by it.
    pub(crate) fn is_answered_by(&self, status: u16) -> bool {
        status == 400 && matches!(self.endpoint, Endpoint::Page(_))
    }

    /// Whether an empty 404 is the server's own word, and no sign of a wrong address.
    pub(crate) fn may_be_missing(&self) -> bool {
        !matches!(self.endpoint, Endpoint::Api(_))
    }

    /// What is asked for: the same key has the same answer as long as nothing changes.
    pub(crate) fn cache_key(&self) -> String {
        let path = match &self.endpoint {
            Endpoint::Api(path) => path.clone(),
            Endpoint::Page(path) => format!("page {path}"),
            Endpoint::BootFile { name, .. } => format!("boot file {name:?}"),
        };
        format!("{path}?{}", self.query.as_deref().unwrap_or_default())
    }
}

/// Whether a text in serialized JSON has a NUL character, which is always escaped there.
fn json_has_nul(json: &[u8]) -> bool {
    let mut rest = json;
    while let Some(start) = rest.iter().position(|byte| *byte == b'\\') {
        let escape = &rest[start + 1..];
        if escape.starts_with(b"u0000") {
            return true;
        }
        // The escaped character may be a backslash too.
        rest = escape.get(1..).unwrap_or_default();
    }
    false
}
