//! One request, described before it is sent: what it asks for, and what refusals mean there.

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::HeaderValue;
use serde::Serialize;

use crate::client::http::operation::Operation;
use crate::client::http::upload_body::Upload;
use crate::client::resources::scope::Scope;

/// A request that can be sent any number of times.
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) target: Target,
    pub(crate) query: Option<String>,
    pub(crate) body: Payload,
    /// What is tried.
    pub(crate) action: Operation,
    /// What a 403 without a readable reason means here.
    pub(crate) forbidden: &'static str,
    /// What a 409 means here; the server explains it in SQL.
    pub(crate) conflict: &'static str,
    /// Whether it carries what a refusal must not show: the server repeats in errors what it was sent.
    pub(crate) private: bool,
}

/// Where a request goes.
pub(crate) enum Target {
    /// A resource of the API, by its path segments.
    Api(Vec<String>),
    /// A file on the boot endpoint, which needs no token and gets none.
    BootFile {
        name: HeaderValue,
        /// How large it should be. Of a larger one not much more is read.
        size: u64,
    },
}

/// What a request carries.
pub(crate) enum Payload {
    Nothing,
    Json(Bytes),
    Upload(Upload),
}

impl Request {
    /// A request for a resource of the API.
    pub(crate) fn new(method: Method, path: &[&str], action: impl Into<String>) -> Request {
        Request {
            action: Operation::new(&method, path, action.into()),
            method,
            target: Target::Api(path.iter().map(|&segment| segment.to_owned()).collect()),
            query: None,
            body: Payload::Nothing,
            forbidden: "the token's user is not allowed to",
            conflict: "it conflicts with what the server has",
            private: false,
        }
    }

    pub(crate) fn get(path: &[&str], action: impl Into<String>) -> Request {
        Request::new(Method::GET, path, action)
    }

    pub(crate) fn put(path: &[&str], action: impl Into<String>, body: &impl Serialize) -> Request {
        Request::new(Method::PUT, path, action).json(body)
    }

    pub(crate) fn post(path: &[&str], action: impl Into<String>, body: &impl Serialize) -> Request {
        Request::new(Method::POST, path, action).json(body)
    }

    pub(crate) fn delete(path: &[&str], action: impl Into<String>) -> Request {
        Request::new(Method::DELETE, path, action)
    }

    /// Reads a file from the boot endpoint.
    pub(crate) fn boot_file(name: HeaderValue, size: u64, action: impl Into<String>) -> Request {
        Request {
            target: Target::BootFile { name, size },
            ..Request::new(Method::GET, &[], action)
        }
    }

    pub(crate) fn upload(path: &[&str], action: impl Into<String>, upload: Upload) -> Request {
        Request {
            body: Payload::Upload(upload),
            ..Request::new(Method::POST, path, action)
        }
    }

    pub(crate) fn scope(self, scope: Scope) -> Request {
        Request {
            query: scope.query().map(str::to_owned),
            ..self
        }
    }

    pub(crate) fn query(self, query: String) -> Request {
        Request {
            query: Some(query),
            ..self
        }
    }

    pub(crate) fn forbidden(self, meaning: &'static str) -> Request {
        Request {
            forbidden: meaning,
            ..self
        }
    }

    pub(crate) fn conflict(self, meaning: &'static str) -> Request {
        Request {
            conflict: meaning,
            ..self
        }
    }

    /// Says that a refusal is not to be kept word for word.
    pub(crate) fn private(self) -> Request {
        Request {
            private: true,
            ..self
        }
    }

    /// How large the answer should be, when it is a file.
    pub(crate) fn file_size(&self) -> Option<u64> {
        match self.target {
            Target::BootFile { size, .. } => Some(size),
            Target::Api(_) => None,
        }
    }

    /// What is asked for: the same words get the same answer as long as nothing changes.
    pub(crate) fn question(&self) -> String {
        let path = match &self.target {
            Target::Api(segments) => segments.join("/"),
            Target::BootFile { name, .. } => format!("boot file {name:?}"),
        };
        format!("{path}?{}", self.query.as_deref().unwrap_or_default())
    }

    /// Whether doing it twice has the effect of doing it once.
    pub(crate) fn is_idempotent(&self) -> bool {
        self.method != Method::POST
    }

    fn json(self, body: &impl Serialize) -> Request {
        // The bodies are structs of strings, numbers and booleans, which always serialize.
        let bytes = serde_json::to_vec(body).unwrap_or_default();
        Request {
            body: Payload::Json(Bytes::from(bytes)),
            ..self
        }
    }
}
