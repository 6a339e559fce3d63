//! What a request is for: errors name it, and are judged by it.

/// What was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Operation {
    /// The beginning of an error's sentence, such as `reading machine 7`.
    pub(crate) description: String,
    pub(crate) effect: Effect,
    pub(crate) subject: Subject,
}

/// What a request does on the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It changes nothing.
    Read,
    /// Sending it twice has the same effect as sending it once.
    Write,
    /// It may be sent twice like a write. If the answer to the first attempt is lost and the next one gets a 404, the first
    /// attempt has deleted the object.
    Delete,
    /// It takes effect each time that it is sent.
    Action,
}

/// What a request is about. It decides whether a failure of the request means that other requests fail too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// No single object, such as a list. Where the server fails at it, it fails for everyone.
    Server,
    /// What the server has stored of one object.
    Object,
    /// A machine's BMC, which may take long to answer where the server itself is well.
    Bmc,
}
