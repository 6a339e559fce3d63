//! Numbers and booleans that are given for texts: YAML makes 18.1 of `18.10`, true of `on`, and 461 of `0715`.

use serde_json::Value;

use crate::ansible::options::option::{Disclosure, Opt};
use crate::ansible::options::python;

/// What was a number or a boolean before it became text.
#[derive(Clone, Debug, Default)]
pub(crate) struct YamlValues {
    /// The texts that were made of them: no name that resembles one is likely to be meant.
    pub(crate) texts: Vec<String>,
    /// A sentence for each that is seldom what was written. Whole numbers mostly are.
    pub(crate) warnings: Vec<String>,
}

impl YamlValues {
    /// Notes what an option was given, and what was made of it. A choice whose word was recognized is no text that YAML
    /// made.
    pub(crate) fn note(&mut self, option: &Opt, given: &Value, coerced: &Value) {
        match (given, coerced) {
            (Value::Array(given), Value::Array(coerced)) => {
                for (given, coerced) in given.iter().zip(coerced) {
                    self.note(option, given, coerced);
                }
            }
            (Value::Number(_) | Value::Bool(_), Value::String(text))
                if *text == python::str_of(given) =>
            {
                self.texts.push(text.clone());
                if option.disclosure == Disclosure::Shown {
                    self.warnings.extend(warning(option.name, given, text));
                }
            }
            _ => {}
        }
    }
}

fn warning(name: &str, given: &Value, text: &str) -> Option<String> {
    let what = match given {
        Value::Bool(_) => "a boolean".to_owned(),
        Value::Number(number) if python::is_float(number) => format!("the number {text}"),
        _ => return None,
    };
    Some(format!(
        "The option '{name}' was given as {what}, of which the text '{text}' is made. In YAML, quotes keep what is written, such \
         as '18.10' or 'on'."
    ))
}
