//! Jinja2 2.8, the server's version: removes later features from minijinja and replaces filters that differ.

use minijinja::value::{Kwargs, Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind};

use super::template_values::is_none;
use crate::python::{parse_float, parse_int};

const LATER_FILTERS: [&str; 10] = [
    "bool", "chain", "items", "lines", "max", "min", "split", "tojson", "unique", "zip",
];

const LATER_TESTS: [&str; 27] = [
    "boolean",
    "integer",
    "int",
    "float",
    "eq",
    "==",
    "ne",
    "!=",
    "lt",
    "lessthan",
    "<",
    "le",
    "<=",
    "gt",
    "greaterthan",
    ">",
    "ge",
    ">=",
    "in",
    "true",
    "false",
    "filter",
    "test",
    "startingwith",
    "endingwith",
    "containing",
    "safe",
];

/// Tags that Jinja2 2.8 has only as extensions.
pub(super) const LATER_TAGS: [&str; 5] = ["autoescape", "break", "continue", "do", "with"];

pub(super) fn prepare(environment: &mut Environment<'_>) {
    LATER_FILTERS
        .iter()
        .for_each(|name| environment.remove_filter(name));
    LATER_TESTS
        .iter()
        .for_each(|name| environment.remove_test(name));
    ["debug", "namespace"]
        .iter()
        .for_each(|name| environment.remove_global(name));
    environment.add_test("none", |value: &Value| is_none(value));
    environment.add_filter("int", int);
    environment.add_filter("float", float);
    for name in ["e", "escape", "forceescape"] {
        environment.add_filter(name, escape);
    }
    environment.add_filter("center", center);
    environment.add_filter("urlencode", urlencode);
    environment.add_filter("striptags", minijinja_contrib::filters::striptags);
}

fn defined(value: &Value) -> Result<(), Error> {
    match value.is_undefined() {
        true => Err(Error::from(ErrorKind::UndefinedError)),
        false => Ok(()),
    }
}

/// Converts a value to a number like Python's `float()`.
fn number(value: &Value) -> Option<f64> {
    match value.as_str() {
        Some(text) => parse_float(text),
        None if value.kind() == ValueKind::Bool => Some(f64::from(u8::from(value.is_true()))),
        None => f64::try_from(value.clone()).ok(),
    }
}

fn int(value: &Value, default: Option<Value>, _: Kwargs) -> Result<Value, Error> {
    defined(value)?;
    let whole = match value.as_str() {
        Some(text) => parse_int(text),
        None => i128::try_from(value.clone()).ok(),
    };
    let whole = whole.or_else(|| {
        number(value)
            .filter(|number| number.is_finite())
            .map(|number| number.trunc() as i128)
    });
    Ok(whole.map_or_else(|| default.unwrap_or(Value::from(0)), Value::from))
}

fn float(value: &Value, default: Option<Value>) -> Result<Value, Error> {
    defined(value)?;
    Ok(number(value).map_or_else(|| default.unwrap_or(Value::from(0.0)), Value::from))
}

fn escape(value: &Value) -> Value {
    let text = value.to_string();
    let escaped = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('\'', "&#39;")
        .replace('"', "&#34;");
    Value::from_safe_string(escaped)
}

/// Python's `str.center()`: with an odd number of blanks, an odd width has the extra blank on the left.
fn center(value: &Value, width: Option<usize>) -> String {
    let text = value.to_string();
    let width = width.unwrap_or(80);
    let blanks = width.saturating_sub(text.chars().count());
    let left = blanks / 2 + (blanks & width & 1);
    format!("{}{text}{}", " ".repeat(left), " ".repeat(blanks - left))
}

fn urlencode(value: &Value) -> String {
    let mut out = String::new();
    for byte in value.to_string().bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.' | b'-' | b'/' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
