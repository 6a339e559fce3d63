//! Classifies exchanges that ended without an answer.
//!
//! The HTTP client's own messages repeat URLs and nest; only their innermost cause is shown.

use std::error::Error;
use std::io;
use std::time::Duration;

use reqwest::Url;

use crate::client::ApiError;
use crate::client::http::operation::Operation;
use crate::client::http::server_text;
use crate::support::io_error;

/// What is known about an exchange besides its failure.
pub(crate) struct Circumstances<'a> {
    pub(crate) action: &'a Operation,
    pub(crate) url: &'a Url,
    pub(crate) stall_timeout: Duration,
    /// Whether there was a body of which nothing was taken, so that the request certainly did not arrive.
    pub(crate) unsent: bool,
    /// Whether there was a body and all of it was taken, so that the request may still arrive.
    pub(crate) delivered: bool,
}

impl Circumstances<'_> {
    /// The error for an exchange that stalled.
    pub(crate) fn stalled(&self) -> ApiError {
        if self.unsent {
            return self.unconnected(self.too_late());
        }
        ApiError::Timeout {
            action: self.action.clone(),
            after: self.stall_timeout,
            delivered: self.delivered,
        }
    }

    /// The error for an exchange that failed.
    pub(crate) fn failed(&self, error: &reqwest::Error) -> ApiError {
        if let Some(reason) = distrust(error) {
            return ApiError::Untrusted {
                action: self.action.clone(),
                host: self.host(),
                reason,
            };
        }
        if error.is_connect() && error.is_timeout() {
            return self.unconnected(self.too_late());
        }
        if error.is_connect() || self.unsent {
            return self.unconnected(root_cause(error));
        }
        ApiError::Disconnected {
            action: self.action.clone(),
            reason: root_cause(error),
        }
    }

    fn unconnected(&self, reason: String) -> ApiError {
        ApiError::Connect {
            action: self.action.clone(),
            host: self.host(),
            reason,
        }
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
pub(crate) fn root_cause(error: &(dyn Error + 'static)) -> String {
    let innermost = causes(error).last().unwrap_or(error);
    let mut text = server_text::one_line(&io_error::of(innermost));
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    text
}

/// Why the two sides do not accept each other, if that is what happened. Once connected, only a refusal of the client's
/// certificate counts: it comes late, but before the server looks at any request. A server that closes in a hurry resets
/// the connection, and its reason is lost on the way: then only a broken connection can be told.
fn distrust(error: &reqwest::Error) -> Option<String> {
    let tls = causes(error).find_map(|cause| cause.downcast_ref())?;
    (error.is_connect() || refuses_the_client(tls)).then(|| explain(tls))
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
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| cause(error))
}

/// The cause of an error. An I/O error does not name the error that it wraps as its source.
fn cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref)
    {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}

fn explain(error: &rustls::Error) -> String {
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
