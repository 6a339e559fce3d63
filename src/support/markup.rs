//! Markup in messages and documentation: `O(force)` stands for the option `force`.
//!
//! The layers below the faces name options in this form, and each face renders them: Ansible `force`, the command line
//! `--force`. Documentation has further marks, those of `ansible-doc`.

use std::fmt;

/// `O(name)` or `O(name=value)`: an option. The other marks, `V(value)`, `C(code)`, `M(module)` and `RV(return value)`, are
/// words.
const OPTION_MARK: &str = "O";

/// The marks of messages. Messages quote names of objects, which may look like other marks.
const MESSAGE_MARKS: &[&str] = &[OPTION_MARK];

/// The marks of documentation, the longest first: `RV` ends with `V`.
const DOCUMENTATION_MARKS: &[&str] = &["RV", OPTION_MARK, "V", "C", "M"];

/// Whether a mark can have this content. Names of objects that a message quotes may look like marks.
fn allows(mark: &str, content: &str) -> bool {
    match mark {
        OPTION_MARK => is_option_name(content.split('=').next().unwrap_or_default()),
        _ => !content.is_empty(),
    }
}

/// Whether a text can be the name of an option.
pub(crate) fn is_option_name(text: &str) -> bool {
    let is_allowed =
        |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    text.starts_with(|first: char| first.is_ascii_lowercase()) && text.chars().all(is_allowed)
}

/// How a face writes an option: its name, and a value where the message names one.
#[derive(Clone, Copy)]
pub struct OptionStyle(pub fn(name: &str, value: Option<&str>) -> String);

impl OptionStyle {
    /// The message with its options as this face writes them.
    pub fn render(self, message: &str) -> String {
        replace_marks(message, MESSAGE_MARKS, |_, content| self.option(content))
    }

    /// A paragraph of documentation with its options as this face writes them, and without the other marks.
    pub fn render_documentation(self, paragraph: &str) -> String {
        replace_marks(paragraph, DOCUMENTATION_MARKS, |mark, content| match mark {
            OPTION_MARK => self.option(content),
            _ => content.to_owned(),
        })
    }

    fn option(self, content: &str) -> String {
        match content.split_once('=') {
            Some((name, value)) => self.0(name, Some(value)),
            None => self.0(content, None),
        }
    }
}

impl Default for OptionStyle {
    /// As a playbook writes them: `force`, `wait: true`.
    fn default() -> OptionStyle {
        OptionStyle(|name, value| match value {
            Some(value) => format!("{name}: {value}"),
            None => name.to_owned(),
        })
    }
}

impl fmt::Debug for OptionStyle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("OptionStyle")
    }
}

/// Whether a message names an option.
pub(crate) fn names_option(message: &str) -> bool {
    replace_marks(message, MESSAGE_MARKS, |_, _| String::new()) != message
}

/// The text with every mark replaced by the result of `show` for its content.
fn replace_marks(text: &str, marks: &[&str], show: impl Fn(&str, &str) -> String) -> String {
    let mut replaced = String::new();
    let mut rest = text;
    while let Some(open) = rest.find('(') {
        let (before, behind) = rest.split_at(open);
        let mark = marks.iter().find(|mark| ends_with(before, mark));
        let end = closing(behind).unwrap_or(0);
        let content = behind.get(1..end).unwrap_or_default().replace('\\', "");
        match mark {
            Some(mark) if allows(mark, &content) => {
                replaced.push_str(&before[..before.len() - mark.len()]);
                replaced.push_str(&show(mark, &content));
                rest = &behind[end + 1..];
            }
            _ => {
                replaced.push_str(&rest[..=open]);
                rest = &rest[open + 1..];
            }
        }
    }
    replaced + rest
}

/// Whether the text ends with the letters of a mark, with no letter or digit before them.
fn ends_with(text: &str, letters: &str) -> bool {
    let head = text.strip_suffix(letters);
    head.is_some_and(|head| !head.ends_with(char::is_alphanumeric))
}

/// The index of the closing parenthesis for the one that the text begins with; others may be nested inside.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0;
    text.char_indices()
        .find(|(_, character)| {
            match character {
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => {}
            }
            depth == 0
        })
        .map(|(index, _)| index)
}
