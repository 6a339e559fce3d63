//! Writes YAML, as far as the documentation of a module needs it.
//!
//! The crates that write YAML are unmaintained, or do not let the caller choose how a text is quoted.

use std::fmt::Write as _;

use serde_json::Value;

use crate::ansible::options::coerce::{FALSE_WORDS, TRUE_WORDS};

/// Where long texts are wrapped.
const WIDTH: usize = 80;

/// A piece of a YAML document.
#[derive(Clone, Debug)]
pub(crate) enum YamlValue {
    /// A text.
    Text(String),
    /// A number, boolean or null, written as it is.
    Plain(String),
    /// A text of several lines, written as a block.
    Literal(String),
    List(Vec<YamlValue>),
    Map(Vec<(String, YamlValue)>),
}

impl YamlValue {
    pub(crate) fn text(text: &str) -> YamlValue {
        YamlValue::Text(text.to_owned())
    }

    pub(crate) fn texts(texts: &[&str]) -> YamlValue {
        YamlValue::List(texts.iter().map(|text| YamlValue::text(text)).collect())
    }

    pub(crate) fn map<'a>(fields: impl IntoIterator<Item = (&'a str, YamlValue)>) -> YamlValue {
        let fields = fields.into_iter();
        YamlValue::Map(fields.map(|(key, value)| (key.to_owned(), value)).collect())
    }

    pub(crate) fn from_json(value: &Value) -> YamlValue {
        match value {
            Value::String(text) => YamlValue::text(text),
            Value::Array(items) => {
                YamlValue::List(items.iter().map(YamlValue::from_json).collect())
            }
            Value::Object(fields) => {
                let fields = fields.iter();
                YamlValue::map(fields.map(|(key, value)| (key.as_str(), Self::from_json(value))))
            }
            plain => YamlValue::Plain(plain.to_string()),
        }
    }

    /// The whole document.
    pub(crate) fn document(&self) -> String {
        let mut text = String::from("---");
        self.write(&mut text, 0);
        text.push('\n');
        text
    }

    /// Writes what comes after a colon, a dash or the start of the document.
    fn write(&self, out: &mut String, indent: usize) {
        match self {
            YamlValue::Text(text) if is_long(text, WIDTH.saturating_sub(indent + 20)) => {
                out.push_str(" >-");
                for line in wrapped(text, WIDTH.saturating_sub(indent)) {
                    let _ = write!(out, "\n{:indent$}{line}", "");
                }
            }
            YamlValue::Text(text) => out.extend([" ", &scalar(text)]),
            YamlValue::Plain(text) => out.extend([" ", text]),
            YamlValue::Literal(text) => {
                out.push_str(" |");
                for line in text.lines() {
                    out.push('\n');
                    if !line.is_empty() {
                        // Writing to a string cannot fail.
                        let _ = write!(out, "{:indent$}{line}", "");
                    }
                }
            }
            YamlValue::List(items) if items.is_empty() => out.push_str(" []"),
            YamlValue::Map(fields) if fields.is_empty() => out.push_str(" {}"),
            YamlValue::List(items) => {
                for item in items {
                    let _ = write!(out, "\n{:indent$}-", "");
                    item.write_in_list(out, indent + 2);
                }
            }
            YamlValue::Map(fields) => {
                for (key, value) in fields {
                    let _ = write!(out, "\n{:indent$}{}:", "", scalar(key));
                    value.write(out, indent + 2);
                }
            }
        }
    }

    /// Like [`YamlValue::write`], but a map starts on the line of its dash.
    fn write_in_list(&self, out: &mut String, indent: usize) {
        let start = out.len();
        self.write(out, indent);
        if let YamlValue::Map(fields) = self
            && !fields.is_empty()
        {
            out.replace_range(start..=start + indent, " ");
        }
    }
}

/// Whether a text is too long for one line after its key, and is the same again after folding.
fn is_long(text: &str, width: usize) -> bool {
    let folds = !text.contains('\n') && !text.contains("  ") && text.trim() == text;
    folds && text.chars().count() > width
}

/// The words of a text in lines of at most this width.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.extend([" ", word]);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// A text as a scalar: without quotes where no reader of YAML takes it for anything but a text.
fn scalar(text: &str) -> String {
    let starts_well = text.starts_with(|c: char| c.is_ascii_alphabetic());
    let is_plain = |c: char| c.is_ascii_alphanumeric() || " _-./,()'+=;".contains(c);
    let word = text.to_ascii_lowercase();
    let special = [TRUE_WORDS.as_slice(), &FALSE_WORDS, &["null"]].concat();
    let is_special = special.contains(&word.as_str());
    match starts_well && text.chars().all(is_plain) && !is_special && !text.ends_with(' ') {
        true => text.to_owned(),
        false => Value::from(text).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn writes_json_as_yaml() {
        let value = json!({
            "list": [{"a": 1, "b": [true, null]}, "x", [], {}, ["nested"]],
            "map": {"key with: colon": "it's", "no": "no"},
            "text": ["plain words, (with) some-thing/else", "with: colon", "# hash", "1", "", "two\nlines", "yes", "end "],
        });
        let expected = r##"---
list:
  - a: 1
    b:
      - true
      - null
  - x
  - []
  - {}
  -
    - nested
map:
  "key with: colon": it's
  "no": "no"
text:
  - plain words, (with) some-thing/else
  - "with: colon"
  - "# hash"
  - "1"
  - ""
  - "two\nlines"
  - "yes"
  - "end "
"##;
        assert_eq!(YamlValue::from_json(&value).document(), expected);
    }

    #[test]
    fn folds_long_texts_and_keeps_literal_ones() {
        let long = "word: ".repeat(30).trim_end().to_owned();
        let document = YamlValue::map([
            ("text", YamlValue::Text(long.clone())),
            ("block", YamlValue::Literal("- a:\n\n    b".to_owned())),
        ])
        .document();
        let (text, block) = document.split_once("\nblock: ").unwrap();
        let lines: Vec<&str> = text.lines().skip(2).collect();
        assert!(
            text.starts_with("---\ntext: >-\n  word: ")
                && lines.iter().all(|line| line.len() <= WIDTH)
        );
        assert_eq!(
            lines
                .iter()
                .map(|line| line.trim())
                .collect::<Vec<_>>()
                .join(" "),
            long
        );
        assert_eq!(block, "|\n  - a:\n\n      b\n");
    }
}
