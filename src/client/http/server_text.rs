//! Which of the server's texts a user may read.
//!
//! Error bodies carry SQL with all its values, HTML, whole preseeds, and command lines with the BMC's password. A text is
//! shown only when it is plainly a short sentence.

/// The longest text that is shown, in characters.
const LONGEST: usize = 200;

/// What marks a text as something other than a sentence.
const SUSPECT: [&str; 22] = [
    "psycopg2",
    "sqlalchemy",
    "[sql",
    "select ",
    "insert ",
    "update ",
    "delete from",
    "[parameters",
    "command '",
    "command \"",
    "ipmitool",
    "password",
    "passwd",
    "traceback",
    "file \"",
    " at 0x",
    "object at",
    "</",
    "/>",
    "<lambda",
    "<function",
    "bmc error",
];

/// The text, if it is fit for a user: one short line without SQL, markup, command lines or memory addresses.
pub(crate) fn readable(text: &str) -> Option<&str> {
    let text = text.trim();
    let lower = text.to_lowercase();
    let fit = !text.is_empty()
        && text.chars().count() <= LONGEST
        && !text.chars().any(char::is_control)
        && !SUSPECT.iter().any(|mark| lower.contains(mark))
        && !has_tag(text);
    fit.then_some(text)
}

/// A text of a library in one line of bounded length.
pub(crate) fn one_line(text: &str) -> String {
    let words = text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty());
    let line = words.collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line,
    }
}

/// Whether there is something like an HTML tag.
fn has_tag(text: &str) -> bool {
    text.split('<')
        .skip(1)
        .any(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '!' || c == '/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_pass() {
        for text in [
            "machine not found",
            "not allowed to use kernel",
            "`foo` is not a valid operation",
            "Enabled netboot requires a subarch with a valid bootloader",
            "Missing keys: 'name', 'type'",
            "5 should be instance of 'str'",
        ] {
            assert_eq!(readable(text), Some(text));
        }
        assert_eq!(readable(" no such user\n"), Some("no such user"));
    }

    #[test]
    fn everything_else_does_not() {
        let long = "x".repeat(201);
        for text in [
            "",
            " \n",
            "two\nlines",
            "(psycopg2.IntegrityError) duplicate key",
            "oops [SQL: 'x']",
            "INSERT INTO image",
            "update machine SET x",
            "IPMI error: Command '['ipmitool', '-P', 'canary']' returned 1",
            "<h1>Bad Request</h1>",
            "<!DOCTYPE html>",
            "<lambda>('soft') should evaluate to True",
            "<function f at 0x7f>",
            &long,
        ] {
            assert_eq!(readable(text), None, "{text}");
        }
    }

    #[test]
    fn lines_are_joined_and_bounded() {
        assert_eq!(one_line(" a\n\tb\0 c "), "a b c");
        assert_eq!(one_line(&"ü".repeat(300)).chars().count(), 203);
    }
}
