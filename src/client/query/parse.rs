//! Reads a filter that a user typed.

use std::fmt::Display;

use crate::client::query::types::{self, Comparison, Operand, Symbol};
use crate::client::query::{Query, QueryNode};
use crate::client::{Error, ErrorKind, Result};

/// The longest filter, in characters. Percent-encoded it must fit into the head of a request.
const LONGEST: usize = 4096;
/// The deepest nesting.
const DEEPEST: usize = 32;

/// Reads one expression and nothing behind it.
pub(crate) fn query(text: &str) -> Result<QueryNode> {
    let mut parser = QueryParser {
        text: text.chars().collect(),
        at: 0,
    };
    if parser.text.len() > LONGEST {
        return fail(LONGEST, format!("it is longer than {LONGEST} characters"));
    }
    let node = match parser.lexeme()? {
        None => return fail(0, "it is empty"),
        Some((_, Lexeme::Word(word))) if word == "t" || word == "nil" => QueryNode::All,
        Some((start, lexeme)) => parser.expression(start, lexeme, 0)?,
    };
    match parser.lexeme()? {
        None => Ok(node),
        Some((start, Lexeme::Close)) => fail(start, "there is no opening parenthesis for this one"),
        Some((start, _)) => fail(
            start,
            "the expression ends before this; join two with (and ...) or (or ...)",
        ),
    }
}

/// The error of a filter whose character at this index is not valid.
pub(super) fn error(at: usize, reason: impl Display) -> Error {
    let reason = format!("the filter is not valid at character {}: {reason}", at + 1);
    Error::new(ErrorKind::InvalidQuery, reason)
}

fn fail<T>(at: usize, reason: impl Display) -> Result<T> {
    Err(error(at, reason))
}

struct QueryParser {
    text: Vec<char>,
    at: usize,
}

enum Lexeme {
    Open,
    Close,
    Text(String),
    Word(String),
}

impl QueryParser {
    /// The expression that begins with `lexeme`.
    fn expression(&mut self, start: usize, lexeme: Lexeme, depth: usize) -> Result<QueryNode> {
        match lexeme {
            Lexeme::Open if depth >= DEEPEST => {
                fail(start, format!("it is nested deeper than {DEEPEST} levels"))
            }
            Lexeme::Open => self.list(start, depth),
            Lexeme::Close => fail(start, "there is no opening parenthesis for this one"),
            Lexeme::Word(word) if word == "t" => Ok(QueryNode::All),
            Lexeme::Text(_) => fail(
                start,
                "a text alone selects nothing; compare it, such as (= name \"...\")",
            ),
            Lexeme::Word(word) => fail(
                start,
                format!("`{word}` alone selects nothing; compare it, such as (= name \"...\")"),
            ),
        }
    }

    /// What is behind an opening parenthesis.
    fn list(&mut self, start: usize, depth: usize) -> Result<QueryNode> {
        let (at, word) = match self.next_in_list(start)? {
            (at, Lexeme::Word(word)) => (at, word),
            (at, Lexeme::Close) => return fail(at, "the parentheses are empty"),
            (at, _) => {
                return fail(at, "an operator must come first, such as =, =~ or and");
            }
        };
        match word.as_str() {
            "and" => self.queries(start, depth).map(QueryNode::And),
            "or" => self.queries(start, depth).map(QueryNode::Or),
            "=~" => self.like(start, at),
            word => match Comparison::parse(word) {
                Some(comparison) => self.comparison(start, at, comparison),
                None => fail(
                    at,
                    format!("`{word}` is not an operator; they are = != < <= > >= =~ and or"),
                ),
            },
        }
    }

    fn queries(&mut self, start: usize, depth: usize) -> Result<Vec<Query>> {
        let mut queries = Vec::new();
        loop {
            match self.next_in_list(start)? {
                (_, Lexeme::Close) => return Ok(queries),
                (at, lexeme) => queries.push(Query(self.expression(at, lexeme, depth + 1)?)),
            }
        }
    }

    fn comparison(&mut self, start: usize, at: usize, comparison: Comparison) -> Result<QueryNode> {
        let [left, right] = self.two_operands(start, at)?;
        let (left, right) =
            types::compare(comparison, left, right).map_err(|reason| error(at, reason))?;
        Ok(QueryNode::Compare(comparison, left, right))
    }

    fn like(&mut self, start: usize, at: usize) -> Result<QueryNode> {
        match self.two_operands(start, at)? {
            [Operand::Symbol(symbol), Operand::Text(pattern)] if !symbol.is_count() => {
                Ok(QueryNode::Like(symbol, pattern))
            }
            _ => fail(
                at,
                "=~ compares name, arch or bmc_type with a text in double quotes, in this order",
            ),
        }
    }

    fn two_operands(&mut self, start: usize, at: usize) -> Result<[Operand; 2]> {
        let mut operands = Vec::new();
        loop {
            match self.next_in_list(start)? {
                (_, Lexeme::Close) => break,
                (_, Lexeme::Open) => {
                    return fail(
                        at,
                        "a comparison compares a symbol with a value, not expressions",
                    );
                }
                (_, Lexeme::Text(text)) => operands.push(Operand::Text(text)),
                (at, Lexeme::Word(word)) => operands.push(operand(at, &word)?),
            }
        }
        <[Operand; 2]>::try_from(operands).or_else(|operands| {
            let count = operands.len();
            fail(at, format!("a comparison needs two operands, not {count}"))
        })
    }

    /// The next lexeme of a list that began at `start`.
    fn next_in_list(&mut self, start: usize) -> Result<(usize, Lexeme)> {
        self.lexeme()?
            .ok_or_else(|| error(start, "this parenthesis is not closed"))
    }

    /// The next lexeme and where it starts; `None` at the end.
    fn lexeme(&mut self) -> Result<Option<(usize, Lexeme)>> {
        self.skip_blanks();
        let start = self.at;
        let Some(first) = self.next() else {
            return Ok(None);
        };
        let lexeme = match first {
            '(' => Lexeme::Open,
            ')' => Lexeme::Close,
            '"' => Lexeme::Text(self.rest_of_text(start)?),
            '[' | ']' | '{' | '}' | '\'' | '`' | ',' => {
                return fail(
                    start,
                    format!("{first} has no meaning here; texts are in double quotes"),
                );
            }
            _ => {
                while self
                    .text
                    .get(self.at)
                    .is_some_and(|&c| !c.is_whitespace() && !"()\";[]{}'`,".contains(c))
                {
                    self.at += 1;
                }
                Lexeme::Word(self.text[start..self.at].iter().collect())
            }
        };
        Ok(Some((start, lexeme)))
    }

    /// A text behind its opening quote, with the server's escapes.
    fn rest_of_text(&mut self, start: usize) -> Result<String> {
        let mut text = String::new();
        loop {
            match self.next_in_text(start)? {
                '"' => return Ok(text),
                '\\' => match self.next_in_text(start)? {
                    escaped @ ('\\' | '"') => text.push(escaped),
                    'n' => text.push('\n'),
                    't' => text.push('\t'),
                    'r' => text.push('\r'),
                    'b' => text.push('\u{8}'),
                    'f' => text.push('\u{c}'),
                    other => text.extend(['\\', other]),
                },
                character => text.push(character),
            }
        }
    }

    fn next_in_text(&mut self, start: usize) -> Result<char> {
        match self.next() {
            None => fail(start, "this quote is not closed"),
            Some('\0') => fail(self.at - 1, "a text cannot contain a NUL character"),
            Some(character) => Ok(character),
        }
    }

    /// Blanks, and comments from a semicolon to the end of the line.
    fn skip_blanks(&mut self) {
        while let Some(&character) = self.text.get(self.at) {
            if character == ';' {
                while self.text.get(self.at).is_some_and(|&c| c != '\n') {
                    self.at += 1;
                }
            } else if character.is_whitespace() {
                self.at += 1;
            } else {
                return;
            }
        }
    }

    fn next(&mut self) -> Option<char> {
        let character = self.text.get(self.at).copied();
        self.at += usize::from(character.is_some());
        character
    }
}

fn operand(at: usize, word: &str) -> Result<Operand> {
    if word == "nil" {
        return Ok(Operand::Nil);
    }
    if let Some(symbol) = Symbol::parse(word) {
        return Ok(Operand::Symbol(symbol));
    }
    if let Ok(number) = word.parse() {
        return Ok(Operand::Integer(number));
    }
    let symbols = "name, arch, bmc_type, assignee_count, interface_count and nil";
    fail(
        at,
        format!("`{word}` is no symbol; they are {symbols}, and texts are in double quotes"),
    )
}
