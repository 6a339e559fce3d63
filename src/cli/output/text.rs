//! Values and texts as a terminal shows them.

use std::borrow::Borrow;

use serde_json::Value;
use unicode_width::UnicodeWidthChar;

use crate::support::user_text::{is_unprintable, user_with_reason};

/// Stands for a value that is absent.
pub(crate) const NOTHING: &str = "-";

/// A JSON value as text.
pub(crate) fn display_text(value: &Value) -> String {
    match value {
        Value::Null => NOTHING.to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => without_controls(text),
        Value::Array(items) if items.is_empty() => NOTHING.to_owned(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(display_text).collect();
            items.join(", ")
        }
        Value::Object(fields) if fields.contains_key("user") && fields.contains_key("reason") => {
            holder_text(value["user"].as_str(), value["reason"].as_str())
        }
        Value::Object(fields) => {
            let fields = fields.iter().filter(|(_, field)| !field.is_null());
            let fields = fields.map(|(key, field)| format!("{key} {}", display_text(field)));
            fields.collect::<Vec<_>>().join(", ")
        }
        number => number.to_string(),
    }
}

/// Who holds a machine, and why: `alice (ci)`.
pub(crate) fn holder_text(user: Option<&str>, reason: Option<&str>) -> String {
    let reason = reason.filter(|reason| *reason != NOTHING);
    without_controls(&user_with_reason(user.unwrap_or(NOTHING), reason))
}

/// The text without control characters, which steer a terminal, and without those that turn the direction of writing.
pub(crate) fn without_controls(text: &str) -> String {
    let replaced = text.chars().map(|character| match character {
        '\n' | '\t' => character,
        unprintable if is_unprintable(unprintable) => char::REPLACEMENT_CHARACTER,
        other => other,
    });
    replaced.collect()
}

/// The columns that a text takes.
pub(crate) fn display_width(text: &str) -> usize {
    text.chars().filter_map(char::width).sum()
}

/// The text, cut to `room` columns and then ended with `…`.
pub(crate) fn truncate(text: &str, room: usize) -> String {
    if display_width(text) <= room {
        return text.to_owned();
    }
    let mut beginning = String::new();
    let mut width = 1;
    for character in text.chars() {
        width += character.width().unwrap_or(0);
        if width > room {
            break;
        }
        beginning.push(character);
    }
    beginning + "…"
}

/// The text in lines of at most `room` columns. A longer word has a line of its own.
pub(crate) fn wrap(text: &str, room: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if display_width(line) + 1 + display_width(word) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// A sentence in lines that end between words, and begin with two blanks from the second on. One that fits the terminal
/// stays as it is.
pub(crate) fn fit_lines(sentence: &str, width: Option<u16>) -> String {
    let Some(width) = width.map(usize::from) else {
        return sentence.to_owned();
    };
    let fit = |line: &str| match display_width(line) <= width {
        true => line.to_owned(),
        false => wrap(line, width.saturating_sub(2)).join("\n  "),
    };
    let lines: Vec<String> = sentence.split('\n').map(fit).collect();
    lines.join("\n")
}

/// `a, b and c`.
pub(crate) fn enumerate(names: &[impl Borrow<str>]) -> String {
    match names {
        [others @ .., last] if !others.is_empty() => {
            format!("{} and {}", others.join(", "), last.borrow())
        }
        _ => names.concat(),
    }
}
