//! The kinds of errors, for programs.

/// What happened, for programs. [`Error`](crate::client::Error) has the data.
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
