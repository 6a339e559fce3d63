//! Checks a value against the choices and the minimum of its option.

use serde_json::Value;

use crate::ansible::options::coerce::{FALSE_WORDS, TRUE_WORDS};
use crate::ansible::options::option::Opt;
use crate::ansible::options::python;

/// Checks a coerced value; turns a choice that YAML took for a boolean back into the word.
pub(crate) fn check(option: &Opt, value: &mut Value) -> Result<(), String> {
    if !option.choices.is_empty() {
        match &mut *value {
            Value::Array(items) => check_each(option, items)?,
            single => check_single(option, single)?,
        }
    }
    match (option.minimum, &*value) {
        (Some(minimum), Value::Array(items)) => items
            .iter()
            .try_for_each(|item| check_minimum(option, minimum, item)),
        (Some(minimum), single) => check_minimum(option, minimum, single),
        (None, _) => Ok(()),
    }
}

fn is_choice(option: &Opt, value: &Value) -> bool {
    option.choices.contains(&python::str_of(value).as_str())
}

fn check_single(option: &Opt, value: &mut Value) -> Result<(), String> {
    if !is_choice(option, value) {
        if let Some(word) = choice_for_boolean(option, value) {
            *value = word.into();
        } else {
            let (choices, got) = (option.choices.join(", "), python::str_of(value));
            return Err(format!(
                "value of {} must be one of: {choices}, got: {got}",
                option.name
            ));
        }
    }
    Ok(())
}

/// YAML reads `state: on` as true. Where exactly one choice is a word for that boolean, it is taken.
fn choice_for_boolean(option: &Opt, value: &Value) -> Option<&'static str> {
    let words = match value.as_str()? {
        "True" => TRUE_WORDS,
        "False" => FALSE_WORDS,
        _ => return None,
    };
    let mut matching = option
        .choices
        .iter()
        .copied()
        .filter(|choice| words.contains(choice));
    matching.next().filter(|_| matching.next().is_none())
}

fn check_each(option: &Opt, items: &[Value]) -> Result<(), String> {
    let unknown: Vec<String> = items
        .iter()
        .filter(|item| !is_choice(option, item))
        .map(python::str_of)
        .collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let (choices, unknown) = (option.choices.join(", "), unknown.join(", "));
    Err(format!(
        "value of {} must be one or more of: {choices}. Got no match for: {unknown}",
        option.name
    ))
}

fn check_minimum(option: &Opt, minimum: i64, value: &Value) -> Result<(), String> {
    #[expect(clippy::cast_precision_loss, reason = "minimums are small")]
    if value.as_f64().is_some_and(|number| number < minimum as f64) {
        return Err(format!(
            "value of {} must be at least {minimum}, got: {}",
            option.name,
            python::str_of(value)
        ));
    }
    Ok(())
}
