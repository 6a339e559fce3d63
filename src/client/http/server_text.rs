//! Which of the server's texts a user may read.
//!
//! Error bodies hold SQL with all its values, HTML, whole preseeds, and command lines with the BMC's password, in
//! spellings that differ between versions of the server and of the proxies before it. So no text is shown because it
//! looks harmless: only the sentences that are known here, with single words in their gaps. That holds for those who ask
//! for every detail too.

use serde_json::{Value, json};

/// The longest text that is shown, in characters.
const LONGEST: usize = 200;

/// The most texts of one answer that are shown.
const MOST_TEXTS: usize = 20;

/// The types of errors and their sentences, as the server's source has them and as they were recorded. `{}` stands for
/// one word, `{,}` for a list of words in quotes.
const SENTENCES: [(&str, &[&str]); 9] = [
    (
        "AddressValueError",
        &["Ambiguous (octal/decimal) value in '{}' not permitted in '{}'"],
    ),
    (
        "InvalidUsage",
        &[
            "Enabled netboot requires a subarch with a valid bootloader",
            "Forbidden",
            "arch is required",
            "assignee not found",
            "console requires a BMC",
            "image not found",
            "initrd is not an initrd",
            "interface has no network",
            "interface not found",
            "kernel is not a kernel",
            "machine not found",
            "multipart `file` is required",
            "network has no reserved IPv4 range",
            "network has no static IPv4 range",
            "no matching machine",
            "no more IPs available",
            "no such architecture",
            "no such initrd",
            "no such kernel",
            "no such preseed",
            "no such subarch for architecture {}",
            "no such user",
            "not allowed to use initrd",
            "not allowed to use kernel",
            "not allowed to use preseed",
            "power state changes require a BMC",
            "preseed not found",
            "provisioning requires a BMC",
            "provisioning requires a kernel",
            "provisioning requires a subarch",
            "provisioning requires the subarch to have a bootloader",
            "{} IP out of range",
            "{} configuration requires an IPv4",
        ],
    ),
    (
        "JSONDecodeError",
        &["Expecting value: line {} column {} (char {})"],
    ),
    ("NotFound", &["404: Not Found"]),
    ("SchemaMissingKeyError", &["Missing keys: {,}"]),
    (
        "SchemaUnexpectedTypeError",
        &[
            "'{}' should be instance of '{}'",
            "[] should be instance of '{}'",
            "{} should be instance of '{}'",
        ],
    ),
    (WRONG_KEY, &["Wrong keys {,}"]),
    (
        "UnicodeEncodeError",
        &["'utf-8' codec can't encode character '{}' in position {}: surrogates not allowed"],
    ),
    (
        "ValueError",
        &[
            "A string literal cannot contain NUL (0x00) characters.",
            "`{}` is not a valid operation",
            "failed to parse query",
            "s-expr is empty",
            "s-expr operation must be a symbol",
        ],
    ),
];

/// `Wrong keys 'x' in {...}`: a field that an older server does not know, and the whole request as Python prints it.
const WRONG_KEY: &str = "SchemaWrongKeyError";

/// What is known of texts that are no sentences for users, for those who ask for every detail: the beginning of what the
/// database says, and the end of what a BMC's command says.
const DETAILS: [&str; 5] = [
    "(psycopg2.IntegrityError) duplicate key value violates unique constraint \"{}\"",
    "(psycopg2.IntegrityError) null value in column \"{}\" of relation \"{}\" violates not-null constraint",
    "(psycopg2.IntegrityError) update or delete on table \"{}\" violates foreign key constraint \"{}\" on table \"{}\"",
    "returned non-zero exit status {}",
    "Error: Unable to establish IPMI v2 / RMCP+ session",
];

/// The types of errors that no sentence is shown of.
const SILENT_TYPES: [&str; 5] = [
    "BMCError",
    "DataError",
    "IntegrityError",
    "ProgrammingError",
    "SchemaError",
];

/// The text, if it is one of the known sentences.
pub(crate) fn readable<'a>(error_type: &str, text: &'a str) -> Option<&'a str> {
    let text = match text.split_once(" in {") {
        Some((wrong_keys, _request)) if error_type == WRONG_KEY => wrong_keys,
        _ => text.trim(),
    };
    let known = sentences(error_type)?;
    let is_known = known
        .iter()
        .any(|pattern| matched(pattern, text) == Some(text.len()));
    (is_known && text.chars().count() <= LONGEST).then_some(text)
}

/// What may be shown of an error's body to those who ask for every detail. Anything that is not known is counted.
pub(crate) fn detail(error_type: &str, errors: &Value, body: &[u8]) -> String {
    let is_known = SILENT_TYPES.contains(&error_type) || sentences(error_type).is_some();
    if body.is_empty() {
        return String::new();
    }
    if !is_known {
        return not_shown(body.len(), "bytes");
    }
    let shown = |error: &Value| match error.as_str() {
        Some(text) => json!(shown_text(error_type, text)),
        None => Value::Null,
    };
    let errors = match errors {
        Value::Array(list) => list.iter().take(MOST_TEXTS).map(shown).collect(),
        other => shown(other),
    };
    json!({ "error_type": error_type, "errors": errors }).to_string()
}

fn shown_text(error_type: &str, text: &str) -> String {
    if let Some(sentence) = readable(error_type, text) {
        return sentence.to_owned();
    }
    let rest = not_shown(text.chars().count(), "characters");
    let known = DETAILS.iter().filter_map(|pattern| {
        let literal = pattern.split("{}").next()?;
        let found = &text[text.find(literal)?..];
        Some(&found[..matched(pattern, found)?])
    });
    known.chain([rest.as_str()]).collect::<Vec<_>>().join(" ")
}

fn not_shown(count: usize, unit: &str) -> String {
    format!("({count} {unit}, not shown: they may hold secrets)")
}

fn sentences(error_type: &str) -> Option<&'static [&'static str]> {
    let mut types = SENTENCES.iter();
    types
        .find(|(name, _)| *name == error_type)
        .map(|(_, sentences)| *sentences)
}

/// How much of the beginning of a text a pattern matches.
fn matched(pattern: &str, text: &str) -> Option<usize> {
    if let Some(before) = pattern.strip_suffix("{,}") {
        let list = text.strip_prefix(before)?;
        let is_word = |word: &str| matched("'{}'", word) == Some(word.len());
        return list.split(", ").all(is_word).then_some(text.len());
    }
    let mut parts = pattern.split("{}");
    let mut rest = text.strip_prefix(parts.next()?)?;
    for part in parts {
        let word = rest.bytes().take_while(|byte| is_in_word(*byte)).count();
        if !(1..=64).contains(&word) {
            return None;
        }
        rest = rest[word..].strip_prefix(part)?;
    }
    Some(text.len() - rest.len())
}

/// Whether a word may have this character: letters and digits, and those of operators, addresses and escapes.
fn is_in_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_.-=<>!~\\".contains(&byte)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentence_of_a_readable_type_is_shown() {
        for (error_type, text) in [
            ("InvalidUsage", "machine not found"),
            ("InvalidUsage", "not allowed to use kernel"),
            ("ValueError", "`foo` is not a valid operation"),
            (
                "InvalidUsage",
                "Enabled netboot requires a subarch with a valid bootloader",
            ),
            ("SchemaMissingKeyError", "Missing keys: 'name', 'type'"),
            ("SchemaUnexpectedTypeError", "5 should be instance of 'str'"),
            (
                "JSONDecodeError",
                "Expecting value: line 1 column 1 (char 0)",
            ),
            (
                "UnicodeEncodeError",
                "'utf-8' codec can't encode character '\\ud800' in position 0: surrogates not allowed",
            ),
        ] {
            assert_eq!(readable(error_type, text), Some(text));
        }
        assert_eq!(
            readable("InvalidUsage", " no such user\n"),
            Some("no such user")
        );
    }

    #[test]
    fn wrong_keys_are_shown_without_the_request() {
        for text in [
            "Wrong keys 'foo' in {'state': 'on', 'foo': 1}",
            &format!("Wrong keys 'foo' in {{'content': '{}'}}", "x".repeat(300)),
        ] {
            assert_eq!(readable(WRONG_KEY, text), Some("Wrong keys 'foo'"));
        }
    }

    #[test]
    fn long_or_broken_text_and_other_types_are_hidden() {
        let long = "x".repeat(201);
        for (error_type, text) in [
            ("InvalidUsage", ""),
            ("InvalidUsage", " \n"),
            ("InvalidUsage", "two\nlines"),
            ("InvalidUsage", &long),
            ("IntegrityError", "(psycopg2.IntegrityError) duplicate key"),
            ("DataError", "oops [SQL: 'x']"),
            ("IntegrityError", "INSERT INTO image"),
            ("ProgrammingError", "update machine SET x"),
            (
                "BMCError",
                "IPMI error: Command '['ipmitool', '-P', 'canary']' returned 1",
            ),
            ("", "<h1>Bad Request</h1>"),
            ("", "<!DOCTYPE html>"),
            ("SchemaError", "<lambda>('soft') should evaluate to True"),
            ("SchemaError", "<function f at 0x7f>"),
        ] {
            assert_eq!(readable(error_type, text), None, "{text}");
        }
    }

    /// The error types and texts of all recorded answers.
    fn recorded_errors() -> Vec<(String, String)> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recordings");
        let mut errors = Vec::new();
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            // A recorded request holds half a character, which is no JSON here.
            let text = std::fs::read_to_string(path).unwrap();
            let text = text.replace(r#""\ud800""#, r#""?""#);
            let exchanges: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
            for exchange in exchanges {
                let body = &exchange["response"]["json"];
                let Some(error_type) = body["error_type"].as_str() else {
                    continue;
                };
                let list = body["errors"].as_array().cloned();
                let list = list.unwrap_or_else(|| vec![body["errors"].clone()]);
                let texts = list.iter().filter_map(serde_json::Value::as_str);
                errors.extend(texts.map(|text| (error_type.to_owned(), text.to_owned())));
            }
        }
        errors
    }

    #[test]
    fn recorded_sentences_are_shown_and_sql_markup_and_command_lines_are_not() {
        let errors = recorded_errors();
        assert!(errors.len() > 200, "{}", errors.len());
        for (error_type, text) in &errors {
            let shown = readable(error_type, text);
            if sentences(error_type).is_some() && error_type != WRONG_KEY {
                assert_eq!(shown, Some(text.as_str()), "{error_type}");
            }
            let harmful = [
                "psycopg2",
                "[SQL",
                "<",
                "{",
                "at 0x",
                "ipmitool",
                "Command '",
            ];
            let shown = shown.unwrap_or_default();
            assert!(
                !harmful.iter().any(|mark| shown.contains(mark)),
                "{error_type}: {shown}"
            );
        }
    }

    #[test]
    fn text_of_many_lines_becomes_one_bounded_line() {
        assert_eq!(one_line(" a\n\tb\0 c "), "a b c");
        assert_eq!(one_line(&"ü".repeat(300)).chars().count(), 203);
    }

    #[test]
    fn password_of_a_command_line_is_shown_in_no_spelling() {
        for command in [
            "['ipmitool', '-U', 'u', '-P', 'canary', '-R', '1']",
            "ipmitool -Pcanary power",
            "ipmitool --password=canary",
            "IPMI_PASSWORD=canary ipmitool -E",
            "[&#39;-P&#39;, &#39;canary&#39;]",
            r"[\u002dP\u0027, \u0027canary\u0027]",
            "user ADMIN with canary was refused by 10.0.0.5",
            "canary",
        ] {
            let text = format!(
                "BMC error: IPMI error: Command '{command}' returned non-zero exit status 1. (b'Error: Unable to establish IPMI v2 / RMCP+ session\\n')"
            );
            for (error_type, text) in [
                ("InvalidUsage", command),
                ("InvalidUsage", text.as_str()),
                ("BMCError", text.as_str()),
                ("canary", command),
                ("", command),
            ] {
                assert_eq!(readable(error_type, text), None, "{text}");
                let errors = json!([null, text]);
                let shown = detail(error_type, &errors, text.as_bytes());
                assert!(!shown.contains("canary"), "{error_type}: {shown}");
            }
            let shown = detail("BMCError", &json!(text), text.as_bytes());
            for known in [
                "returned non-zero exit status 1. ",
                "Unable to establish",
                "characters, not shown",
            ] {
                assert!(shown.contains(known), "{shown}");
            }
        }
    }

    #[test]
    fn detail_of_a_known_sentence_is_the_whole_body() {
        let errors = json!([null, "no such kernel"]);
        let body = json!({ "error_type": "InvalidUsage", "errors": errors }).to_string();
        assert_eq!(detail("InvalidUsage", &errors, body.as_bytes()), body);
        assert_eq!(detail("", &Value::Null, b""), "");
        let page = "(4 bytes, not shown: they may hold secrets)";
        assert_eq!(detail("", &Value::Null, b"<h1>"), page);
    }
}
