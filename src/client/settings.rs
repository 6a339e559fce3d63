//! The settings of a client: the builder, TLS files, and retries.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::client::clock::SystemClock;
use crate::client::http::Pipeline;
use crate::client::{BaseUrl, Client, Clock, ProgressListener, ReadOnlyClient, Result, Token};

/// Makes a client: the server and the token are given, everything else has a default.
///
/// Made by [`Client::builder`]. A URL or a token that cannot be used is reported by [`ClientBuilder::connect`].
#[must_use]
pub struct ClientBuilder {
    pub(crate) url: Result<BaseUrl>,
    pub(crate) token: Result<Token>,
    pub(crate) tls: TlsSettings,
    pub(crate) stall_timeout: Duration,
    pub(crate) retry: RetryPolicy,
    pub(crate) progress: ProgressListener,
    pub(crate) clock: Arc<dyn Clock>,
}

impl ClientBuilder {
    pub(crate) fn new(url: Result<BaseUrl>, token: Result<Token>) -> ClientBuilder {
        ClientBuilder {
            url,
            token,
            tls: TlsSettings::default(),
            stall_timeout: Duration::from_secs(30),
            retry: RetryPolicy::default(),
            progress: ProgressListener::default(),
            clock: Arc::new(SystemClock),
        }
    }

    /// How the server is recognised, and how the client identifies itself below HTTP.
    pub fn tls(mut self, tls: TlsSettings) -> ClientBuilder {
        self.tls = tls;
        self
    }

    /// How long a connection may go without a byte either way; 30 seconds by default. It limits connecting, and every pause
    /// of a transfer, never a whole transfer.
    pub fn stall_timeout(mut self, stall_timeout: Duration) -> ClientBuilder {
        self.stall_timeout = stall_timeout;
        self
    }

    /// When a failed request is tried again.
    pub fn retry(mut self, retry: RetryPolicy) -> ClientBuilder {
        self.retry = retry;
        self
    }

    /// Where the progress of requests and uploads is reported.
    pub fn progress(mut self, progress: ProgressListener) -> ClientBuilder {
        self.progress = progress;
        self
    }

    /// The clock for the pauses between attempts, so that tests need not sleep.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> ClientBuilder {
        self.clock = clock;
        self
    }

    /// Prepares a client. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`InvalidUrl`](crate::client::ErrorKind::InvalidUrl) and [`InvalidToken`](crate::client::ErrorKind::InvalidToken)
    /// for what the builder was made with, [`Tls`](crate::client::ErrorKind::Tls) when a file of the TLS settings cannot
    /// be used.
    pub fn connect(self) -> Result<Client> {
        Ok(Client::new(Pipeline::new(self)?))
    }

    /// Prepares a client that can only read.
    ///
    /// # Errors
    ///
    /// As for [`ClientBuilder::connect`].
    pub fn connect_read_only(self) -> Result<ReadOnlyClient> {
        Ok(ReadOnlyClient::new_read_only(Pipeline::new(self)?))
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ClientBuilder")
            .field("url", &self.url)
            .field("tls", &self.tls)
            .field("stall_timeout", &self.stall_timeout)
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}

/// How TLS connections are set up. Only `https` addresses use it, but files that are named must be usable for any address.
#[derive(Clone, Debug)]
pub struct TlsSettings {
    /// Whether the server's certificate must be valid. Without it anybody in between can read the token.
    pub validate_certs: bool,
    /// A PEM file of authorities, or of servers' own certificates; only these are then trusted, and not the authorities of
    /// the operating system.
    pub ca_path: Option<PathBuf>,
    /// A PEM file with the client's certificate and its chain; needs `client_key`.
    pub client_cert: Option<PathBuf>,
    /// A PEM file with the private key of `client_cert`, without a passphrase.
    pub client_key: Option<PathBuf>,
}

impl Default for TlsSettings {
    fn default() -> TlsSettings {
        TlsSettings {
            validate_certs: true,
            ca_path: None,
            client_cert: None,
            client_key: None,
        }
    }
}

/// How often and when a request is tried again.
///
/// The pause doubles from attempt to attempt, up to 30 seconds. A `Retry-After` of the server takes its place, up to the
/// same bound.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RetryPolicy {
    /// The attempts after the first one; 0 means one attempt.
    pub retries: u32,
    /// The pause before the first of them.
    pub delay: Duration,
}

impl Default for RetryPolicy {
    fn default() -> RetryPolicy {
        RetryPolicy {
            retries: 3,
            delay: Duration::from_millis(500),
        }
    }
}
