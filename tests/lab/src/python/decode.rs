//! Python's JSON decoder: its syntax, error messages and positions.

use super::{PyValue, SURROGATES};

pub(super) fn decode(text: &str) -> Result<PyValue, String> {
    let chars: Vec<char> = text.chars().collect();
    let mut parser = JsonParser {
        chars: &chars,
        at: 0,
    };
    parser.blanks();
    let value = parser.value()?;
    parser.blanks();
    match parser.at == chars.len() {
        true => Ok(value),
        false => Err(parser.message("Extra data", parser.at)),
    }
}

struct JsonParser<'a> {
    chars: &'a [char],
    at: usize,
}

impl JsonParser<'_> {
    fn message(&self, what: &str, at: usize) -> String {
        let before = &self.chars[..at.min(self.chars.len())];
        let line = before.iter().filter(|c| **c == '\n').count() + 1;
        let column = at
            - before
                .iter()
                .rposition(|c| *c == '\n')
                .map_or(0, |newline| newline + 1)
            + 1;
        format!("{what}: line {line} column {column} (char {at})")
    }

    fn fail<T>(&self, what: &str, at: usize) -> Result<T, String> {
        Err(self.message(what, at))
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn take(&mut self, c: char) -> bool {
        let found = self.peek() == Some(c);
        self.at += usize::from(found);
        found
    }

    fn word(&mut self, word: &str) -> bool {
        let end = self.at + word.len();
        let found = self
            .chars
            .get(self.at..end)
            .is_some_and(|chars| chars.iter().copied().eq(word.chars()));
        if found {
            self.at = end;
        }
        found
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t' | '\n' | '\r')) {
            self.at += 1;
        }
    }

    fn value(&mut self) -> Result<PyValue, String> {
        let start = self.at;
        match self.peek() {
            Some('"') => self.string().map(PyValue::Str),
            Some('{') => self.dict(),
            Some('[') => self.list(),
            Some('n') if self.word("null") => Ok(PyValue::None),
            Some('t') if self.word("true") => Ok(PyValue::Bool(true)),
            Some('f') if self.word("false") => Ok(PyValue::Bool(false)),
            Some('N') if self.word("NaN") => Ok(PyValue::Float(f64::NAN)),
            Some('I') if self.word("Infinity") => Ok(PyValue::Float(f64::INFINITY)),
            Some('-') if self.word("-Infinity") => Ok(PyValue::Float(f64::NEG_INFINITY)),
            _ => self
                .number()
                .map_or_else(|| self.fail("Expecting value", start), Ok),
        }
    }

    fn digits(&mut self) -> bool {
        let start = self.at;
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.at += 1;
        }
        self.at > start
    }

    fn number(&mut self) -> Option<PyValue> {
        let start = self.at;
        self.take('-');
        if !self.take('0') && !self.digits() {
            return None;
        }
        let mut end = self.at;
        let mut whole = true;
        if self.take('.') && self.digits() {
            (end, whole) = (self.at, false);
        }
        self.at = end;
        if self.take('e') || self.take('E') {
            let _ = self.take('+') || self.take('-');
            if self.digits() {
                (end, whole) = (self.at, false);
            }
        }
        self.at = end;
        let text: String = self.chars[start..end].iter().collect();
        Some(match whole {
            true => PyValue::Int(text.parse().unwrap_or(i128::MAX)),
            false => PyValue::Float(text.parse().unwrap_or(f64::NAN)),
        })
    }

    fn list(&mut self) -> Result<PyValue, String> {
        self.at += 1;
        self.blanks();
        let mut items = Vec::new();
        if self.take(']') {
            return Ok(PyValue::List(items));
        }
        loop {
            self.blanks();
            items.push(self.value()?);
            self.blanks();
            if self.take(']') {
                return Ok(PyValue::List(items));
            }
            if !self.take(',') {
                return self.fail("Expecting ',' delimiter", self.at);
            }
        }
    }

    fn dict(&mut self) -> Result<PyValue, String> {
        self.at += 1;
        self.blanks();
        let mut items: Vec<(String, PyValue)> = Vec::new();
        if self.take('}') {
            return Ok(PyValue::Dict(items));
        }
        loop {
            self.blanks();
            if self.peek() != Some('"') {
                return self.fail("Expecting property name enclosed in double quotes", self.at);
            }
            let key = self.string()?;
            self.blanks();
            if !self.take(':') {
                return self.fail("Expecting ':' delimiter", self.at);
            }
            self.blanks();
            let value = self.value()?;
            match items.iter_mut().find(|(known, _)| *known == key) {
                Some(item) => item.1 = value,
                None => items.push((key, value)),
            }
            self.blanks();
            if self.take('}') {
                return Ok(PyValue::Dict(items));
            }
            if !self.take(',') {
                return self.fail("Expecting ',' delimiter", self.at);
            }
        }
    }

    fn string(&mut self) -> Result<String, String> {
        let start = self.at;
        self.at += 1;
        let mut text = String::new();
        loop {
            match self.peek() {
                None => return self.fail("Unterminated string starting at", start),
                Some('"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some('\\') => text.push(self.escape(start)?),
                Some(c) if (c as u32) < 0x20 => {
                    return self.fail("Invalid control character at", self.at);
                }
                Some(c) => {
                    text.push(c);
                    self.at += 1;
                }
            }
        }
    }

    fn escape(&mut self, start: usize) -> Result<char, String> {
        let backslash = self.at;
        self.at += 2;
        Ok(match self.chars.get(backslash + 1) {
            None => return self.fail("Unterminated string starting at", start),
            Some('n') => '\n',
            Some('t') => '\t',
            Some('r') => '\r',
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some(c @ ('"' | '\\' | '/')) => *c,
            Some('u') => self.unicode_escape()?,
            Some(_) => return self.fail("Invalid \\escape", backslash),
        })
    }

    fn unicode_escape(&mut self) -> Result<char, String> {
        let high = self.hex4()?;
        if (0xd800..0xdc00).contains(&high)
            && self.chars.get(self.at..self.at + 2) == Some(&['\\', 'u'])
        {
            let back = self.at;
            self.at += 2;
            let low = self.hex4()?;
            if (0xdc00..0xe000).contains(&low) {
                let code = 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = back;
        }
        let code = if (0xd800..0xe000).contains(&high) {
            SURROGATES + high
        } else {
            high
        };
        Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex4(&mut self) -> Result<u32, String> {
        let digits: Option<String> = self
            .chars
            .get(self.at..self.at + 4)
            .map(|chars| chars.iter().collect());
        let code = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        match code.and_then(|digits| u32::from_str_radix(&digits, 16).ok()) {
            Some(code) => {
                self.at += 4;
                Ok(code)
            }
            None => self.fail("Invalid \\uXXXX escape", self.at - 1),
        }
    }
}
