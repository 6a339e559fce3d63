//! Texts of users and servers in sentences: names, descriptions, reasons.

use std::fmt::Write as _;

/// `alice (ci)`, or `alice` without a reason. The server stores a reason that was not given as an empty one.
pub(crate) fn user_with_reason(user: &str, reason: Option<&str>) -> String {
    match reason {
        None | Some("") => user.to_owned(),
        Some(reason) => format!("{user} ({reason})"),
    }
}

/// A sentence with all characters that would break its line, steer a terminal or turn the direction of writing escaped
/// as in JSON: names and descriptions may hold any.
pub(crate) fn on_one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => line.push_str("\\n"),
            '\t' => line.push_str("\\t"),
            '\r' => line.push_str("\\r"),
            unprintable if is_unprintable(unprintable) => {
                // Writing to a string cannot fail.
                let _ = write!(line, "\\u{:04x}", u32::from(unprintable));
            }
            other => line.push(other),
        }
    }
    line
}

/// Whether a character is a control character, ends a line, or turns the direction of writing.
pub(crate) fn is_unprintable(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_stays_on_one_line() {
        let text = "a\nb\r\u{85}\u{2028}\u{2029}\u{1b}[31m\u{202e}\tc \u{e9}";
        let line = on_one_line(text);
        assert_eq!(line, r"a\nb\r\u0085\u2028\u2029\u001b[31m\u202e\tc é");
        assert_eq!(on_one_line(&line), line);
    }
}
