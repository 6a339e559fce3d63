//! Jinja2's words for what is wrong with a template, as far as minijinja sees the same mistake.

use minijinja::Error;

/// The message of a syntax error.
pub(super) fn of(error: &Error, source: &str) -> String {
    let detail = error.detail().unwrap_or_default();
    if let Some(tag) = detail.strip_prefix("unknown statement ") {
        let hint = looking_for(&open_blocks(before(error, source))).map(|hint| format!(" {hint}"));
        return format!(
            "Encountered unknown tag '{tag}'.{}",
            hint.unwrap_or_default()
        );
    }
    match detail {
        "unexpected end of comment" => return "Missing end of comment tag".into(),
        "unexpected end of raw block" => return "Missing end of raw directive".into(),
        _ => {}
    }
    let Some(rest) = detail.strip_prefix("unexpected ") else {
        return detail.to_owned();
    };
    let (found, expected) = rest
        .split_once(", expected ")
        .unwrap_or((rest, "expression"));
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
    match expected {
        "expression" => format!("Expected an expression, got '{found}'"),
        expected => format!("expected token '{}', got '{found}'", token(expected)),
    }
}

fn token(name: &str) -> &str {
    match name {
        "end of block" => "end of statement block",
        "end of variable block" => "end of print statement",
        "identifier" => "name",
        other => other.trim_matches('`'),
    }
}

/// Within a tag its end is missed, outside the end of the innermost block.
fn at_the_end(source: &str, expected: &str) -> String {
    let unclosed = |open: &str, close: &str| source.rfind(open) > source.rfind(close);
    if unclosed("{%", "%}") || unclosed("{{", "}}") {
        return format!(
            "unexpected end of template, expected '{}'.",
            token(expected)
        );
    }
    let hint = looking_for(&open_blocks(source)).unwrap_or_default();
    format!("Unexpected end of template. {hint}")
        .trim_end()
        .to_owned()
}

fn before<'a>(error: &Error, source: &'a str) -> &'a str {
    let end = error
        .range()
        .and_then(|range| source.get(..range.start))
        .map_or(source.len(), str::len);
    // The tag that is wrong does not count among the open ones.
    source[..end].rfind("{%").map_or("", |tag| &source[..tag])
}

/// An open block, and whether its `else` was seen.
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
