//! What a user can do about an error. Kept apart from the errors' sentences, so that both stay short.

use crate::client::ApiError;

/// The hint for an error, if there is one.
pub(crate) fn of(error: &ApiError) -> Option<String> {
    let hint = match error {
        ApiError::InvalidQuery { .. } => {
            "A filter looks like (and (= arch \"arm64\") (= assignee_count 0)); its symbols are name, arch, bmc_type, \
             assignee_count and interface_count."
        }
        ApiError::Untrusted { .. } => {
            "Name the authority that signed the server's certificate, and a client certificate where the server wants one."
        }
        ApiError::Connect { .. } => {
            "Check the server's URL, and the proxy variables http_proxy, https_proxy and no_proxy."
        }
        ApiError::Timeout { .. } => {
            "The server handles one request at a time and may be waiting for a slow BMC; a longer timeout may help."
        }
        ApiError::OutcomeUnknown { .. } => "Look at what the server has before trying again.",
        ApiError::Redirected { .. } => "If that is the server, give its URL.",
        ApiError::Unauthorized(_) => {
            "Tokens are made and deleted on the user's page of the server."
        }
        ApiError::Forbidden(refusal) if refusal.response.is_empty() => {
            "An administrator can assign the machine to the user."
        }
        ApiError::NoSuchPath(_) | ApiError::Decode { .. } => {
            "Check the server's URL: it ends where /api/v1 begins, such as https://lab.example/mrp/."
        }
        ApiError::UploadTooLarge { .. } => {
            "The server's max_upload_size limits uploads, and its HTTP server, tornado, closes the connection on anything \
             over its max_buffer_size, 100 MiB by default, whatever max_upload_size says; a proxy before it may have a \
             limit too."
        }
        ApiError::Bmc(_) => {
            "Check that the BMC answers and that its user and password on the server are right; the server's own log has \
             the command."
        }
        ApiError::Server(refusal) if refusal.status == 500 => {
            "The server's own log has the reason."
        }
        ApiError::FileChanged { .. } => {
            "Wait until nothing writes to the file any more, then try again."
        }
        _ => return None,
    };
    Some(hint.to_owned())
}
