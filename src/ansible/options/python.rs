//! Values as Python writes and reads them: AnsibleModule's options of type `str` and its messages hold texts of `repr`.

use serde_json::{Map, Number, Value};

/// `str(value)`.
pub(crate) fn str_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => repr(other),
    }
}

/// `repr(value)`.
pub(crate) fn repr(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) => repr_number(number),
        Value::String(text) => repr_str(text),
        Value::Array(items) => format!(
            "[{}]",
            items.iter().map(repr).collect::<Vec<_>>().join(", ")
        ),
        Value::Object(fields) => repr_dict(fields),
    }
}

/// The name of the type in Python: `NoneType`, `str`, `list`.
pub(crate) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(number) if is_float(number) => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    }
}

/// Whether Python reads this JSON number as a float.
pub(crate) fn is_float(number: &Number) -> bool {
    number.to_string().contains(['.', 'e', 'E'])
}

/// The whole number that a text stands for, in decimal digits: what `int(Decimal(text))` accepts.
///
/// `" 1 "`, `"1_000"`, `"0644"`, `"1.0"` and `"1e3"` are whole; `"1.5"`, `"0x10"` and `"inf"` are not.
pub(crate) fn whole_number(text: &str) -> Option<i64> {
    let text = text.trim().replace('_', "");
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    let number: f64 = text.parse().ok()?;
    // Above this a float may stand for another number than the one that is written.
    let is_exact = number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the number is whole and small"
    )]
    is_exact.then_some(number as i64)
}

/// The finite number that a text stands for: what `float(text)` accepts, except for infinities and NaN.
pub(crate) fn finite_float(text: &str) -> Option<f64> {
    let text = text.trim();
    let between_digits = |at: usize| {
        let bytes = text.as_bytes();
        at > 0
            && bytes[at - 1].is_ascii_digit()
            && bytes.get(at + 1).is_some_and(u8::is_ascii_digit)
    };
    if text.match_indices('_').any(|(at, _)| !between_digits(at)) {
        return None;
    }
    text.replace('_', "")
        .parse::<f64>()
        .ok()
        .filter(|number| number.is_finite())
}

fn repr_number(number: &Number) -> String {
    let text = number.to_string();
    if !is_float(number) {
        return if text == "-0" { "0".to_owned() } else { text };
    }
    text.parse::<f64>().map_or(text, repr_float)
}

/// The shortest digits that read back the same; an exponent from 1e16 upwards and below 1e-4.
fn repr_float(number: f64) -> String {
    if number.is_infinite() {
        return if number > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let scientific = format!("{number:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&exponent) {
        let plain = format!("{number}");
        if plain.contains('.') {
            plain
        } else {
            format!("{plain}.0")
        }
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs())
    }
}

fn repr_dict(fields: &Map<String, Value>) -> String {
    let fields: Vec<String> = fields
        .iter()
        .map(|(key, value)| format!("{}: {}", repr_str(key), repr(value)))
        .collect();
    format!("{{{}}}", fields.join(", "))
}

/// A Python string literal: double quotes only where they save escapes.
pub(crate) fn repr_str(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    let mut literal = String::from(quote);
    for character in text.chars() {
        match character {
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            '\t' => literal.push_str("\\t"),
            '\\' => literal.push_str("\\\\"),
            _ if character == quote => literal.extend(['\\', quote]),
            _ if is_printable(character) => literal.push(character),
            _ => literal.push_str(&match u32::from(character) {
                code @ ..=0xff => format!("\\x{code:02x}"),
                code @ ..=0xffff => format!("\\u{code:04x}"),
                code => format!("\\U{code:08x}"),
            }),
        }
    }
    literal.push(quote);
    literal
}

/// Whether Python prints a character as it is. The standard library has this knowledge only in its debug escapes.
fn is_printable(character: char) -> bool {
    // The letter in front: a combining character at the beginning of a text is always escaped.
    !format!("a{character}")
        .escape_debug()
        .to_string()
        .contains("\\u{")
        && character != '\0'
}
