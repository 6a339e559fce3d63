//! Reading Python literals: what a dictionary looks like that Jinja turned into text.
//!
//! Strings, numbers, `True`, `False`, `None`, lists, tuples and dictionaries, as JSON values. The
//! rarer notations (sets, bytes, complex and hexadecimal numbers) are not taken for anything.

use std::iter::Peekable;
use std::str::Chars;

use serde_json::{Map, Number, Value};

use crate::ansible::options::python;

/// Deeper than anyone writes by hand, and shallow enough for the stack.
const MAX_DEPTH: usize = 64;

/// The value that a text is the literal of.
pub(crate) fn parse(text: &str) -> Option<Value> {
    let mut reader = Reader {
        rest: text.chars().peekable(),
        depth: 0,
    };
    let value = reader.value()?;
    reader.skip_space();
    reader.rest.next().is_none().then_some(value)
}

struct Reader<'a> {
    rest: Peekable<Chars<'a>>,
    depth: usize,
}

impl Reader<'_> {
    fn value(&mut self) -> Option<Value> {
        self.skip_space();
        match *self.rest.peek()? {
            '{' => self.dict(),
            '[' => self.sequence('[', ']').map(|(items, _)| items.into()),
            '(' => self.tuple(),
            '\'' | '"' => self.string().map(Value::from),
            _ => self.word(),
        }
    }

    fn dict(&mut self) -> Option<Value> {
        let mut fields = Map::new();
        self.enter('{')?;
        while !self.take('}') {
            let key = python::str_of(&self.value()?);
            self.take(':').then_some(())?;
            fields.insert(key, self.value()?);
            self.take_comma_unless('}')?;
        }
        self.depth -= 1;
        Some(fields.into())
    }

    /// The items between brackets, and whether a comma came last.
    fn sequence(&mut self, open: char, close: char) -> Option<(Vec<Value>, bool)> {
        let mut items = Vec::new();
        let mut comma = false;
        self.enter(open)?;
        while !self.take(close) {
            items.push(self.value()?);
            comma = self.take_comma_unless(close)?;
        }
        self.depth -= 1;
        Some((items, comma))
    }

    /// Brackets around a single value without a comma are only brackets.
    fn tuple(&mut self) -> Option<Value> {
        let (mut items, comma) = self.sequence('(', ')')?;
        if items.len() == 1 && !comma {
            items.pop()
        } else {
            Some(items.into())
        }
    }

    fn string(&mut self) -> Option<String> {
        let quote = self.rest.next()?;
        let mut text = String::new();
        loop {
            match self.rest.next()? {
                '\\' => text.extend(self.escape()?),
                '\n' => return None,
                character if character == quote => return Some(text),
                character => text.push(character),
            }
        }
    }

    fn escape(&mut self) -> Option<Vec<char>> {
        Some(match self.rest.next()? {
            '\n' => vec![],
            'n' => vec!['\n'],
            'r' => vec!['\r'],
            't' => vec!['\t'],
            'x' => vec![self.code_point(2)?],
            'u' => vec![self.code_point(4)?],
            'U' => vec![self.code_point(8)?],
            same @ ('\\' | '\'' | '"') => vec![same],
            other => vec!['\\', other],
        })
    }

    fn code_point(&mut self, digits: usize) -> Option<char> {
        let code: String = self.rest.by_ref().take(digits).collect();
        (code.len() == digits).then(|| char::from_u32(u32::from_str_radix(&code, 16).ok()?))?
    }

    fn word(&mut self) -> Option<Value> {
        let mut word = String::new();
        while let Some(character) = self
            .rest
            .next_if(|c| c.is_ascii_alphanumeric() || "+-._".contains(*c))
        {
            word.push(character);
        }
        match word.as_str() {
            "None" => Some(Value::Null),
            "True" => Some(true.into()),
            "False" => Some(false.into()),
            number if number.contains(['.', 'e', 'E']) => {
                python::finite_float(number).map(Value::from)
            }
            // JSON's rules are right here: 007 is no number in Python either.
            number => number
                .replace('_', "")
                .parse::<Number>()
                .ok()
                .map(Value::from),
        }
    }

    fn enter(&mut self, open: char) -> Option<()> {
        self.depth += 1;
        (self.depth <= MAX_DEPTH && self.take(open)).then_some(())
    }

    fn take(&mut self, wanted: char) -> bool {
        self.skip_space();
        self.rest.next_if_eq(&wanted).is_some()
    }

    /// Whether there was a comma; nothing when there is neither a comma nor the end.
    fn take_comma_unless(&mut self, close: char) -> Option<bool> {
        let comma = self.take(',');
        (comma || self.rest.peek() == Some(&close)).then_some(comma)
    }

    fn skip_space(&mut self) {
        while self
            .rest
            .next_if(|character| character.is_ascii_whitespace())
            .is_some()
        {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_literals() {
        assert_eq!(
            parse(
                "{'a': [1, -2.5, None, True, (1,), (2), ()], \"b\" : {'c': 'it\\'s \\xe4\\q'}, 3: False,}"
            ),
            Some(
                json!({"a": [1, -2.5, null, true, [1], 2, []], "b": {"c": "it's ä\\q"}, "3": false})
            )
        );
        assert_eq!(parse(" [ ] "), Some(json!([])));
    }

    #[test]
    fn refuses_the_rest() {
        for text in [
            "",
            "{",
            "{'a'}",
            "{'a': }",
            "[1 2]",
            "[,]",
            "'a",
            "__import__('os')",
            "{'a': x}",
            "1 2",
            "{}}",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(parse(&"[".repeat(100_000)), None);
    }
}
