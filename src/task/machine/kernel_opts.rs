//! The kernel's command line: one line of text, without what a kernel cannot read.

use crate::task::{Result, TaskError};

/// The text without the line break that a file or a block of YAML ends with.
pub(crate) fn without_line_end(mut text: String) -> String {
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    text
}

/// Refuses what would break the line in the boot loader's configuration, which is made of it.
pub(super) fn require_one_line(text: &str) -> Result<()> {
    if text.contains(['\n', '\r']) {
        return Err(TaskError::Refused(
            "O(kernel_opts) has a line break, and the kernel's command line is one line".into(),
        ));
    }
    match text.chars().find(|c| c.is_control()) {
        Some(control) => Err(TaskError::Refused(format!(
            "O(kernel_opts) has the control character {}",
            code_point(control)
        ))),
        None => Ok(()),
    }
}

/// The warning about a character that looks like a blank, or like nothing, and separates no options.
pub(super) fn warning(text: &str) -> Option<String> {
    let is_no_blank = |c: &char| {
        !c.is_ascii() && c.is_whitespace()
            || matches!(
                c,
                '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}'
            )
    };
    let found = text.chars().find(is_no_blank)?;
    Some(format!(
        "O(kernel_opts) has the character {}, which looks like a blank or like nothing; the kernel separates options by blanks \
         only",
        code_point(found)
    ))
}

fn code_point(c: char) -> String {
    format!("U+{:04X}", u32::from(c))
}
