//! Values and texts as they stand on a terminal.

use serde_json::Value;
use unicode_width::UnicodeWidthChar;

use crate::support::user_text::user_with_reason;

/// What stands where there is nothing.
pub(crate) const NOTHING: &str = "-";

/// A value in a person's words.
pub(crate) fn text_of(value: &Value) -> String {
    match value {
        Value::Null => NOTHING.to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => without_controls(text),
        Value::Array(items) if items.is_empty() => NOTHING.to_owned(),
        Value::Array(items) => items.iter().map(text_of).collect::<Vec<_>>().join(", "),
        Value::Object(fields) if fields.contains_key("user") && fields.contains_key("reason") => {
            holder(value)
        }
        Value::Object(fields) => fields
            .iter()
            .filter(|(_, field)| !field.is_null())
            .map(|(key, field)| format!("{key} {}", text_of(field)))
            .collect::<Vec<_>>()
            .join(", "),
        number => number.to_string(),
    }
}

fn holder(assignee: &Value) -> String {
    let user = text_of(&assignee["user"]);
    let reason = text_of(&assignee["reason"]);
    user_with_reason(
        &user,
        Some(reason.as_str()).filter(|reason| *reason != NOTHING),
    )
}

/// The text without what a terminal would take for an order, and without what turns the direction of writing.
pub(crate) fn without_controls(text: &str) -> String {
    let turns = |character: &char| matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let is_order =
        |character: char| character.is_control() && character != '\n' && character != '\t';
    text.chars()
        .filter(|character| !turns(character))
        .map(|character| {
            if is_order(character) {
                char::REPLACEMENT_CHARACTER
            } else {
                character
            }
        })
        .collect()
}

/// The columns of a terminal that a text takes.
pub(crate) fn width_of(text: &str) -> usize {
    text.chars().filter_map(char::width).sum()
}

/// The text, or as much of its beginning as there is room for.
pub(crate) fn shortened(text: &str, room: usize) -> String {
    if width_of(text) <= room {
        return text.to_owned();
    }
    let mut left = room.saturating_sub(1);
    let fits = |character: &char| {
        let rest = left.checked_sub(character.width().unwrap_or(0));
        left = rest.unwrap_or(left);
        rest.is_some()
    };
    text.chars().take_while(fits).chain(['…']).collect()
}

/// The text in lines of at most so many columns, as far as its words allow.
pub(crate) fn wrapped(text: &str, room: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width_of(line) + 1 + width_of(word) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
