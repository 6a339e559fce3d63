//! Which values of its type an option takes: its choices and its minimum.

use serde_json::Value;

use crate::ansible::options::option::Opt;
use crate::ansible::options::python;

const TRUE_WORDS: [&str; 6] = ["y", "yes", "on", "1", "true", "t"];
const FALSE_WORDS: [&str; 6] = ["n", "no", "off", "0", "false", "f"];

/// Checks a coerced value; turns a choice that YAML took for a boolean back into the word.
pub(crate) fn check(option: &Opt, value: &mut Value) -> Result<(), String> {
    if !option.choices.is_empty() {
        match &mut *value {
            Value::Array(items) => check_each(option, items)?,
            single => check_one(option, single)?,
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

fn check_one(option: &Opt, value: &mut Value) -> Result<(), String> {
    if !is_choice(option, value) {
        if let Some(word) = meant_by_boolean(option, value) {
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

/// YAML reads `state: on` as true. Where only one choice can have been meant, it is taken.
fn meant_by_boolean(option: &Opt, value: &Value) -> Option<&'static str> {
    let words = match value.as_str()? {
        "True" => TRUE_WORDS,
        "False" => FALSE_WORDS,
        _ => return None,
    };
    let mut meant = option
        .choices
        .iter()
        .copied()
        .filter(|choice| words.contains(choice));
    meant.next().filter(|_| meant.next().is_none())
}

fn check_each(option: &Opt, items: &[Value]) -> Result<(), String> {
    let strangers: Vec<String> = items
        .iter()
        .filter(|item| !is_choice(option, item))
        .map(python::str_of)
        .collect();
    if strangers.is_empty() {
        return Ok(());
    }
    let (choices, strangers) = (option.choices.join(", "), strangers.join(", "));
    Err(format!(
        "value of {} must be one or more of: {choices}. Got no match for: {strangers}",
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
