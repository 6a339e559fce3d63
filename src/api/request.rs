//! One request, described before it is sent: what it asks for, and what refusals mean there.

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::HeaderValue;
use serde::Serialize;

use super::intent::Intent;
use super::scope::Scope;
use super::upload::Upload;

/// A request that can be sent any number of times.
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) target: Target,
    pub(super) query: Option<String>,
    pub(super) body: Payload,
    /// What is tried.
    pub(super) action: Intent,
    /// What a 403 without a readable reason means here.
    pub(super) forbidden: &'static str,
    /// What a 409 means here; the server explains it in SQL.
    pub(super) conflict: &'static str,
    /// Whether it carries what a refusal must not show: the server repeats in errors what it was sent.
    pub(super) private: bool,
}

/// Where a request goes.
pub(super) enum Target {
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
pub(super) enum Payload {
    Nothing,
    Json(Bytes),
    Upload(Upload),
}

impl Request {
    /// A request for a resource of the API.
    pub(super) fn new(method: Method, path: &[&str], action: impl Into<String>) -> Request {
        Request {
            action: Intent::new(&method, path, action.into()),
            method,
            target: Target::Api(path.iter().map(|&segment| segment.to_owned()).collect()),
            query: None,
            body: Payload::Nothing,
            forbidden: "the token's user is not allowed to",
            conflict: "it conflicts with what the server has",
            private: false,
        }
    }

    pub(super) fn get(path: &[&str], action: impl Into<String>) -> Request {
        Request::new(Method::GET, path, action)
    }

    pub(super) fn put(path: &[&str], action: impl Into<String>, body: &impl Serialize) -> Request {
        Request::new(Method::PUT, path, action).json(body)
    }

    pub(super) fn post(path: &[&str], action: impl Into<String>, body: &impl Serialize) -> Request {
        Request::new(Method::POST, path, action).json(body)
    }

    pub(super) fn delete(path: &[&str], action: impl Into<String>) -> Request {
        Request::new(Method::DELETE, path, action)
    }

    /// Reads a file from the boot endpoint.
    pub(super) fn boot_file(name: HeaderValue, size: u64, action: impl Into<String>) -> Request {
        Request {
            target: Target::BootFile { name, size },
            ..Request::new(Method::GET, &[], action)
        }
    }

    pub(super) fn upload(path: &[&str], action: impl Into<String>, upload: Upload) -> Request {
        Request {
            body: Payload::Upload(upload),
            ..Request::new(Method::POST, path, action)
        }
    }

    pub(super) fn scope(self, scope: Scope) -> Request {
        Request {
            query: scope.query().map(str::to_owned),
            ..self
        }
    }

    pub(super) fn query(self, query: String) -> Request {
        Request {
            query: Some(query),
            ..self
        }
    }

    pub(super) fn forbidden(self, meaning: &'static str) -> Request {
        Request {
            forbidden: meaning,
            ..self
        }
    }

    pub(super) fn conflict(self, meaning: &'static str) -> Request {
        Request {
            conflict: meaning,
            ..self
        }
    }

    /// Says that a refusal is not to be kept word for word.
    pub(super) fn private(self) -> Request {
        Request {
            private: true,
            ..self
        }
    }

    /// How large the answer should be, when it is a file.
    pub(super) fn file_size(&self) -> Option<u64> {
        match self.target {
            Target::BootFile { size, .. } => Some(size),
            Target::Api(_) => None,
        }
    }

    /// What is asked for: the same words get the same answer as long as nothing changes.
    pub(super) fn question(&self) -> String {
        let path = match &self.target {
            Target::Api(segments) => segments.join("/"),
            Target::BootFile { name, .. } => format!("boot file {name:?}"),
        };
        format!("{path}?{}", self.query.as_deref().unwrap_or_default())
    }

    /// Whether doing it twice has the effect of doing it once.
    pub(super) fn is_idempotent(&self) -> bool {
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
