//! Makes errors of exchanges that ended without an answer.
//!
//! The HTTP client's own messages repeat URLs and nest; only their innermost cause is shown.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use reqwest::Url;

use crate::client::Error;
use crate::client::error::{ErrorDetails, Source};
use crate::client::http::operation::Operation;
use crate::client::http::server_text;
use crate::support::io_error;

/// An exchange without an answer, and what is known about it besides the error.
pub(crate) struct FailedExchange<'a> {
    pub(crate) action: &'a Operation,
    pub(crate) url: &'a Url,
    pub(crate) stall_timeout: Duration,
    /// Whether there was a body of which nothing was taken, so that the request certainly did not arrive.
    pub(crate) unsent: bool,
    /// Whether there was a body and all of it was taken, so that the request may still arrive.
    pub(crate) delivered: bool,
}

impl FailedExchange<'_> {
    /// The error for an exchange that stalled.
    pub(crate) fn stalled(&self) -> Error {
        if self.unsent {
            return self.connect_error(self.too_late(), None);
        }
        ErrorDetails::Timeout {
            action: self.action.clone(),
            after: self.stall_timeout,
            delivered: self.delivered,
        }
        .into()
    }

    /// The error for an exchange that failed.
    pub(crate) fn failed(&self, error: reqwest::Error) -> Error {
        let error = error.without_url();
        if let Some(reason) = trust_problem(&error) {
            return ErrorDetails::Untrusted {
                action: self.action.clone(),
                host: self.host(),
                reason,
                source: error.into(),
            }
            .into();
        }
        if error.is_connect() && error.is_timeout() {
            return self.connect_error(self.too_late(), Some(error.into()));
        }
        let reason = root_cause(&error);
        if error.is_connect() || self.unsent {
            return self.connect_error(reason, Some(error.into()));
        }
        ErrorDetails::Disconnected {
            action: self.action.clone(),
            reason,
            source: error.into(),
        }
        .into()
    }

    fn connect_error(&self, reason: String, source: Option<Source>) -> Error {
        ErrorDetails::Connect {
            action: self.action.clone(),
            host: self.host(),
            reason,
            source,
        }
        .into()
    }

    fn too_late(&self) -> String {
        format!("none within {} s", self.stall_timeout.as_secs_f64())
    }

    fn host(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        match self.url.port_or_known_default() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }
}

/// The innermost cause of an error, without the number of the system's error.
pub(crate) fn root_cause(error: &(dyn StdError + 'static)) -> String {
    let innermost = causes(error).last().unwrap_or(error);
    let mut text = server_text::one_line(&io_error::text(innermost));
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    text
}

/// Why the two sides do not accept each other, if that is what happened. Once connected, only a refusal of the client's
/// certificate counts: it comes late, but before the server looks at any request. A server that closes at once resets
/// the connection, and its reason is lost on the way: then it is only a broken connection.
fn trust_problem(error: &reqwest::Error) -> Option<String> {
    let tls = causes(error).find_map(|cause| cause.downcast_ref())?;
    (error.is_connect() || refuses_the_client(tls)).then(|| tls_problem(tls))
}

fn refuses_the_client(error: &rustls::Error) -> bool {
    use rustls::AlertDescription as Alert;
    matches!(
        error,
        rustls::Error::AlertReceived(
            Alert::CertificateRequired
                | Alert::BadCertificate
                | Alert::UnsupportedCertificate
                | Alert::CertificateRevoked
                | Alert::CertificateExpired
                | Alert::CertificateUnknown
                | Alert::UnknownCA
                | Alert::AccessDenied
        )
    )
}

/// An error and its causes, from the outside in.
fn causes<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| cause(error))
}

/// The cause of an error. An I/O error does not name the error that it wraps as its source.
fn cause<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    match error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref)
    {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}

fn tls_problem(error: &rustls::Error) -> String {
    use rustls::CertificateError as Bad;
    let known = match error {
        rustls::Error::InvalidCertificate(Bad::UnknownIssuer | Bad::BadSignature) => {
            "the server's certificate is signed by no known authority"
        }
        rustls::Error::InvalidCertificate(Bad::Expired | Bad::ExpiredContext { .. }) => {
            "the server's certificate has expired"
        }
        rustls::Error::InvalidCertificate(
            Bad::NotValidForName | Bad::NotValidForNameContext { .. },
        ) => "the server's certificate is for another host",
        // What rustls passes on without a name of its own.
        rustls::Error::InvalidCertificate(Bad::Other(other))
            if other.to_string() == "CaUsedAsEndEntity" =>
        {
            "the server's certificate is an authority's own, and is not one of those that are trusted"
        }
        rustls::Error::AlertReceived(rustls::AlertDescription::CertificateRequired) => {
            "the server wants a client certificate"
        }
        refusal if refuses_the_client(refusal) => {
            "the server does not accept the client certificate"
        }
        rustls::Error::InvalidMessage(_) => "it does not speak TLS at this port",
        other => return server_text::one_line(&other.to_string()),
    };
    known.to_owned()
}
