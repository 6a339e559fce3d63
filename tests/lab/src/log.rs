//! The log of all requests except those to the control path.

use serde::{Deserialize, Serialize};

/// A request in the log. It has no headers, so no token.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// The method, such as `PUT`.
    pub method: String,
    /// The path with its query, as it was sent.
    pub path: String,
    /// The status of the answer; `None` before the answer, and if the connection was closed instead.
    pub status: Option<u16>,
    /// The bytes of body that were read.
    pub body_size: u64,
    /// `client`; `machine NAME` for requests of the lab's machines and their bridges; `user NAME` for a request that a fault makes
    /// as another user.
    pub by: String,
}

impl Request {
    /// Whether the method may change something.
    pub fn is_write(&self) -> bool {
        !matches!(self.method.as_str(), "GET" | "HEAD" | "OPTIONS")
    }
}

pub(crate) const CLIENT: &str = "client";

#[derive(Default)]
pub(crate) struct Log {
    pub(crate) requests: Vec<Request>,
}

impl Log {
    /// Adds a request and returns its index.
    pub(crate) fn begin(&mut self, method: &str, path: &str, by: &str) -> usize {
        let (method, path, by) = (method.to_owned(), path.to_owned(), by.to_owned());
        self.requests.push(Request {
            method,
            path,
            status: None,
            body_size: 0,
            by,
        });
        self.requests.len() - 1
    }

    pub(crate) fn change(&mut self, index: usize, change: impl FnOnce(&mut Request)) {
        if let Some(request) = self.requests.get_mut(index) {
            change(request);
        }
    }
}
