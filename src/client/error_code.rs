//! Refusals of the server that programs depend on. Their texts are compared here and nowhere else.

/// Which refusal an answer is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ErrorCode {
    /// The machine has no such assignment. A machine that does not exist has another text, and no code.
    AssigneeNotFound,
    /// A machine is to be assigned to a user that the server does not know.
    NoSuchUser,
    /// A machine is to have a subarch that the server does not know for its architecture.
    NoSuchSubarch,
    /// The token's user is not allowed to, and the server gives no further reason.
    Forbidden,
}

impl ErrorCode {
    /// Recognises the text of an `InvalidUsage` error, as recorded from the server.
    pub(crate) fn from_text(text: &str) -> Option<ErrorCode> {
        match text {
            "assignee not found" => Some(ErrorCode::AssigneeNotFound),
            "no such user" => Some(ErrorCode::NoSuchUser),
            "Forbidden" => Some(ErrorCode::Forbidden),
            text if text.starts_with("no such subarch for architecture ") => {
                Some(ErrorCode::NoSuchSubarch)
            }
            _ => None,
        }
    }
}
