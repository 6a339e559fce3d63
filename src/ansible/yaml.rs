//! Writing YAML: as much of it as the documentation of a module needs.
//!
//! Written by hand, since the crates that write YAML are unmaintained or leave no say in how a text
//! is quoted.

use std::fmt::Write as _;

use serde_json::Value;

/// A piece of a YAML document.
#[derive(Clone, Debug)]
pub(super) enum Node {
    /// A text.
    Text(String),
    /// A number, boolean or null, written as it is.
    Plain(String),
    /// A text of several lines, written as a block.
    Literal(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Node {
    pub(super) fn text(text: &str) -> Node {
        Node::Text(text.to_owned())
    }

    pub(super) fn texts(texts: &[&str]) -> Node {
        Node::List(texts.iter().map(|text| Node::text(text)).collect())
    }

    pub(super) fn map<'a>(fields: impl IntoIterator<Item = (&'a str, Node)>) -> Node {
        Node::Map(
            fields
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect(),
        )
    }

    pub(super) fn from_json(value: &Value) -> Node {
        match value {
            Value::String(text) => Node::text(text),
            Value::Array(items) => Node::List(items.iter().map(Node::from_json).collect()),
            Value::Object(fields) => Node::Map(
                fields
                    .iter()
                    .map(|(key, value)| (key.clone(), Node::from_json(value)))
                    .collect(),
            ),
            plain => Node::Plain(plain.to_string()),
        }
    }

    /// The whole document.
    pub(super) fn document(&self) -> String {
        let mut text = String::from("---");
        self.write(&mut text, 0);
        text.push('\n');
        text
    }

    /// Writes what comes after a colon, a dash or the start of the document.
    fn write(&self, out: &mut String, indent: usize) {
        match self {
            Node::Text(text) => out.extend([" ", &scalar(text)]),
            Node::Plain(text) => out.extend([" ", text]),
            Node::Literal(text) => {
                out.push_str(" |");
                for line in text.lines() {
                    out.push('\n');
                    if !line.is_empty() {
                        // Writing to a string cannot fail.
                        let _ = write!(out, "{:indent$}{line}", "");
                    }
                }
            }
            Node::List(items) if items.is_empty() => out.push_str(" []"),
            Node::Map(fields) if fields.is_empty() => out.push_str(" {}"),
            Node::List(items) => {
                for item in items {
                    let _ = write!(out, "\n{:indent$}-", "");
                    item.write_in_list(out, indent + 2);
                }
            }
            Node::Map(fields) => {
                for (key, value) in fields {
                    let _ = write!(out, "\n{:indent$}{}:", "", scalar(key));
                    value.write(out, indent + 2);
                }
            }
        }
    }

    /// Like [`Node::write`], but a map starts on the line of its dash.
    fn write_in_list(&self, out: &mut String, indent: usize) {
        let start = out.len();
        self.write(out, indent);
        if let Node::Map(fields) = self
            && !fields.is_empty()
        {
            out.replace_range(start..=start + indent, " ");
        }
    }
}

/// A text as a scalar: plain where nobody can take it for anything else.
fn scalar(text: &str) -> String {
    if is_safe(text) {
        text.to_owned()
    } else {
        Value::from(text).to_string()
    }
}

fn is_safe(text: &str) -> bool {
    let starts_well = text.starts_with(|c: char| c.is_ascii_alphabetic());
    let plain = text
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || " _-./,()'+=;".contains(c));
    let word = text.to_ascii_lowercase();
    let special =
        ["y", "n", "yes", "no", "on", "off", "true", "false", "null"].contains(&word.as_str());
    starts_well && plain && !special && !text.ends_with(' ')
}
