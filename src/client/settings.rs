//! What a client needs to know before it connects.

use std::path::PathBuf;
use std::time::Duration;

use crate::client::{BaseUrl, ProgressListener, Token};

/// Where the server is, who asks, how patient the client is, and who watches it.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The server's address, with the prefix under which it is mounted.
    pub url: BaseUrl,
    /// The user's token.
    pub token: Token,
    /// How the server is recognized, and how the client identifies itself below HTTP.
    pub tls: TlsSettings,
    /// How long a connection may go without a byte either way. It limits connecting, and every pause of a transfer,
    /// never a whole transfer.
    pub stall_timeout: Duration,
    /// When a failed request is tried again.
    pub retry: RetryPolicy,
    /// Who is told of the progress of what takes long.
    pub progress: ProgressListener,
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
