//! The texts of errors of the operating system.

use std::fmt::Display;

/// The text of an error without the number of the operating system.
pub(crate) fn text(error: &(impl Display + ?Sized)) -> String {
    let text = error.to_string();
    text.split(" (os error")
        .next()
        .unwrap_or_default()
        .to_owned()
}
