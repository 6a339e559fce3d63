//! Coercion of a value to the declared type of its option, as AnsibleModule does it.
//!
//! Jinja and `ansible -a` turn numbers into text, text into numbers and lists into `a,b`. Where releases of ansible-core
//! differ, the newest one is followed. An error is the end of a sentence; [`crate::ansible::options::validate`] writes its
//! beginning.

use serde_json::Value;

use crate::ansible::options::option::Kind;
use crate::ansible::options::{path, python};

/// The words for true and false, compared without case.
pub(crate) const TRUE_WORDS: [&str; 6] = ["y", "yes", "on", "1", "true", "t"];
pub(crate) const FALSE_WORDS: [&str; 6] = ["n", "no", "off", "0", "false", "f"];

/// Coerces a value, and leaves the elements of a list as they are: errors in them are a sentence of their own.
pub(crate) fn coerce(kind: &Kind, value: &Value) -> Result<Value, String> {
    match kind {
        Kind::Str => text(value).map(Value::from),
        Kind::Json if value.is_array() || value.is_object() => Ok(value.to_string().into()),
        Kind::Json => text(value).map(Value::from),
        Kind::Words => words(value).map(Value::from),
        Kind::Bool => boolean(value).map(Value::from),
        Kind::Int => integer(value).map(Value::from),
        Kind::Float => float(value).map(Value::from),
        Kind::Path => Ok(path::expand(&text(value)?).into()),
        Kind::Raw => Ok(value.clone()),
        Kind::List(_) | Kind::Items(_) => list(value).map(Value::from),
    }
}

fn text(value: &Value) -> Result<String, String> {
    match value {
        // Only list elements get here: a null option counts as not given.
        Value::Null => Ok(String::new()),
        // AnsibleModule writes them as Python does, which nobody wants on a server.
        Value::Array(_) | Value::Object(_) => Err(cannot_be_converted(value, "a str")),
        other => Ok(python::str_of(other)),
    }
}

fn words(value: &Value) -> Result<String, String> {
    let Value::Array(items) = value else {
        return text(value);
    };
    let words = items.iter().map(text).collect::<Result<Vec<_>, _>>()?;
    Ok(words.join(" "))
}

/// Coerces to true or false: a boolean, a number 1 or 0, or one of the words.
pub(crate) fn boolean(value: &Value) -> Result<bool, String> {
    let word = match value {
        Value::Bool(value) => return Ok(*value),
        Value::String(text) => text.trim().to_lowercase(),
        Value::Number(number) => match number.as_f64() {
            Some(1.0) => "1".to_owned(),
            Some(0.0) => "0".to_owned(),
            _ => String::new(),
        },
        _ => return Err(cannot_be_converted(value, "a bool")),
    };
    if TRUE_WORDS.contains(&word.as_str()) {
        return Ok(true);
    }
    if FALSE_WORDS.contains(&word.as_str()) {
        return Ok(false);
    }
    Err(format!(
        "The value '{}' is not a valid boolean. Valid booleans include: {}, {}",
        python::str_of(value),
        valid_booleans(TRUE_WORDS, 1),
        valid_booleans(FALSE_WORDS, 0)
    ))
}

/// The words in quotes, and the number, as AnsibleModule lists them.
fn valid_booleans(words: [&str; 6], number: u8) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    format!("{}, {number}", quoted.join(", "))
}

fn integer(value: &Value) -> Result<i64, String> {
    let number = match value {
        // AnsibleModule leaves true as it is; in Python it is equal to 1.
        Value::Bool(value) => Some(i64::from(*value)),
        Value::Number(number) => python::whole_number(&number.to_string()),
        Value::String(text) => python::whole_number(text),
        _ => None,
    };
    number.ok_or_else(|| match value {
        Value::Number(number) if !python::is_float(number) => format!("{number} is out of range"),
        _ => format!("\"{}\" cannot be converted to an int", python::repr(value)),
    })
}

/// A finite number: JSON has no other, and no option means anything with one.
fn float(value: &Value) -> Result<f64, String> {
    let number = match value {
        Value::Bool(value) => Some(f64::from(u8::from(*value))),
        Value::Number(number) => python::finite_float(&number.to_string()),
        Value::String(text) => python::finite_float(text),
        _ => None,
    };
    number.ok_or_else(|| cannot_be_converted(value, "a float"))
}

fn list(value: &Value) -> Result<Vec<Value>, String> {
    match value {
        Value::Array(items) => Ok(items.clone()),
        Value::String(text) => Ok(text.split(',').map(Value::from).collect()),
        Value::Number(_) | Value::Bool(_) => Ok(vec![python::str_of(value).into()]),
        _ => Err(cannot_be_converted(value, "a list")),
    }
}

fn cannot_be_converted(value: &Value, target: &str) -> String {
    format!(
        "<class '{}'> cannot be converted to {target}",
        python::type_name(value)
    )
}
