//! What a user can do about an error. Kept apart from the errors' sentences, so that both stay short.

use crate::client::tls::trust_problem::TrustRemedy;
use crate::client::{Error, ErrorKind};

/// The hint for an error, if there is one.
pub(crate) fn hint(error: &Error) -> Option<&'static str> {
    let hint = match error.kind() {
        ErrorKind::InvalidQuery => {
            "A filter looks like (and (= arch \"arm64\") (= assignee_count 0)); its symbols are name, arch, bmc_type, \
             assignee_count and interface_count."
        }
        ErrorKind::Untrusted | ErrorKind::Disconnected => {
            return error.trust_remedy().map(trust_hint);
        }
        ErrorKind::Connect => {
            "Check the server's URL, and the proxy variables http_proxy, https_proxy and no_proxy."
        }
        ErrorKind::Timeout => {
            "The server handles one request at a time and may be waiting for a slow BMC; a longer timeout may help."
        }
        ErrorKind::OutcomeUnknown => "Look at what the server has before trying again.",
        ErrorKind::Redirected => "If that is the server, give its URL.",
        ErrorKind::Unauthorized => "Tokens are made and deleted on the user's page of the server.",
        ErrorKind::Forbidden if error.is_refused_without_text() => {
            "An administrator can assign the machine to the user."
        }
        ErrorKind::NoSuchPath | ErrorKind::Decode => {
            "Check the server's URL: it ends where /api/v1 begins, such as https://lab.example/mrp/."
        }
        ErrorKind::UploadTooLarge => {
            "The server's max_upload_size limits uploads, and its HTTP server, tornado, closes the connection on anything \
             over its max_buffer_size, 100 MiB by default, whatever max_upload_size says; a proxy before it may have a \
             limit too."
        }
        ErrorKind::Bmc => {
            "Check that the BMC answers and that its user and password on the server are right; the server's own log has \
             the command."
        }
        ErrorKind::Server if error.status() == Some(500) => "The server's own log has the reason.",
        ErrorKind::File | ErrorKind::Tls if error.is_vault_encrypted() => {
            "Decrypt it first, with ansible-vault decrypt or with ansible.builtin.copy."
        }
        ErrorKind::FileChanged => "Wait until nothing writes to the file any more, then try again.",
        _ => return None,
    };
    Some(hint)
}

/// The hint where the two sides do not accept each other. The tasks have their own, which names options.
fn trust_hint(remedy: TrustRemedy) -> &'static str {
    match remedy {
        TrustRemedy::Authority => {
            "Name the authority that signed the server's certificate, or that certificate itself."
        }
        TrustRemedy::ClientCertificate => "Give a client certificate that the server accepts.",
        TrustRemedy::HostName => "Give the server's URL with a name that its certificate has.",
        TrustRemedy::Clock => "Set the clock of this machine.",
        TrustRemedy::PlainHttp => "If the server has no TLS, its URL begins with http://.",
        TrustRemedy::Https => "If the server has TLS, its URL begins with https://.",
    }
}
