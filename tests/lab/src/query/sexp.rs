//! The server's parser for S-expressions. An expression that makes it fail is a 500.

use crate::reply::Reply;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Sexp {
    Symbol(String),
    Text(String),
    Int(i128),
    Float(f64),
    List(Vec<Sexp>),
    /// `'x`
    Quoted(Box<Sexp>),
    /// `[...]`
    Bracket(Vec<Sexp>),
}

/// Reads exactly one expression.
pub(crate) fn parse(text: &str) -> Result<Sexp, Reply> {
    let chars: Vec<char> = text.chars().collect();
    let mut parser = SexpParser {
        chars: &chars,
        at: 0,
    };
    let mut expressions = parser.sequence().ok_or_else(Reply::internal_error)?;
    if parser.at < chars.len() {
        return Err(Reply::internal_error());
    }
    match (expressions.pop(), expressions.is_empty()) {
        (Some(expression), true) => Ok(expression),
        _ => Err(Reply::exception(400, "ValueError", "failed to parse query")),
    }
}

struct SexpParser<'a> {
    chars: &'a [char],
    at: usize,
}

/// Characters that need a backslash in a symbol.
const SPECIAL: &str = "\\'`\"()[] .,?;#";

/// A symbol in the server's error messages.
pub(super) fn quote(symbol: &str) -> String {
    let escaped = |c| SPECIAL.contains(c).then_some('\\').into_iter().chain([c]);
    symbol.chars().flat_map(escaped).collect()
}

const BLANKS: [char; 6] = [' ', '\t', '\n', '\r', '\u{b}', '\u{c}'];

impl SexpParser<'_> {
    /// The expressions up to a closing bracket or the end.
    fn sequence(&mut self) -> Option<Vec<Sexp>> {
        let mut found = Vec::new();
        while let Some(c) = self.chars.get(self.at) {
            match c {
                c if BLANKS.contains(c) => self.at += 1,
                ')' | ']' => break,
                '(' => found.push(Sexp::List(self.bracketed(')')?)),
                '[' => found.push(Sexp::Bracket(self.bracketed(']')?)),
                '"' => found.push(Sexp::Text(self.text()?)),
                ';' => self.comment(),
                '\'' => {
                    // The parser reads the rest of the sequence into the quote and keeps only its first expression.
                    self.at += 1;
                    let mut rest = self.sequence()?.into_iter();
                    found.push(Sexp::Quoted(Box::new(rest.next()?)));
                    found.extend(rest);
                }
                _ => found.push(self.atom()?),
            }
        }
        Some(found)
    }

    fn bracketed(&mut self, close: char) -> Option<Vec<Sexp>> {
        self.at += 1;
        let inside = self.sequence()?;
        let closed = self.chars.get(self.at) == Some(&close);
        self.at += 1;
        closed.then_some(inside)
    }

    fn comment(&mut self) {
        let rest = &self.chars[self.at..];
        self.at += rest
            .iter()
            .position(|c| *c == '\n')
            .map_or(rest.len(), |newline| newline + 1);
    }

    /// Decodes a known escape. An unknown one keeps its backslash.
    fn text(&mut self) -> Option<String> {
        let mut text = String::new();
        loop {
            self.at += 1;
            match self.chars.get(self.at)? {
                '"' => break,
                '\\' => {
                    self.at += 1;
                    match self.chars.get(self.at)? {
                        'n' => text.push('\n'),
                        't' => text.push('\t'),
                        'r' => text.push('\r'),
                        'b' => text.push('\u{8}'),
                        'f' => text.push('\u{c}'),
                        c @ ('"' | '\\') => text.push(*c),
                        c => text.extend(['\\', *c]),
                    }
                }
                c => text.push(*c),
            }
        }
        self.at += 1;
        Some(text)
    }

    /// Reads a number or a symbol. A semicolon inside belongs to it.
    fn atom(&mut self) -> Option<Sexp> {
        let mut atom = String::new();
        while let Some(c) = self
            .chars
            .get(self.at)
            .filter(|c| !BLANKS.contains(c) && !"()[]\"'".contains(**c))
        {
            self.at += 1;
            match c {
                '\\' => {
                    let escaped = *self.chars.get(self.at)?;
                    self.at += 1;
                    if !SPECIAL.contains(escaped) {
                        atom.push('\\');
                    }
                    atom.push(escaped);
                }
                c => atom.push(*c),
            }
        }
        let int = crate::python::parse_int(&atom).map(Sexp::Int);
        let float = || crate::python::parse_float(&atom).map(Sexp::Float);
        Some(int.or_else(float).unwrap_or(Sexp::Symbol(atom)))
    }
}
