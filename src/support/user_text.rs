//! A user who holds a machine, with the reason of the assignment.

/// `alice (ci)`, or `alice` without a reason. The server stores a reason that was not given as an empty one.
pub(crate) fn user_with_reason(user: &str, reason: Option<&str>) -> String {
    match reason {
        None | Some("") => user.to_owned(),
        Some(reason) => format!("{user} ({reason})"),
    }
}
