//! Checks a value against the choices and the minimum of its option.

use serde_json::Value;

use crate::ansible::options::coerce::{FALSE_WORDS, TRUE_WORDS};
use crate::ansible::options::option::Opt;
use crate::ansible::options::python;

/// Checks a coerced value; turns a choice that YAML took for a boolean back into the word.
pub(crate) fn check(option: &Opt, value: &mut Value) -> Result<(), String> {
    if !option.choices.is_empty() {
        check_choices(option, value)?;
    }
    match value {
        Value::Array(items) => items
            .iter()
            .try_for_each(|item| check_minimum(option, item)),
        single => check_minimum(option, single),
    }
}

fn check_choices(option: &Opt, value: &mut Value) -> Result<(), String> {
    let is_choice = |value: &Value| option.choices.contains(&python::str_of(value).as_str());
    let (name, choices) = (option.name, option.choices.join(", "));
    if let Value::Array(items) = value {
        let unknown = items.iter().filter(|item| !is_choice(item));
        let unknown: Vec<String> = unknown.map(python::str_of).collect();
        return match unknown.is_empty() {
            true => Ok(()),
            false => Err(format!(
                "value of {name} must be one or more of: {choices}. Got no match for: {}",
                unknown.join(", ")
            )),
        };
    }
    if !is_choice(value) {
        let word = choice_for_boolean(option, value).ok_or_else(|| {
            let got = python::str_of(value);
            format!("value of {name} must be one of: {choices}, got: {got}")
        })?;
        *value = word.into();
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
    let choices = option.choices.iter().copied();
    let mut matching = choices.filter(|choice| words.contains(choice));
    matching.next().filter(|_| matching.next().is_none())
}

fn check_minimum(option: &Opt, value: &Value) -> Result<(), String> {
    let Some(minimum) = option.minimum else {
        return Ok(());
    };
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
