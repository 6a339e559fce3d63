//! The words of a Jinja2 template between its delimiters.

/// A part of a template that the server does not copy.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Tag<'a> {
    pub(super) kind: TagKind,
    pub(super) tokens: Vec<Token<'a>>,
    /// Its first line, from 1.
    pub(super) line: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum TagKind {
    /// `{{ ... }}`
    Print,
    /// `{% ... %}`
    Statement,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Token<'a> {
    Name(&'a str),
    /// A text or a number.
    Literal,
    /// An operator or a bracket.
    Sign(&'a str),
}

/// Why a template has no end or no meaning at a line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct SyntaxProblem {
    pub(crate) line: usize,
    pub(crate) reason: String,
}

const OPENINGS: [&str; 3] = ["{{", "{%", "{#"];
const TWO_LETTER_SIGNS: [&str; 6] = ["//", "**", "==", "!=", "<=", ">="];
const SIGNS: &str = "+-*/%~<>=.:|,;()[]{}";

/// The tags of a template, in their order, without comments and what is between `raw` and `endraw`.
pub(super) fn tags(text: &str) -> Result<Vec<Tag<'_>>, SyntaxProblem> {
    let mut tags = Vec::new();
    let mut at = 0;
    while let Some(start) = next_opening(text, at) {
        let line = line_at(text, start);
        let inside = start + 2;
        if text[start..].starts_with("{#") {
            let end = text[inside..].find("#}");
            let end = end.ok_or_else(|| unfinished_comment(text, start, line))?;
            at = inside + end + 2;
            continue;
        }
        let (kind, closing) = match &text[start..inside] {
            "{{" => (TagKind::Print, "}}"),
            _ => (TagKind::Statement, "%}"),
        };
        let (tokens, end) = tokens(text, inside, closing, line)?;
        at = end;
        if kind == TagKind::Statement && tokens == [Token::Name("raw")] {
            at = end_of_raw(text, end).ok_or_else(|| SyntaxProblem {
                line,
                reason: "'{% raw %}' has no '{% endraw %}'".into(),
            })?;
            continue;
        }
        tags.push(Tag { kind, tokens, line });
    }
    Ok(tags)
}

fn next_opening(text: &str, from: usize) -> Option<usize> {
    let starts = OPENINGS
        .iter()
        .filter_map(|opening| text[from..].find(opening));
    starts.min().map(|start| from + start)
}

fn line_at(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

fn unfinished_comment(text: &str, start: usize, line: usize) -> SyntaxProblem {
    let reason = match text[..start].ends_with('$') {
        true => "'${#' of a shell begins a comment, which has no end",
        false => "'{#' begins a comment, which has no end",
    };
    SyntaxProblem {
        line,
        reason: reason.into(),
    }
}

/// Where the template goes on after `{% endraw %}`, with or without the signs that remove blanks.
fn end_of_raw(text: &str, from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        let start = at + text[at..].find("{%")? + 2;
        let end = start + text[start..].find("%}")?;
        let word = text[start..end].trim_matches(['-', '+']).trim();
        if word == "endraw" {
            return Some(end + 2);
        }
        at = start;
    }
}

/// The tokens up to `closing`, and where the template goes on.
fn tokens<'a>(
    text: &'a str,
    start: usize,
    closing: &str,
    line: usize,
) -> Result<(Vec<Token<'a>>, usize), SyntaxProblem> {
    let mut found = Vec::new();
    let mut at = start + usize::from(text[start..].starts_with(['-', '+']));
    // Braces of a dictionary are no end.
    let mut open_braces = 0_usize;
    loop {
        let rest = &text[at..];
        let line = || line + text[start..at].matches('\n').count();
        let ended = rest.strip_prefix('-').unwrap_or(rest).starts_with(closing);
        if ended && open_braces == 0 {
            let dash = usize::from(rest.starts_with('-'));
            return Ok((found, at + dash + closing.len()));
        }
        let Some(first) = rest.chars().next() else {
            let opening = if closing == "}}" { "{{" } else { "{%" };
            let reason = format!("'{opening}' has no '{closing}'");
            let line = line();
            return Err(SyntaxProblem { line, reason });
        };
        let length = match first {
            blank if blank.is_whitespace() => blank.len_utf8(),
            quote @ ('"' | '\'') => {
                found.push(Token::Literal);
                string_length(rest, quote).ok_or_else(|| SyntaxProblem {
                    line: line(),
                    reason: format!("unexpected {first}"),
                })?
            }
            '0'..='9' => {
                found.push(Token::Literal);
                length_of(rest, |c| c.is_ascii_digit() || c == '_')
            }
            'a'..='z' | 'A'..='Z' | '_' => {
                let length = length_of(rest, |c| c.is_ascii_alphanumeric() || c == '_');
                found.push(Token::Name(&rest[..length]));
                length
            }
            sign if SIGNS.contains(sign) || rest.starts_with("!=") => {
                let is_long = TWO_LETTER_SIGNS.iter().any(|two| rest.starts_with(two));
                let length = if is_long { 2 } else { 1 };
                found.push(Token::Sign(&rest[..length]));
                match sign {
                    '{' => open_braces += 1,
                    '}' => open_braces = open_braces.saturating_sub(1),
                    _ => {}
                }
                length
            }
            other => {
                return Err(SyntaxProblem {
                    line: line(),
                    reason: format!("unexpected '{}'", other.escape_debug()),
                });
            }
        };
        at += length;
    }
}

fn length_of(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

/// The length of a text in quotes, with its quotes; None if it has no end.
fn string_length(text: &str, quote: char) -> Option<usize> {
    let mut letters = text.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => drop(letters.next()),
            letter if letter == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}
