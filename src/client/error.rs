//! Errors of the client: sentences, and what a program can ask about them.
//!
//! `Display` is one sentence: what was tried, and what came back. What the user can do about it is the separate
//! [`Error::hint`]. No text of the server is shown unless it is known: it may hold SQL, HTML or a BMC's password.

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::path::Path;
use std::time::Duration;

use crate::client::ErrorKind;
use crate::client::error_code::ErrorCode;
use crate::client::hint;
use crate::client::http::operation::{Effect, Operation, Subject};
use crate::client::tls::trust_problem::TrustRemedy;
use crate::support::{io_error, vault};

/// The result of everything that talks to the server.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The error that caused another one.
pub(crate) type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why something did not work.
///
/// [`Error::kind`] says what happened, the predicates answer what programs ask most. The cause below it, where there is
/// one, is the [`source`](std::error::Error::source): its types belong to other libraries and may change.
pub struct Error(Box<ErrorDetails>);

/// The data behind an [`Error`].
struct ErrorDetails {
    kind: ErrorKind,
    /// What was tried; `None` where there was no request yet.
    operation: Option<Operation>,
    /// What came back, in words fit for a user.
    reason: String,
    source: Option<Source>,
    /// How often the request was sent and for how long, where that was more than once.
    attempts: Option<(u32, Duration)>,
    /// Whether the request's body was handed over whole, so that the server may still act on it.
    delivered: bool,
    /// Whether a look at the server has shown that the request had no effect.
    had_no_effect: bool,
    /// What helps where the two sides do not accept each other.
    remedy: Option<TrustRemedy>,
    response: ErrorResponse,
}

/// What is known of an answer by which the server refused or failed.
#[derive(Default)]
pub(crate) struct ErrorResponse {
    pub(crate) status: Option<u16>,
    pub(crate) code: Option<ErrorCode>,
    /// Whether the server gave a reason, even one that is not kept.
    pub(crate) has_text: bool,
    /// What is known of its body.
    pub(crate) detail: String,
    pub(crate) retry_after: Option<Duration>,
}

const BROKEN: &str = "the connection broke before the answer was complete";

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(operation) = &self.0.operation {
            write!(formatter, "{}: ", operation.description)?;
        }
        match self.0.kind {
            ErrorKind::Timeout => formatter.write_str("the connection stalled: ")?,
            ErrorKind::Disconnected => write!(formatter, "{BROKEN}: ")?,
            ErrorKind::OutcomeUnknown => {
                formatter.write_str("whether it took effect is unknown: ")?;
            }
            ErrorKind::Decode => formatter.write_str("the server's answer is not as expected: ")?,
            _ => {}
        }
        formatter.write_str(&self.0.reason)?;
        match self.0.attempts {
            Some((attempts, time)) => {
                let seconds = time.as_secs_f64();
                write!(formatter, " ({attempts} attempts in {seconds:.1} s)")
            }
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    /// Without the details of the answer, which only a high verbosity shows.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("sentence", &self.to_string())
            .field("status", &self.0.response.status)
            .field("source", &self.0.source)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        let source = self.0.source.as_deref()?;
        Some(source)
    }
}

/// `Client` takes its URL and token by `TryInto`. For a ready `BaseUrl` or `Token` that conversion cannot fail, and its error
/// type is `Infallible`.
impl From<Infallible> for Error {
    fn from(never: Infallible) -> Error {
        match never {}
    }
}

impl Error {
    /// What happened, for programs.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What the user can do about it, as a sentence, where there is something.
    pub fn hint(&self) -> Option<&'static str> {
        hint::hint(self)
    }

    /// The HTTP status, where the server answered with an error.
    pub fn status(&self) -> Option<u16> {
        self.0.response.status
    }

    /// Which refusal it is, where the server gave one that programs depend on.
    pub fn code(&self) -> Option<ErrorCode> {
        self.0.response.code
    }

    /// How often the request was sent before this became the error: 1 unless it was tried again.
    pub fn attempts(&self) -> u32 {
        self.0.attempts.map_or(1, |(attempts, _)| attempts)
    }

    /// What the server answered, for high verbosity, unless that was nothing. Texts that this library does not know are
    /// only counted: they may hold SQL with its values, or a BMC's password in any spelling.
    pub fn server_response(&self) -> Option<&str> {
        Some(self.0.response.detail.as_str()).filter(|detail| !detail.is_empty())
    }

    /// Whether the server refused without a reason: it does so for machines that are assigned to others.
    pub(crate) fn is_refused_without_text(&self) -> bool {
        !self.0.response.has_text
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
        let is_open = matches!(
            self.0.kind,
            ErrorKind::Timeout
                | ErrorKind::Disconnected
                | ErrorKind::OutcomeUnknown
                | ErrorKind::Decode
                | ErrorKind::ResponseTooLarge
                | ErrorKind::ResponseTooSlow
                | ErrorKind::Server
        );
        let operation = self.0.operation.as_ref();
        is_open
            && !self.0.had_no_effect
            && operation.is_some_and(|operation| operation.effect != Effect::Read)
    }

    /// Whether the server may have kept what it refused: it changes some objects before it checks, and undoes that only with
    /// its database session. Only a conflict is always undone at once.
    pub(crate) fn may_have_been_kept(&self) -> bool {
        match self.0.kind {
            ErrorKind::InvalidRequest | ErrorKind::Forbidden => true,
            ErrorKind::Server => !self.leaves_the_outcome_open(),
            _ => false,
        }
    }

    /// Whether any other request would fail in the same way: the server cannot be reached, does not answer, does not take the
    /// token, or fails at a request that concerns no single object. A request for which the server asks a BMC is an exception
    /// if no answer comes: the BMC may be slow while the server is well.
    pub(crate) fn concerns_all(&self) -> bool {
        let subject = self.0.operation.as_ref().map(|operation| operation.subject);
        match self.0.kind {
            ErrorKind::Connect
            | ErrorKind::Untrusted
            | ErrorKind::Redirected
            | ErrorKind::Unauthorized
            | ErrorKind::NoSuchPath => true,
            _ if self.leaves_the_outcome_open() || self.is_outcome_unknown() => {
                subject != Some(Subject::Bmc)
            }
            ErrorKind::Server => subject == Some(Subject::Server),
            _ => false,
        }
    }

    /// Whether the request certainly did not take effect, because it never reached the server.
    pub(crate) fn never_reached_the_server(&self) -> bool {
        self.0.kind == ErrorKind::Connect
    }

    /// Whether the request may or may not have taken effect.
    pub(crate) fn leaves_the_outcome_open(&self) -> bool {
        match self.0.kind {
            ErrorKind::Timeout | ErrorKind::Disconnected => true,
            ErrorKind::Server => matches!(self.status(), Some(502..=504)),
            _ => false,
        }
    }

    /// Whether the server may still act on the request: it waits its turn there, or behind a proxy that gave up on it.
    pub(crate) fn may_still_take_effect(&self) -> bool {
        let is_waiting = match self.0.kind {
            ErrorKind::Timeout => true,
            ErrorKind::Server => matches!(self.status(), Some(502 | 504)),
            _ => false,
        };
        is_waiting && self.0.delivered
    }

    pub(crate) fn new(kind: ErrorKind, reason: impl Into<String>) -> Error {
        Error(Box::new(ErrorDetails {
            kind,
            operation: None,
            reason: reason.into(),
            source: None,
            attempts: None,
            delivered: false,
            had_no_effect: false,
            remedy: None,
            response: ErrorResponse::default(),
        }))
    }

    pub(crate) fn during(mut self, operation: &Operation) -> Error {
        self.0.operation = Some(operation.clone());
        self
    }

    pub(crate) fn caused_by(mut self, source: impl Into<Source>) -> Error {
        self.0.source = Some(source.into());
        self
    }

    pub(crate) fn with_remedy(mut self, remedy: Option<TrustRemedy>) -> Error {
        self.0.remedy = remedy;
        self
    }

    /// What helps where the two sides do not accept each other.
    pub(crate) fn trust_remedy(&self) -> Option<TrustRemedy> {
        self.0.remedy
    }

    /// Whether a local file could not be used because Ansible Vault encrypted it.
    pub(crate) fn is_vault_encrypted(&self) -> bool {
        let source = std::error::Error::source(self);
        source
            .and_then(|source| source.downcast_ref())
            .is_some_and(vault::is_refusal)
    }

    pub(crate) fn with_response(mut self, response: ErrorResponse) -> Error {
        self.0.response = response;
        self
    }

    /// The same error, with whether the request's body was handed over whole.
    pub(crate) fn with_delivery(mut self, delivered: bool) -> Error {
        self.0.delivered = delivered;
        self
    }

    /// The same error of a request that certainly had no effect: the server does not have what it would have made.
    pub(crate) fn without_effect(mut self) -> Error {
        self.0.had_no_effect = true;
        self
    }

    /// The same error, with how often and for how long the request was tried.
    pub(crate) fn after_attempts(mut self, attempts: u32, time: Duration) -> Error {
        self.0.attempts = (attempts > 1).then_some((attempts, time));
        self
    }

    pub(crate) fn with_addition(mut self, addition: &str) -> Error {
        self.0.reason.push_str(addition);
        self
    }

    pub(crate) fn invalid_value(action: &str, reason: &str) -> Error {
        Error::new(ErrorKind::InvalidValue, format!("{action}: {reason}"))
    }

    pub(crate) fn file(path: &Path, source: io::Error) -> Error {
        let reason = format!(
            "cannot read {}: {}",
            path.display(),
            io_error::text(&source)
        );
        Error::new(ErrorKind::File, reason).caused_by(source)
    }

    pub(crate) fn file_changed(path: &Path) -> Error {
        let reason = format!("{} changed while it was being read", path.display());
        Error::new(ErrorKind::FileChanged, reason)
    }

    /// The error of an upload of `size` bytes. Without a status, the connection was closed without an answer.
    pub(crate) fn upload_too_large(size: u64, status: Option<u16>) -> Error {
        const CLOSED: &str = "it closed the connection without an answer";
        let size = ByteSize(size);
        let refusal = match status {
            None => CLOSED.to_owned(),
            Some(502) => format!("{CLOSED}, says status 502"),
            Some(status) => format!("status {status}"),
        };
        let reason = format!("the upload of {size} is larger than the server accepts ({refusal})");
        Error::new(ErrorKind::UploadTooLarge, reason).with_response(ErrorResponse {
            status,
            ..ErrorResponse::default()
        })
    }

    /// Whether the server accepted a request with an answer that cannot be read.
    pub(crate) fn is_unreadable_success(&self) -> bool {
        matches!(self.kind(), ErrorKind::Decode | ErrorKind::ResponseTooLarge)
    }

    /// For a request that must not be repeated: an error that leaves the outcome open says so.
    pub(crate) fn or_outcome_unknown(self) -> Error {
        if !self.leaves_the_outcome_open() {
            return self;
        }
        let reason = match self.0.kind {
            ErrorKind::Disconnected => format!("{BROKEN} ({})", self.0.reason),
            _ => self.0.reason.clone(),
        };
        let mut unknown = Error::new(ErrorKind::OutcomeUnknown, reason);
        unknown.0.operation = self.0.operation.clone();
        unknown.0.attempts = self.0.attempts;
        unknown.caused_by(self)
    }

    /// How long the server asked to wait before the next attempt.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        self.0.response.retry_after
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
