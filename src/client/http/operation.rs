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
    /// Sent twice, it has the effect of once.
    Write,
    /// The same, and an object that is gone when it is sent again was deleted by the first one.
    Delete,
    /// It takes effect each time that it is sent.
    Action,
}

/// What a request is about: whether its failure says something of other requests depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// No single object, such as a list. Where the server fails at it, it fails for everyone.
    Server,
    /// What the server has stored of one object.
    Object,
    /// A machine's BMC, which may take long to answer where the server itself is well.
    Bmc,
}
