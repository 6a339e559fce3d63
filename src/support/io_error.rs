//! Errors of the operating system, in words.

use std::fmt::Display;

/// The error without its number, which tells a reader nothing more.
pub(crate) fn of(error: &(impl Display + ?Sized)) -> String {
    let text = error.to_string();
    text.split(" (os error")
        .next()
        .unwrap_or_default()
        .to_owned()
}
