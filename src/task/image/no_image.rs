//! Files that no machine can boot, by the look of their first bytes: what a failed download leaves behind.

use crate::client::ImageFile;
use crate::task::{Result, TaskError};

const DOWNLOAD_HINT: &str =
    "See how it was downloaded, or upload it all the same with the option O(force).";

/// Refuses a file that is empty, an HTML page or a JSON document. Nothing else is looked for: what a machine boots may
/// have any form.
pub(super) fn require_image(file: &ImageFile) -> Result<()> {
    let look = match file.head() {
        [] => "is empty",
        head if is_html(head) => "is an HTML page",
        head if is_json(head) => "is a JSON document",
        head if head.starts_with(b"version https://git-lfs.") => {
            "is a pointer of Git LFS to the file"
        }
        _ => return Ok(()),
    };
    let path = file.path().display();
    Err(TaskError::with_hint(
        format!("{path} {look} and no image"),
        DOWNLOAD_HINT,
    ))
}

fn is_html(head: &[u8]) -> bool {
    let text = text(head).to_lowercase();
    ["<!doctype html", "<html", "<head"]
        .iter()
        .any(|tag| text.starts_with(tag))
        || text.starts_with("<?xml") && text.contains("<html")
}

/// An object with a key, and nothing that text has not.
fn is_json(head: &[u8]) -> bool {
    let text = text(head);
    let inside = text
        .strip_prefix('{')
        .map(|inside| inside.trim_start().starts_with(['"', '}']));
    let is_control = |c: char| c.is_control() && !c.is_whitespace();
    inside == Some(true) && !text.contains(is_control)
}

/// The beginning as text, without a byte order mark and blanks.
fn text(head: &[u8]) -> String {
    let text = String::from_utf8_lossy(head);
    text.trim_start_matches('\u{feff}').trim_start().to_owned()
}
