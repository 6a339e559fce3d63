//! Numbers and booleans that are given for texts: YAML makes 18.1 of `18.10`, true of `on`, and 461 of `0715`.

use serde_json::Value;

use crate::ansible::options::python;

/// What was a number or a boolean before it became text.
#[derive(Clone, Debug, Default)]
pub(crate) struct YamlValues {
    /// The texts that were made of them: no name that resembles one is likely to be meant.
    pub(crate) texts: Vec<String>,
    /// A sentence for each.
    pub(crate) warnings: Vec<String>,
}

impl YamlValues {
    /// Notes what an option was given, and what was made of it. A choice whose word was recognized is no text that YAML
    /// made.
    pub(crate) fn note(&mut self, name: &str, given: &Value, coerced: &Value) {
        if let (Value::Array(given), Value::Array(coerced)) = (given, coerced) {
            for (index, (given, coerced)) in given.iter().zip(coerced).enumerate() {
                self.note(&format!("{name}[{index}]"), given, coerced);
            }
            return;
        }
        let text = python::str_of(given);
        let what = match given {
            Value::Bool(_) => "a boolean".to_owned(),
            Value::Number(_) => format!("the number {text}"),
            _ => return,
        };
        if coerced.as_str() != Some(&text) {
            return;
        }
        self.warnings.push(format!(
            "The option '{name}' was given as {what} and is taken as the text '{text}'. In YAML, quotes keep what is \
             written, such as '18.10', 'on' and '0715'."
        ));
        self.texts.push(text);
    }
}
