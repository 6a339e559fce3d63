//! Errors of the client: kinds, sentences, and what a program can ask about them.
//!
//! `Display` is one sentence: what was tried, and what came back. What the user can do about it is the separate
//! [`Error::hint`]. Raw text of the server is only in [`Error::server_response`]: it may hold SQL or HTML.

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::client::error_code::ErrorCode;
use crate::client::hint;
use crate::client::http::operation::Operation;
use crate::support::io_error;

/// The result of everything that talks to the server.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The error that caused another one.
pub(crate) type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why something did not work.
///
/// [`Error::kind`] says what happened, the predicates answer what programs ask most. The cause below it, where there is
/// one, is the [`source`](std::error::Error::source): its types belong to other libraries and may change.
#[derive(Debug)]
pub struct Error {
    details: Box<ErrorDetails>,
    /// How often the request was sent and for how long, where that was more than once.
    attempts: Option<(u32, Duration)>,
}

/// What happened, for programs. [`Error`] has the data.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The text given as the server's URL is none, or has parts that it must not have. Give `http://` or `https://`, a
    /// host and perhaps a path, without user name, query and fragment. Found before anything is sent.
    InvalidUrl,
    /// The token is empty or has characters that a header cannot carry. Give it as the server's web page shows it. The
    /// sentence never repeats it. Found before anything is sent.
    InvalidToken,
    /// A filter is not in the query language. The sentence names the position; [`Query`](crate::client::Query) has
    /// functions that make only valid ones. Found before anything is sent.
    InvalidQuery,
    /// A value cannot be sent to this server at all, such as a name with a NUL character. Found before anything is sent.
    InvalidValue,
    /// A certificate or key file cannot be used, or TLS or HTTP cannot be set up. Check the files of
    /// [`TlsSettings`](crate::client::TlsSettings). Found before connecting.
    Tls,
    /// The two sides do not accept each other's certificate, or speak no common version of TLS. Name the authority in
    /// [`TlsSettings::ca_path`](crate::client::TlsSettings), or give a client certificate. Never tried again.
    Untrusted,
    /// No connection was made: refused, no route, unknown host, or not within the stall timeout. Nothing was sent. Check
    /// the URL and the proxy variables.
    Connect,
    /// A connection went without a byte either way for the stall timeout. The server handles one request at a time: a
    /// longer timeout helps where it waits for a BMC.
    Timeout,
    /// The connection was reset or closed before the answer was complete.
    Disconnected,
    /// The answer to a request that must not be repeated was lost, so the server may or may not have acted on it. Look at
    /// what the server has before trying again. The source is the error by which it was lost.
    OutcomeUnknown,
    /// The server redirects to another host, scheme or port, or redirects a request that writes, or too often. It was not
    /// followed, because the token goes to one server only. If the place is the server, give its URL.
    Redirected,
    /// 401: the server does not know this token. Tokens are made on the user's page of the server.
    Unauthorized,
    /// 403: the token's user may not do this. Have the machine assigned to the user, or change only own objects.
    Forbidden,
    /// 404: the server knows no such object.
    NotFound,
    /// 404 or 405 for a path that every server has: the URL does not lead to the API. It ends where `/api/v1` begins.
    NoSuchPath,
    /// 409: the object is in use, or its name or address is taken.
    Conflict,
    /// 400: the server does not accept a value, or a precondition is not met.
    InvalidRequest,
    /// 413, or a large upload whose connection was closed without an answer, before a proxy (then 502) or this client:
    /// more than the server takes. Its limits are in its configuration.
    UploadTooLarge,
    /// 500 with a BMC error: the machine's BMC did not do as asked. Check the BMC's address, user and password.
    Bmc,
    /// Any other 5xx: the server, or a proxy before it, failed.
    Server,
    /// A status that the API does not have. Something else answers at this URL.
    UnexpectedStatus,
    /// A successful answer that does not have the expected form. Something else answers, or the server is newer.
    Decode,
    /// The answer is larger than any sensible one; reading was stopped.
    ResponseTooLarge,
    /// The answer came without a stall, but did not end within ten times the stall timeout; reading was stopped.
    ResponseTooSlow,
    /// A file changed after it was hashed: while it was read, or before it was sent. The server got no complete upload.
    /// Wait until nothing writes to it.
    FileChanged,
    /// A local file could not be opened or read.
    File,
}

/// The data behind an [`Error`].
#[derive(Debug, thiserror::Error)]
pub(crate) enum ErrorDetails {
    #[error("{0}")]
    InvalidUrl(String),

    #[error("{0}")]
    InvalidToken(&'static str),

    /// The position is that of a character, counted from 1.
    #[error("the filter is not valid at character {position}: {reason}")]
    InvalidQuery { position: usize, reason: String },

    #[error("{action}: {reason}")]
    InvalidValue {
        action: String,
        reason: &'static str,
    },

    #[error("{reason}")]
    Tls {
        reason: String,
        source: Option<Source>,
    },

    #[error("{action}: no trusted connection to {host}: {reason}")]
    Untrusted {
        action: Operation,
        host: String,
        reason: String,
        source: Source,
    },

    #[error("{action}: no connection to {host}: {reason}")]
    Connect {
        action: Operation,
        host: String,
        reason: String,
        source: Option<Source>,
    },

    #[error("{action}: the connection stalled: {}", stalled(*after))]
    Timeout {
        action: Operation,
        after: Duration,
        /// Whether the request was handed over with its whole body, so that the server may still act on it.
        delivered: bool,
    },

    #[error("{action}: {BROKEN}: {reason}")]
    Disconnected {
        action: Operation,
        reason: String,
        source: Source,
    },

    #[error("{action}: whether it took effect is unknown: {reason}")]
    OutcomeUnknown {
        action: Operation,
        reason: String,
        source: Source,
    },

    /// The place is without its query.
    #[error("{action}: the server redirects to {to}, which was not followed")]
    Redirected { action: Operation, to: String },

    #[error("{0}")]
    Response(ErrorResponse),

    /// Without a status, the connection was closed without an answer.
    #[error("{action}: the upload of {} is larger than the server accepts ({})", ByteSize(*size), upload_refusal(*status))]
    UploadTooLarge {
        action: Operation,
        size: u64,
        status: Option<u16>,
    },

    /// The reason begins with the path in the JSON. The decoder's own error is left out: it repeats the value.
    #[error("{action}: the server's answer is not as expected: {reason}")]
    Decode { action: Operation, reason: String },

    #[error("{action}: the server's answer is larger than {}", ByteSize(*limit))]
    ResponseTooLarge { action: Operation, limit: u64 },

    #[error("{action}: the server's answer did not end within {} s", after.as_secs_f64())]
    ResponseTooSlow { action: Operation, after: Duration },

    #[error("{} changed while it was being read", path.display())]
    FileChanged { path: PathBuf },

    #[error("cannot read {}: {}", path.display(), io_error::of(source))]
    File { path: PathBuf, source: io::Error },
}

const BROKEN: &str = "the connection broke before the answer was complete";

fn stalled(after: Duration) -> String {
    format!("no byte in either direction for {} s", after.as_secs_f64())
}

/// An answer by which the server refused or failed.
pub(crate) struct ErrorResponse {
    pub(crate) kind: ErrorKind,
    pub(crate) action: Operation,
    pub(crate) status: u16,
    /// What came back, in words fit for a user.
    pub(crate) reason: String,
    pub(crate) code: Option<ErrorCode>,
    /// The beginning of the raw body.
    pub(crate) body: String,
    pub(crate) retry_after: Option<Duration>,
    /// Whether the request's body was handed over whole before the answer came.
    pub(crate) delivered: bool,
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
            .field("kind", &self.kind)
            .field("action", &self.action)
            .field("status", &self.status)
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.details.fmt(formatter)?;
        match self.attempts {
            Some((attempts, time)) => write!(
                formatter,
                " ({attempts} attempts in {:.1} s)",
                time.as_secs_f64()
            ),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.details.source()
    }
}

impl From<ErrorDetails> for Error {
    fn from(details: ErrorDetails) -> Error {
        Error {
            details: Box::new(details),
            attempts: None,
        }
    }
}

/// A value that is ready cannot fail to become one.
impl From<Infallible> for Error {
    fn from(never: Infallible) -> Error {
        match never {}
    }
}

impl Error {
    /// What happened, for programs.
    pub fn kind(&self) -> ErrorKind {
        match &*self.details {
            ErrorDetails::InvalidUrl(_) => ErrorKind::InvalidUrl,
            ErrorDetails::InvalidToken(_) => ErrorKind::InvalidToken,
            ErrorDetails::InvalidQuery { .. } => ErrorKind::InvalidQuery,
            ErrorDetails::InvalidValue { .. } => ErrorKind::InvalidValue,
            ErrorDetails::Tls { .. } => ErrorKind::Tls,
            ErrorDetails::Untrusted { .. } => ErrorKind::Untrusted,
            ErrorDetails::Connect { .. } => ErrorKind::Connect,
            ErrorDetails::Timeout { .. } => ErrorKind::Timeout,
            ErrorDetails::Disconnected { .. } => ErrorKind::Disconnected,
            ErrorDetails::OutcomeUnknown { .. } => ErrorKind::OutcomeUnknown,
            ErrorDetails::Redirected { .. } => ErrorKind::Redirected,
            ErrorDetails::Response(response) => response.kind,
            ErrorDetails::UploadTooLarge { .. } => ErrorKind::UploadTooLarge,
            ErrorDetails::Decode { .. } => ErrorKind::Decode,
            ErrorDetails::ResponseTooLarge { .. } => ErrorKind::ResponseTooLarge,
            ErrorDetails::ResponseTooSlow { .. } => ErrorKind::ResponseTooSlow,
            ErrorDetails::FileChanged { .. } => ErrorKind::FileChanged,
            ErrorDetails::File { .. } => ErrorKind::File,
        }
    }

    /// What the user can do about it, as a sentence, where there is something.
    pub fn hint(&self) -> Option<&'static str> {
        hint::hint(self)
    }

    /// The HTTP status, where the server answered with an error.
    pub fn status(&self) -> Option<u16> {
        match &*self.details {
            ErrorDetails::UploadTooLarge { status, .. } => *status,
            _ => self.response().map(|response| response.status),
        }
    }

    /// Which refusal it is, where the server gave one that programs depend on.
    pub fn code(&self) -> Option<ErrorCode> {
        self.response()?.code
    }

    /// How often the request was sent before this became the error: 1 unless it was tried again.
    pub fn attempts(&self) -> u32 {
        self.attempts.map_or(1, |(attempts, _)| attempts)
    }

    /// The beginning of the raw body of an error, at most 4 kB, unless it was empty. It may hold SQL with its values: only
    /// for high verbosity, and scrubbed.
    pub fn server_response(&self) -> Option<&str> {
        self.response()
            .map(|response| response.body.as_str())
            .filter(|body| !body.is_empty())
    }

    /// Whether the object does not exist.
    pub fn is_not_found(&self) -> bool {
        self.kind() == ErrorKind::NotFound
    }

    /// Whether the object is in use, or a name or address is taken.
    pub fn is_conflict(&self) -> bool {
        self.kind() == ErrorKind::Conflict
    }

    /// Whether the token's user lacks the permission.
    pub fn is_forbidden(&self) -> bool {
        self.kind() == ErrorKind::Forbidden
    }

    /// Whether a request that must not be repeated lost its answer.
    pub fn is_outcome_unknown(&self) -> bool {
        self.kind() == ErrorKind::OutcomeUnknown
    }

    /// Whether the server was not reached, or did not answer the request.
    pub fn is_unreachable(&self) -> bool {
        self.never_reached_the_server() || self.leaves_the_outcome_open()
    }

    /// Whether the same request may succeed later although nothing is changed: no connection, no answer, or a server that
    /// failed.
    pub fn is_temporary(&self) -> bool {
        self.is_unreachable() || self.kind() == ErrorKind::Server
    }

    /// Whether a request that writes may have taken effect in spite of the error.
    pub fn may_have_taken_effect(&self) -> bool {
        match &*self.details {
            ErrorDetails::Timeout { action, .. }
            | ErrorDetails::Disconnected { action, .. }
            | ErrorDetails::OutcomeUnknown { action, .. }
            | ErrorDetails::Decode { action, .. }
            | ErrorDetails::ResponseTooLarge { action, .. }
            | ErrorDetails::ResponseTooSlow { action, .. } => action.writes(),
            ErrorDetails::Response(response) if response.kind == ErrorKind::Server => {
                response.action.writes()
            }
            _ => false,
        }
    }

    /// Whether any other request would end like this one: the server cannot be reached, does not answer, does not take the
    /// token, or fails at a request that concerns no single object. Silence while it asks a BMC says nothing of others.
    pub(crate) fn concerns_all(&self) -> bool {
        match &*self.details {
            ErrorDetails::Connect { .. }
            | ErrorDetails::Untrusted { .. }
            | ErrorDetails::Redirected { .. } => true,
            ErrorDetails::Timeout { action, .. } | ErrorDetails::Disconnected { action, .. } => {
                !action.asks_bmc()
            }
            ErrorDetails::Response(response) => match response.kind {
                ErrorKind::Unauthorized | ErrorKind::NoSuchPath => true,
                ErrorKind::Server if self.leaves_the_outcome_open() => !response.action.asks_bmc(),
                ErrorKind::Server => response.action.is_about_server(),
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether the request certainly did not take effect, because it never reached the server.
    pub(crate) fn never_reached_the_server(&self) -> bool {
        self.kind() == ErrorKind::Connect
    }

    /// Whether the request may or may not have taken effect.
    pub(crate) fn leaves_the_outcome_open(&self) -> bool {
        match &*self.details {
            ErrorDetails::Timeout { .. } | ErrorDetails::Disconnected { .. } => true,
            ErrorDetails::Response(response) => matches!(response.status, 502..=504),
            _ => false,
        }
    }

    /// Whether the server may still act on the request: it waits its turn there, or behind a proxy that gave up on it.
    pub(crate) fn may_still_take_effect(&self) -> bool {
        match &*self.details {
            ErrorDetails::Timeout { delivered, .. } => *delivered,
            ErrorDetails::Response(response) => {
                response.delivered && matches!(response.status, 502 | 504)
            }
            _ => false,
        }
    }

    /// Whether the server accepted a request with an answer that cannot be read.
    pub(crate) fn is_unreadable_success(&self) -> bool {
        matches!(self.kind(), ErrorKind::Decode | ErrorKind::ResponseTooLarge)
    }

    /// For a request that must not be repeated: an error that leaves the outcome open says so.
    pub(crate) fn or_outcome_unknown(self) -> Error {
        let (action, reason) = match &*self.details {
            ErrorDetails::Timeout { action, after, .. } => (action, stalled(*after)),
            ErrorDetails::Disconnected { action, reason, .. } => {
                (action, format!("{BROKEN} ({reason})"))
            }
            ErrorDetails::Response(response) if self.leaves_the_outcome_open() => {
                (&response.action, response.reason.clone())
            }
            _ => return self,
        };
        let action = action.clone();
        Error {
            attempts: self.attempts,
            details: Box::new(ErrorDetails::OutcomeUnknown {
                action,
                reason,
                source: Box::new(self),
            }),
        }
    }

    /// The same error, with how often and for how long the request was tried.
    pub(crate) fn after_attempts(self, attempts: u32, time: Duration) -> Error {
        Error {
            attempts: (attempts > 1).then_some((attempts, time)),
            ..self
        }
    }

    /// How long the server asked to wait before the next attempt.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        self.response()?.retry_after
    }

    pub(crate) fn details(&self) -> &ErrorDetails {
        &self.details
    }

    pub(crate) fn response(&self) -> Option<&ErrorResponse> {
        match &*self.details {
            ErrorDetails::Response(response) => Some(response),
            _ => None,
        }
    }

    pub(crate) fn response_mut(&mut self) -> Option<&mut ErrorResponse> {
        match &mut *self.details {
            ErrorDetails::Response(response) => Some(response),
            _ => None,
        }
    }
}

/// How a server showed that an upload is too large.
fn upload_refusal(status: Option<u16>) -> String {
    const CLOSED: &str = "it closed the connection without an answer";
    match status {
        None => CLOSED.to_owned(),
        Some(502) => format!("{CLOSED}, says status 502"),
        Some(status) => format!("status {status}"),
    }
}

/// A number of bytes, shown in a unit that suits it.
pub(crate) struct ByteSize(pub(crate) u64);

impl fmt::Display for ByteSize {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            bytes @ 0..1024 => write!(formatter, "{bytes} bytes"),
            bytes @ 1024..1_048_576 => write!(formatter, "{:.1} KiB", bytes as f64 / 1024.0),
            bytes => write!(formatter, "{:.1} MiB", bytes as f64 / 1_048_576.0),
        }
    }
}
