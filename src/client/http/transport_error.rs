//! Makes errors of exchanges that ended without an answer.
//!
//! The HTTP client's own messages repeat URLs and nest; only their innermost cause is shown.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use reqwest::Url;

use crate::client::http::operation::Operation;
use crate::client::http::proxy::Proxy;
use crate::client::http::server_text;
use crate::client::tls::trust_problem::{TrustProblem, TrustRemedy, refuses_the_client};
use crate::client::{Error, ErrorKind};
use crate::support::io_error;

/// An exchange without an answer, and what is known about it besides the error.
pub(crate) struct FailedExchange<'a> {
    pub(crate) action: &'a Operation,
    pub(crate) url: &'a Url,
    /// What the request went through.
    pub(crate) proxy: Option<&'a Proxy>,
    pub(crate) stall_timeout: Duration,
    /// Whether the server has answered nothing yet, this request included.
    pub(crate) never_answered: bool,
    /// Whether there was a body of which nothing was taken, so that the request certainly did not arrive.
    pub(crate) unsent: bool,
}

impl FailedExchange<'_> {
    /// The error for an exchange that stalled.
    pub(crate) fn stalled(&self) -> Error {
        if self.unsent {
            return self.connect_error(self.too_late());
        }
        let seconds = self.stall_timeout.as_secs_f64();
        let reason = format!("no byte in either direction for {seconds} s");
        self.error(ErrorKind::Timeout, reason)
    }

    /// The error for an exchange that failed.
    pub(crate) fn failed(&self, error: reqwest::Error) -> Error {
        let error = error.without_url();
        if let Some(TrustProblem { reason, remedy }) = trust_problem(&error) {
            let reason = format!("no trusted connection to {}: {reason}", self.host());
            let untrusted = self.error(ErrorKind::Untrusted, reason);
            return untrusted.with_remedy(remedy).caused_by(error);
        }
        if error.is_connect() && error.is_timeout() {
            return self.connect_error(self.too_late()).caused_by(error);
        }
        let reason = root_cause(&error);
        if error.is_connect() || self.unsent {
            // A proxy that is asked for a tunnel answers; one that does not is not there.
            let is_proxy_gone = error.is_connect() && !reason.contains("tunnel");
            return match self.proxy.filter(|_| is_proxy_gone) {
                Some(proxy) => self.proxy_error(proxy, reason).caused_by(error),
                None => self.connect_error(reason).caused_by(error),
            };
        }
        if self.url.scheme() == "http" && is_no_http(&error) {
            let reason = format!(
                "no connection to {}: it does not speak HTTP at this port",
                self.host()
            );
            let untrusted = self.error(ErrorKind::Untrusted, reason);
            return untrusted
                .with_remedy(Some(TrustRemedy::Https))
                .caused_by(error);
        }
        // OpenSSL closes a connection that does not begin with TLS without a word. So does a server that breaks down.
        let may_be_tls = self.never_answered
            && self.url.scheme() == "http"
            && self.proxy.is_none()
            && error.is_request();
        let remedy = may_be_tls.then_some(TrustRemedy::Https);
        let disconnected = self.error(ErrorKind::Disconnected, reason);
        disconnected.with_remedy(remedy).caused_by(error)
    }

    fn error(&self, kind: ErrorKind, reason: String) -> Error {
        Error::new(kind, reason).during(self.action)
    }

    fn connect_error(&self, reason: String) -> Error {
        let through = self.proxy.map_or_else(String::new, |proxy| {
            format!(" through the proxy {} of {}", proxy.address, proxy.variable)
        });
        let reason = format!("no connection to {}{through}: {reason}", self.host());
        self.error(ErrorKind::Connect, reason)
    }

    fn proxy_error(&self, proxy: &Proxy, reason: String) -> Error {
        let Proxy { address, variable } = proxy;
        let reason = format!("no connection to the proxy {address} of {variable}: {reason}");
        self.error(ErrorKind::Connect, reason)
    }

    fn too_late(&self) -> String {
        format!("none within {} s", self.stall_timeout.as_secs_f64())
    }

    fn host(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        let port = self.url.port_or_known_default().unwrap_or_default();
        format!("{host}:{port}")
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
fn trust_problem(error: &reqwest::Error) -> Option<TrustProblem> {
    let tls = causes(error).find_map(|cause| cause.downcast_ref())?;
    (error.is_connect() || refuses_the_client(tls)).then(|| TrustProblem::of(tls))
}

/// Whether what came back is not HTTP, such as the alert of a server that speaks TLS.
fn is_no_http(error: &reqwest::Error) -> bool {
    causes(error).any(|cause| {
        let parsed = cause.downcast_ref::<hyper::Error>();
        parsed.is_some_and(hyper::Error::is_parse)
    })
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
