//! The failure for options with bytes that are not UTF-8, such as a Latin-1 file through `lookup('file', ...)`.
//!
//! Python keeps such a byte as a single surrogate, U+DC80 to U+DCFF, and writes it into the arguments file as an escape,
//! which is no valid JSON.

use serde_json::{Map, Value};

use crate::ansible::result::Failure;

/// The failure for such arguments, which are not valid JSON; `None` when there are no such bytes in them.
pub(crate) fn failure(contents: &[u8]) -> Option<Failure> {
    let text = str::from_utf8(contents).ok()?;
    let marked = mark_single_surrogates(text)?;
    let options: Map<String, Value> = serde_json::from_str(&marked).unwrap_or_default();
    let subject = options
        .iter()
        .find_map(|(name, value)| position(name, value))
        .map_or("An option".to_owned(), |name| {
            format!("The option '{name}'")
        });
    Some(Failure {
        hint: Some("Convert the text, or the file that it comes from, to UTF-8.".to_owned()),
        ..Failure::invalid_call(format!("{subject} holds bytes that are not UTF-8."))
    })
}

/// Where in a value the mark is: the option, an element of its list, or an option of that element.
fn position(name: &str, value: &Value) -> Option<String> {
    if let Value::Array(items) = value {
        let mut items = items.iter().enumerate();
        return items.find_map(|(index, item)| position(&format!("{name}[{index}]"), item));
    }
    let has_mark = |value: &Value| value.to_string().contains(MARK);
    match value {
        // An element of a list of objects: `images[1].description`.
        Value::Object(fields) if name.ends_with(']') => fields
            .iter()
            .find_map(|(field, value)| position(&format!("{name}.{field}"), value))
            .or_else(|| has_mark(value).then(|| name.to_owned())),
        _ => has_mark(value).then(|| name.to_owned()),
    }
}

/// Replaces a byte that is not UTF-8. Unicode has no character with this code.
const MARK: char = '\u{ffff}';

/// The text with the mark in place of every single surrogate, if there is one.
fn mark_single_surrogates(text: &str) -> Option<String> {
    let mut marked = String::with_capacity(text.len());
    let mut rest = text;
    let mut found = false;
    while let Some(start) = rest.find('\\') {
        let (before, escape) = rest.split_at(start);
        marked.push_str(before);
        let length = match (
            surrogate(escape),
            surrogate(escape.get(6..).unwrap_or_default()),
        ) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => 12,
            (Some(_), _) => 0,
            // A backslash and the character that it escapes.
            (None, _) => 1 + escape.chars().nth(1).map_or(0, char::len_utf8),
        };
        marked.push_str(&escape[..length]);
        rest = &escape[length..];
        if length == 0 {
            found = true;
            marked.push(MARK);
            rest = &escape[6..];
        }
    }
    marked.push_str(rest);
    found.then_some(marked)
}

/// The code of an escape at the beginning of a text, if it is a surrogate.
fn surrogate(text: &str) -> Option<u16> {
    let code = u16::from_str_radix(text.strip_prefix("\\u")?.get(..4)?, 16).ok()?;
    (0xD800..=0xDFFF).contains(&code).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> Option<String> {
        failure(text.as_bytes()).map(|failure| failure.message)
    }

    #[test]
    fn message_names_the_option_with_other_bytes() {
        for text in [
            r#"{"name": "x", "content": "gr\udcfc\udcdfe"}"#,
            r#"{"name": "\ud83d\ude00\\", "content": {"a": ["\udce9"]}}"#,
            r#"{"name": "x", "content": "\ud83d"}"#,
        ] {
            let expected = "The option 'content' holds bytes that are not UTF-8.";
            assert_eq!(message(text).as_deref(), Some(expected), "{text}");
        }
        for (text, position) in [
            (r#"{"users": ["alice", "b\udcfcb"]}"#, "users[1]"),
            (
                r#"{"images": [{"path": "a"}, {"description": "\udcfc"}]}"#,
                "images[1].description",
            ),
            (r#"{"images": [{"\udcfc": "a"}]}"#, "images[0]"),
        ] {
            let expected = format!("The option '{position}' holds bytes that are not UTF-8.");
            assert_eq!(message(text), Some(expected), "{text}");
        }
        let broken = r#"{"name": "\udcfc", oops"#;
        let expected = "An option holds bytes that are not UTF-8.";
        assert_eq!(message(broken).as_deref(), Some(expected));
    }

    #[test]
    fn valid_arguments_give_no_failure() {
        for text in [
            "",
            "{",
            r#"{"a": "\ud83d\ude00 \\udcfc \u00fc ü"}"#,
            r#"{"a": "\"#,
            r#"{"a": "\u"#,
            r#"{"a": "\ü"#,
        ] {
            assert_eq!(message(text), None, "{text}");
        }
        assert!(failure(b"{\"a\": \"\xfc\"}").is_none());
    }
}
