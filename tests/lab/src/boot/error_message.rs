//! Jinja2's messages for syntax errors that minijinja finds too.

use minijinja::Error;

use super::jinja28::LATER_TAGS;

/// The message of a syntax error.
pub(super) fn syntax_error(error: &Error, source: &str) -> String {
    let detail = error.detail().unwrap_or_default();
    let before = before(error, source);
    if let Some(tag) = detail.strip_prefix("unknown statement ") {
        return unknown_tag(tag, tag_begins(before));
    }
    match detail {
        "unexpected end of comment" => return "Missing end of comment tag".into(),
        "unexpected end of raw block" => return "Missing end of raw directive".into(),
        "unknown end of block, expected statement" => return "tag name expected".into(),
        "non-keyword arg after keyword arg" => {
            return "invalid syntax for function call expression".into();
        }
        "unexpected character" => return unexpected_character(source, before.len()),
        "unexpected end of string" => return unexpected_character(source, open_quote(source)),
        _ => {}
    }
    let Some(rest) = detail.strip_prefix("unexpected ") else {
        return detail.to_owned();
    };
    let (found, expected) = rest
        .split_once(", expected ")
        .unwrap_or((rest, "expression"));
    if expected == "identifier or integer" {
        return "expected name or number".into();
    }
    if found == "end of input" {
        return at_the_end(source, expected);
    }
    let found = match found {
        "identifier" => error
            .range()
            .and_then(|range| source.get(range))
            .unwrap_or(found),
        other => token(other),
    };
    if let Some(unbalanced) = unbalanced(found, before) {
        return unbalanced;
    }
    let ends = ["end of print statement", "end of statement block"].contains(&found);
    match expected {
        _ if ends && begins_tuple(before) => format!("Expected an expression, got '{found}'"),
        "expression" => format!("unexpected '{found}'"),
        expected => format!("expected token '{}', got '{found}'", token(expected)),
    }
}

fn unknown_tag(tag: &str, before: &str) -> String {
    let hint = looking_for(&open_blocks(before)).map(|hint| format!(" {hint}"));
    format!(
        "Encountered unknown tag '{tag}'.{}",
        hint.unwrap_or_default()
    )
}

/// Finds the first tag that Jinja2 2.8 does not know. Returns Jinja2's message and the line.
pub(super) fn later_tag(source: &str) -> Option<(String, usize)> {
    let mut in_raw = false;
    for (at, _) in source.match_indices("{%") {
        let word = first_word(&source[at + 2..]);
        match word {
            "raw" => in_raw = true,
            "endraw" => in_raw = false,
            _ if !in_raw && LATER_TAGS.contains(&word) => {
                let line = source[..at].matches('\n').count() + 1;
                return Some((unknown_tag(word, &source[..at]), line));
            }
            _ => {}
        }
    }
    None
}

fn first_word(tag: &str) -> &str {
    let tag = tag.trim_start_matches(['-', '+']).trim_start();
    let end = tag.find(|c: char| !c.is_alphanumeric() && c != '_');
    &tag[..end.unwrap_or(tag.len())]
}

/// Jinja2's message names the character and its position.
fn unexpected_character(source: &str, at: usize) -> String {
    let character = source.get(at..).and_then(|rest| rest.chars().next());
    let character = crate::python::repr(&character.map(String::from).unwrap_or_default());
    let place = source.get(..at).unwrap_or(source).chars().count();
    format!("unexpected char {character} at {place}")
}

/// The position of a string that is not terminated.
fn open_quote(source: &str) -> usize {
    let tag = source.rfind("{{").max(source.rfind("{%")).unwrap_or(0);
    let mut open = None;
    for (at, c) in source[tag..].char_indices() {
        match open {
            None if c == '\'' || c == '"' => open = Some((tag + at, c)),
            Some((_, quote)) if quote == c => open = None,
            _ => {}
        }
    }
    open.map_or(source.len(), |(at, _)| at)
}

/// Finds a closing bracket that does not match an open one.
fn unbalanced(found: &str, before: &str) -> Option<String> {
    let closing = found.chars().next().filter(|c| ")]}".contains(*c))?;
    let mut open = Vec::new();
    let mut quote = None;
    for c in before[tag_begins(before).len()..].chars().skip(2) {
        match (quote, c) {
            (Some(end), c) if c == end => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '(') => open.push(')'),
            (None, '[') => open.push(']'),
            (None, '{') => open.push('}'),
            (None, ')' | ']' | '}') => drop(open.pop()),
            _ => {}
        }
    }
    match open.pop() {
        None => Some(format!("unexpected '{closing}'")),
        Some(expected) if expected != closing => {
            Some(format!("unexpected '{closing}', expected '{expected}'"))
        }
        Some(_) => None,
    }
}

/// Whether what comes next is the first word of what may be a list with commas.
fn begins_tuple(before: &str) -> bool {
    let before = before.trim_end();
    let word = before
        .rsplit(|c: char| !c.is_alphanumeric())
        .next()
        .unwrap_or_default();
    ["{{", "{{-", "{{+"]
        .iter()
        .any(|open| before.ends_with(open))
        || ["if", "elif", "in", "for", "set"].contains(&word)
        || before.ends_with('=')
            && !["==", "!=", "<=", ">="]
                .iter()
                .any(|op| before.ends_with(op))
}

fn token(name: &str) -> &str {
    match name {
        "end of block" => "end of statement block",
        "end of variable block" => "end of print statement",
        "identifier" => "name",
        other => other.trim_matches('`'),
    }
}

/// The message for an unexpected end of the template: within a tag the end of the tag is missing, outside that of the innermost
/// block.
fn at_the_end(source: &str, expected: &str) -> String {
    let unclosed = |open: &str, close: &str| source.rfind(open) > source.rfind(close);
    if unclosed("{%", "%}") || unclosed("{{", "}}") {
        return match expected {
            "expression" => "unexpected 'end of template'".into(),
            expected => format!(
                "unexpected end of template, expected '{}'.",
                token(expected)
            ),
        };
    }
    let hint = looking_for(&open_blocks(source)).unwrap_or_default();
    format!("Unexpected end of template. {hint}")
        .trim_end()
        .to_owned()
}

/// The source up to the error.
fn before<'a>(error: &Error, source: &'a str) -> &'a str {
    error
        .range()
        .and_then(|range| source.get(..range.start))
        .unwrap_or(source)
}

/// The part that comes before the innermost tag.
fn tag_begins(before: &str) -> &str {
    let tag = before.rfind("{%").max(before.rfind("{{"));
    tag.map_or("", |tag| &before[..tag])
}

/// An open block, and whether it has an `else`.
struct Block<'a>(&'a str, bool);

/// The blocks that are open at the end of a template, the innermost last.
fn open_blocks(source: &str) -> Vec<Block<'_>> {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    for tag in source.split("{%").skip(1) {
        let tag = tag
            .split("%}")
            .next()
            .unwrap_or_default()
            .trim_matches(['-', '+', ' ', '\t', '\n', '\r']);
        let word = tag.split_whitespace().next().unwrap_or_default();
        match word {
            "for" | "if" | "block" | "macro" | "filter" | "call" | "with" | "autoescape" => {
                blocks.push(Block(word, false))
            }
            "set" if !tag.contains('=') => blocks.push(Block(word, false)),
            "else" => blocks
                .last_mut()
                .into_iter()
                .for_each(|block| block.1 = true),
            _ if word.starts_with("end") => drop(blocks.pop()),
            _ => {}
        }
    }
    blocks
}

fn looking_for(blocks: &[Block<'_>]) -> Option<String> {
    let Block(name, otherwise) = blocks.last()?;
    let tags = match (*name, otherwise) {
        ("if", false) => "'elif' or 'else' or 'endif'".to_owned(),
        ("for", false) => "'endfor' or 'else'".to_owned(),
        (name, _) => format!("'end{name}'"),
    };
    Some(format!(
        "Jinja was looking for the following tags: {tags}. The innermost block that needs to be closed is '{name}'."
    ))
}
