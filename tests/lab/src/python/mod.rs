//! JSON values as Python represents them.
//!
//! The server's error messages contain values in Python's syntax (`None`, `{'state': 'on'}`), keep the order of keys, and give
//! the position of a syntax error like Python's decoder.

mod decode;

/// Lone surrogates (`"\ud800"`), which are valid in Python's strings but not in Rust's, are mapped to plane 16.
const SURROGATES: u32 = 0x10_0000;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum PyValue {
    None,
    Bool(bool),
    Int(i128),
    Float(f64),
    Str(String),
    List(Vec<PyValue>),
    Dict(Vec<(String, PyValue)>),
}

impl PyValue {
    /// Reads a request body, with or without a byte order mark.
    pub(crate) fn from_body(text: &str) -> Option<PyValue> {
        PyValue::parse(text.strip_prefix('\u{feff}').unwrap_or(text)).ok()
    }

    /// Reads a JSON text; the error is the message of Python's `JSONDecodeError`.
    pub(crate) fn parse(text: &str) -> Result<PyValue, String> {
        decode::decode(text)
    }

    /// The type's name in Python.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            PyValue::None => "NoneType",
            PyValue::Bool(_) => "bool",
            PyValue::Int(_) => "int",
            PyValue::Float(_) => "float",
            PyValue::Str(_) => "str",
            PyValue::List(_) => "list",
            PyValue::Dict(_) => "dict",
        }
    }

    /// Python's `repr()`.
    pub(crate) fn repr(&self) -> String {
        match self {
            PyValue::None => "None".into(),
            PyValue::Bool(true) => "True".into(),
            PyValue::Bool(false) => "False".into(),
            PyValue::Int(number) => number.to_string(),
            PyValue::Float(number) => repr_float(*number),
            PyValue::Str(text) => repr(text),
            PyValue::List(items) => {
                let items: Vec<_> = items.iter().map(PyValue::repr).collect();
                format!("[{}]", items.join(", "))
            }
            PyValue::Dict(items) => {
                let items: Vec<_> = items
                    .iter()
                    .map(|(key, value)| format!("{}: {}", repr(key), value.repr()))
                    .collect();
                format!("{{{}}}", items.join(", "))
            }
        }
    }

    /// Python's `int()`. The error is the `repr()` of the exception in Python 3.6.
    pub(crate) fn to_int(&self) -> Result<i128, String> {
        match self {
            PyValue::Bool(flag) => Ok(i128::from(*flag)),
            PyValue::Int(number) => Ok(*number),
            PyValue::Float(number) if number.is_nan() => {
                Err("ValueError('cannot convert float NaN to integer',)".into())
            }
            PyValue::Float(number) if number.is_infinite() => {
                Err("OverflowError('cannot convert float infinity to integer',)".into())
            }
            PyValue::Float(number) => Ok(number.trunc() as i128),
            PyValue::Str(text) => {
                parse_int(text).ok_or_else(|| format!("ValueError({},)", repr(&not_an_int(text))))
            }
            other => Err(format!(
                "TypeError({},)",
                repr(&format!(
                    "int() argument must be a string, a bytes-like object or a number, not '{}'",
                    other.kind()
                ))
            )),
        }
    }
}

/// The message of the `ValueError` that `int()` raises for a text.
pub(crate) fn not_an_int(text: &str) -> String {
    format!("invalid literal for int() with base 10: {}", repr(text))
}

/// Python's `int(text)`: accepts surrounding blanks, a sign, and single underscores between digits.
pub(crate) fn parse_int(text: &str) -> Option<i128> {
    let text = text.trim();
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let plain = digits.replace('_', "");
    let tidy = !digits.starts_with('_') && !digits.ends_with('_') && !digits.contains("__");
    if plain.is_empty() || !tidy || !plain.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number = plain.parse().unwrap_or(i128::MAX);
    Some(if text.starts_with('-') {
        -number
    } else {
        number
    })
}

/// Python's `float(text)`.
pub(crate) fn parse_float(text: &str) -> Option<f64> {
    let text = text.trim();
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let between_digits = |at: usize| {
        let digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
        digit(unsigned.as_bytes().get(at + 1)) && digit(unsigned.as_bytes()[..at].last())
    };
    if !unsigned
        .match_indices('_')
        .all(|(at, _)| between_digits(at))
    {
        return None;
    }
    // The rest is the same in Rust: `nan`, `inf` and `infinity` in any letter case, `.5`, `5.` and `1e5`.
    text.replace('_', "").parse().ok()
}

/// Python's `repr()` of a string: in single quotes, unless only they need escapes.
pub(crate) fn repr(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => out.extend(['\\', c]),
            c if lone_surrogate(c).is_none() && is_printable(c) => out.push(c),
            c => match lone_surrogate(c).unwrap_or(c as u32) {
                code @ ..=0xff => out.push_str(&format!("\\x{code:02x}")),
                code @ ..=0xffff => out.push_str(&format!("\\u{code:04x}")),
                code => out.push_str(&format!("\\U{code:08x}")),
            },
        }
    }
    out.push(quote);
    out
}

/// Python's `str.isprintable()`, except that unassigned characters count as printable.
fn is_printable(c: char) -> bool {
    !matches!(u32::from(c),
        ..0x20 | 0x7f..=0xa0 | 0xad | 0x600..=0x605 | 0x61c | 0x6dd | 0x70f | 0x1680 | 0x180e | 0x2000..=0x200f
        | 0x2028..=0x202f | 0x205f..=0x206f | 0x3000 | 0xe000..=0xf8ff | 0xfeff | 0xfff0..=0xfffb | 0xfffe..=0xffff
        | 0xe0000..)
}

fn repr_float(number: f64) -> String {
    if number.is_nan() {
        return "nan".into();
    }
    if number.is_infinite() {
        return if number > 0.0 {
            "inf".into()
        } else {
            "-inf".into()
        };
    }
    let text = format!("{number:?}");
    match text.split_once('e') {
        None => text,
        Some((digits, exponent)) => {
            let (sign, exponent) = exponent
                .strip_prefix('-')
                .map_or(('+', exponent), |exponent| ('-', exponent));
            format!("{digits}e{sign}{exponent:0>2}")
        }
    }
}

/// The surrogate that a character of a parsed string stands for, if any.
pub(crate) fn lone_surrogate(c: char) -> Option<u32> {
    (c as u32)
        .checked_sub(SURROGATES)
        .filter(|code| (0xd800..0xe000).contains(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_formatted_like_python_repr() {
        let value =
            PyValue::parse(r#"{"b": [1, -2.5, 1e20, null], "a": "it's \u00e9\n", "q": "\"'"}"#)
                .unwrap();
        assert_eq!(
            value.repr(),
            r#"{'b': [1, -2.5, 1e+20, None], 'a': "it's é\n", 'q': '"\''}"#
        );
    }

    #[test]
    fn unprintable_characters_are_escaped() {
        assert_eq!(
            repr("a\u{a0}\u{ad}\u{200b}\u{3000}\u{feff}é日😀"),
            r"'a\xa0\xad\u200b\u3000\ufeffé日😀'"
        );
        assert_eq!(repr("\u{f0000}\u{1}\u{7f}"), r"'\U000f0000\x01\x7f'");
    }

    #[test]
    fn syntax_errors_have_python_messages_and_positions() {
        let message = |text| PyValue::parse(text).unwrap_err();
        assert_eq!(message(""), "Expecting value: line 1 column 1 (char 0)");
        assert_eq!(
            message("{\"type\": "),
            "Expecting value: line 1 column 10 (char 9)"
        );
        assert_eq!(
            message("{type: 1}"),
            "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"
        );
        assert_eq!(
            message("{\n\"a\" 1}"),
            "Expecting ':' delimiter: line 2 column 5 (char 6)"
        );
        assert_eq!(
            message("[1 2]"),
            "Expecting ',' delimiter: line 1 column 4 (char 3)"
        );
        assert_eq!(message("{} x"), "Extra data: line 1 column 4 (char 3)");
        assert_eq!(
            message("\"a"),
            "Unterminated string starting at: line 1 column 1 (char 0)"
        );
    }

    #[test]
    fn lone_surrogates_and_duplicate_keys_are_kept_like_in_python() {
        let value = PyValue::parse(r#"{"a": "\ud800", "a": "\ud83d\ude00"}"#).unwrap();
        assert_eq!(
            value,
            PyValue::Dict(vec![("a".into(), PyValue::Str("😀".into()))])
        );
        assert_eq!(PyValue::parse(r#""\ud800""#).unwrap().repr(), r"'\ud800'");
    }
}
