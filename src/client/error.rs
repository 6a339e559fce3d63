//! Everything that can go wrong, as types.
//!
//! `Display` is one sentence: what was tried, and what came back. What the user can do about it is the separate
//! [`ApiError::hint`]. Raw text of the server is only in [`ApiError::server_response`]: it may hold SQL, HTML, or the
//! command line of a BMC with its password.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::client::hint;
use crate::client::http::operation::Operation;
use crate::support::io_error;

/// The result of everything that talks to the server.
pub type Result<T, E = ApiError> = std::result::Result<T, E>;

/// Why something did not work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApiError {
    /// The text given as the server's URL is none, or has parts that it must not have.
    #[error("{0}")]
    InvalidUrl(String),

    /// The token cannot be sent in a header. The sentence never repeats it.
    #[error("{0}")]
    InvalidToken(&'static str),

    /// A filter is not in the query language, or the server could not evaluate it. Found before anything is sent.
    #[error("the filter is not valid at character {position}: {reason}")]
    InvalidQuery {
        /// The character at which it goes wrong, counted from 1.
        position: usize,
        /// What is wrong there.
        reason: String,
    },

    /// A value cannot be sent to this server at all, such as a name with a NUL character. Found before anything is sent.
    #[error("{action}: {reason}")]
    InvalidValue {
        /// What was tried.
        action: String,
        /// What is wrong with the value.
        reason: &'static str,
    },

    /// A certificate or key file cannot be used, or TLS could not be set up with it. Found before connecting.
    #[error("{reason}")]
    Tls {
        /// Which file, and what is wrong with it.
        reason: String,
    },

    /// The two sides do not accept each other's certificate, or speak no common version of TLS. Never tried again.
    #[error("{action}: no trusted connection to {host}: {reason}")]
    Untrusted {
        /// What was tried.
        action: Operation,
        /// The server.
        host: String,
        /// Why the handshake failed.
        reason: String,
    },

    /// No connection was made: refused, no route, unknown host, or not within the stall timeout. Nothing was sent.
    #[error("{action}: no connection to {host}: {reason}")]
    Connect {
        /// What was tried.
        action: Operation,
        /// The server.
        host: String,
        /// Why it failed.
        reason: String,
    },

    /// A connection went without a byte either way for the stall timeout.
    #[error("{action}: the connection stalled: no byte in either direction for {} s", after.as_secs_f64())]
    Timeout {
        /// What was tried.
        action: Operation,
        /// The stall timeout.
        after: Duration,
        /// Whether the request was handed over with its whole body, so that the server may still act on it.
        delivered: bool,
    },

    /// The connection was reset or closed before the answer was complete.
    #[error("{action}: the connection broke before the answer was complete: {reason}")]
    Disconnected {
        /// What was tried.
        action: Operation,
        /// How it broke.
        reason: String,
    },

    /// The answer to a request that must not be repeated was lost, so the server may or may not have acted on it.
    #[error("{action}: whether it took effect is unknown: {reason}")]
    OutcomeUnknown {
        /// What was tried.
        action: Operation,
        /// How the answer was lost.
        reason: String,
    },

    /// The server redirects to another host, scheme or port, or redirects something that is not read only, or too often.
    /// It was not followed.
    #[error("{action}: the server redirects to {to}, which was not followed")]
    Redirected {
        /// What was tried.
        action: Operation,
        /// The place, without its query.
        to: String,
    },

    /// 401: the server does not know this token.
    #[error("{0}")]
    Unauthorized(Box<ErrorResponse>),

    /// 403: the token's user may not do this.
    #[error("{0}")]
    Forbidden(Box<ErrorResponse>),

    /// 404: the server knows no such object.
    #[error("{0}")]
    NotFound(Box<ErrorResponse>),

    /// 404 or 405 for a path that every server has: the URL does not lead to the API.
    #[error("{0}")]
    NoSuchPath(Box<ErrorResponse>),

    /// 409: the object is in use, or its name or address is taken.
    #[error("{0}")]
    Conflict(Box<ErrorResponse>),

    /// 400: the server does not accept a value, or a precondition is not met.
    #[error("{0}")]
    InvalidRequest(Box<ErrorResponse>),

    /// 413, or a large upload whose connection was closed without an answer, before a proxy (then 502) or this client: more
    /// than the server takes.
    #[error("{action}: the upload of {} is larger than the server accepts ({})", Size(*size), how(*status))]
    UploadTooLarge {
        /// What was tried.
        action: Operation,
        /// The file's size in bytes.
        size: u64,
        /// 413 or 502, or nothing when the connection was closed without an answer.
        status: Option<u16>,
    },

    /// 500 with a BMC error: the machine's BMC did not do as asked. The server's text is not shown, because it holds the
    /// BMC's password.
    #[error("{0}")]
    Bmc(Box<ErrorResponse>),

    /// Any other 5xx: the server, or a proxy before it, failed.
    #[error("{0}")]
    Server(Box<ErrorResponse>),

    /// A status that the API does not have.
    #[error("{0}")]
    UnexpectedStatus(Box<ErrorResponse>),

    /// A successful answer that does not have the expected form.
    #[error("{action}: the server's answer is not as expected: {reason}")]
    Decode {
        /// What was tried.
        action: Operation,
        /// The path in the JSON, and what is wrong there.
        reason: String,
    },

    /// The answer is larger than any sensible one; reading was stopped.
    #[error("{action}: the server's answer is larger than {}", Size(*limit))]
    ResponseTooLarge {
        /// What was tried.
        action: Operation,
        /// The limit in bytes.
        limit: u64,
    },

    /// The answer came without a stall, but did not end within ten times the stall timeout; reading was stopped.
    #[error("{action}: the server's answer did not end within {} s", after.as_secs_f64())]
    ResponseTooSlow {
        /// What was tried.
        action: Operation,
        /// The limit.
        after: Duration,
    },

    /// A file changed after it was hashed: while it was read, or before it was sent. The server got no complete upload.
    #[error("{} changed while it was being read", path.display())]
    FileChanged {
        /// The file.
        path: PathBuf,
    },

    /// A local file could not be opened or read.
    #[error("cannot read {}: {}", path.display(), io_error::of(error))]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
}

/// An answer by which the server refused or failed.
pub struct ErrorResponse {
    pub(crate) action: Operation,
    pub(crate) status: u16,
    pub(crate) reason: String,
    pub(crate) response: String,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) delivered: bool,
}

impl ErrorResponse {
    /// What was tried.
    pub fn action(&self) -> &Operation {
        &self.action
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// What came back, in words fit for a user.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl fmt::Display for ErrorResponse {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.action, self.reason)
    }
}

impl fmt::Debug for ErrorResponse {
    /// Without the server's raw text, which may hold a BMC's password.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ErrorResponse")
            .field("action", &self.action)
            .field("status", &self.status)
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}

impl ApiError {
    /// What the user can do about it, as a sentence, where there is something.
    pub fn hint(&self) -> Option<String> {
        hint::of(self)
    }

    /// The HTTP status, where the server answered with an error.
    pub fn status(&self) -> Option<u16> {
        match self {
            ApiError::UploadTooLarge { status, .. } => *status,
            _ => self.refusal().map(ErrorResponse::status),
        }
    }

    /// Whether the object does not exist.
    pub fn is_not_found(&self) -> bool {
        matches!(self, ApiError::NotFound(_))
    }

    /// Whether the object is in use, or a name or address is taken.
    pub fn is_conflict(&self) -> bool {
        matches!(self, ApiError::Conflict(_))
    }

    /// Whether the token's user lacks the permission.
    pub fn is_forbidden(&self) -> bool {
        matches!(self, ApiError::Forbidden(_))
    }

    /// Whether the server was not reached, or nothing of it answered: another time may do better.
    pub fn is_unreachable(&self) -> bool {
        self.never_reached_the_server() || self.leaves_the_outcome_open()
    }

    /// The beginning of the raw body of an error, at most 4 kB, unless it was empty. It may hold a BMC's password: only for
    /// high verbosity, and scrubbed.
    pub fn server_response(&self) -> Option<&str> {
        self.refusal()
            .map(|refusal| refusal.response.as_str())
            .filter(|text| !text.is_empty())
    }

    /// Whether any other question would end like this one: the server cannot be reached, does not answer, does not take
    /// the token, or fails at one of its lists. That it is quiet while it asks a BMC says nothing of others.
    pub fn concerns_all(&self) -> bool {
        match self {
            ApiError::Connect { .. }
            | ApiError::Untrusted { .. }
            | ApiError::Redirected { .. }
            | ApiError::Unauthorized(_)
            | ApiError::NoSuchPath(_) => true,
            ApiError::Timeout { action, .. } | ApiError::Disconnected { action, .. } => {
                !action.needs_a_bmc()
            }
            ApiError::Server(refusal) if self.leaves_the_outcome_open() => {
                !refusal.action.needs_a_bmc()
            }
            ApiError::Server(refusal) => refusal.action.is_for_a_list(),
            _ => false,
        }
    }

    /// Whether the same request may succeed later, although nothing is changed: no connection, no answer, or a server in
    /// trouble.
    pub fn is_passing(&self) -> bool {
        self.never_reached_the_server()
            || self.leaves_the_outcome_open()
            || matches!(self, ApiError::Server(_))
    }

    /// Whether a request that writes may have taken effect in spite of the error.
    pub fn may_have_taken_effect(&self) -> bool {
        match self {
            ApiError::Timeout { action, .. }
            | ApiError::Disconnected { action, .. }
            | ApiError::OutcomeUnknown { action, .. }
            | ApiError::Decode { action, .. }
            | ApiError::ResponseTooLarge { action, .. }
            | ApiError::ResponseTooSlow { action, .. } => action.writes(),
            ApiError::Server(refusal) => refusal.action.writes(),
            _ => false,
        }
    }

    /// Whether the request certainly did not take effect, because it never reached the server.
    pub(crate) fn never_reached_the_server(&self) -> bool {
        matches!(self, ApiError::Connect { .. })
    }

    /// Whether the request may or may not have taken effect.
    pub(crate) fn leaves_the_outcome_open(&self) -> bool {
        match self {
            ApiError::Timeout { .. } | ApiError::Disconnected { .. } => true,
            ApiError::Server(refusal) => matches!(refusal.status, 502..=504),
            _ => false,
        }
    }

    /// Whether the request may be with the server still: it waits its turn there, or behind a proxy that lost patience.
    pub(crate) fn may_still_take_effect(&self) -> bool {
        match self {
            ApiError::Timeout { delivered, .. } => *delivered,
            ApiError::Server(refusal) => refusal.delivered && matches!(refusal.status, 502 | 504),
            _ => false,
        }
    }

    /// For a request that must not be repeated: says plainly when its outcome is open.
    pub(crate) fn or_outcome_unknown(self) -> ApiError {
        let (action, reason) = match self {
            ApiError::Timeout { action, after, .. } => (
                action,
                format!("no byte in either direction for {} s", after.as_secs_f64()),
            ),
            ApiError::Disconnected { action, reason } => (
                action,
                format!("the connection broke before the answer was complete ({reason})"),
            ),
            ApiError::Server(refusal) if matches!(refusal.status, 502..=504) => {
                (refusal.action, refusal.reason)
            }
            other => return other,
        };
        ApiError::OutcomeUnknown { action, reason }
    }

    /// How long the server asked to wait before the next attempt.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        self.refusal()?.retry_after
    }

    fn refusal(&self) -> Option<&ErrorResponse> {
        match self {
            ApiError::Unauthorized(refusal)
            | ApiError::Forbidden(refusal)
            | ApiError::NotFound(refusal)
            | ApiError::NoSuchPath(refusal)
            | ApiError::Conflict(refusal)
            | ApiError::InvalidRequest(refusal)
            | ApiError::Bmc(refusal)
            | ApiError::Server(refusal)
            | ApiError::UnexpectedStatus(refusal) => Some(refusal),
            _ => None,
        }
    }
}

/// How a server showed that an upload is too large.
fn how(status: Option<u16>) -> String {
    const CLOSED: &str = "it closed the connection without an answer";
    match status {
        None => CLOSED.to_owned(),
        Some(502) => format!("{CLOSED}, says status 502"),
        Some(status) => format!("status {status}"),
    }
}

/// A number of bytes for a client.
pub(crate) struct Size(pub(crate) u64);

impl fmt::Display for Size {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            bytes @ 0..1024 => write!(formatter, "{bytes} bytes"),
            bytes @ 1024..1_048_576 => write!(formatter, "{:.1} KiB", bytes as f64 / 1024.0),
            bytes => write!(formatter, "{:.1} MiB", bytes as f64 / 1_048_576.0),
        }
    }
}
