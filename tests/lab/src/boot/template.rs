//! Preseeds are Jinja2 templates; minijinja renders them, and what it does otherwise than Jinja2 is evened out here.

use std::sync::{Arc, Mutex, PoisonError};

use minijinja::value::{Object, Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind, Output, State};

/// The names that a template may use.
pub(crate) type Facts = Vec<(&'static str, serde_json::Value)>;

#[derive(Debug)]
pub(crate) enum Failure {
    /// What is wrong, and in which line.
    Syntax(String, usize),
    Undefined(String),
    Other,
}

pub(crate) struct Rendered {
    pub(crate) outcome: Result<String, Failure>,
    /// What the server notes about undefined names and syntax errors: a message and a line.
    pub(crate) complaints: Vec<(String, usize)>,
}

/// The functions that every template has.
const GLOBALS: [&str; 4] = ["debug", "dict", "namespace", "range"];

/// The names given, and those looked up in vain.
#[derive(Debug)]
struct Names {
    facts: Facts,
    missing: Mutex<Vec<String>>,
}

impl Names {
    fn missing(&self) -> Vec<String> {
        self.missing
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Object for Names {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let name = key.as_str()?;
        let found = self
            .facts
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| converted(value));
        if found.is_none() && !GLOBALS.contains(&name) {
            self.missing
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(name.to_owned());
        }
        found
    }
}

fn converted(value: &serde_json::Value) -> Value {
    match value {
        serde_json::Value::Null => Value::from(()),
        serde_json::Value::Bool(flag) => Value::from(*flag),
        serde_json::Value::Number(number) => Value::from(number.as_i64().unwrap_or_default()),
        serde_json::Value::String(text) => Value::from(text.as_str()),
        serde_json::Value::Array(items) => items.iter().map(converted).collect(),
        serde_json::Value::Object(items) => Value::from_pairs(
            items
                .iter()
                .map(|(key, value)| (key.as_str(), converted(value))),
        ),
    }
}

pub(crate) fn render(source: &str, facts: Facts) -> Rendered {
    let names = Arc::new(Names {
        facts,
        missing: Mutex::default(),
    });
    let mut environment = Environment::new();
    environment.set_formatter(print);
    let template = environment.template_from_str(source);
    let outcome =
        template.and_then(|template| template.render(Value::from_dyn_object(names.clone())));
    let outcome = outcome.map_err(|error| failure(&error, &names.missing()));
    let complaints = match &outcome {
        Ok(_) => names
            .missing()
            .into_iter()
            .map(|name| (format!("{name} is undefined"), 0))
            .collect(),
        Err(Failure::Syntax(message, line)) => vec![(message.clone(), *line)],
        Err(Failure::Undefined(message)) => vec![(message.clone(), 0)],
        Err(Failure::Other) => Vec::new(),
    };
    Rendered {
        outcome,
        complaints,
    }
}

/// Prints as Python does; a division by zero raises there.
fn print(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    match value.kind() {
        ValueKind::None => out.write_str("None").map_err(Error::from),
        ValueKind::Bool => out
            .write_str(if value.is_true() { "True" } else { "False" })
            .map_err(Error::from),
        ValueKind::Number
            if f64::try_from(value.clone()).is_ok_and(|number| !number.is_finite()) =>
        {
            Err(Error::new(ErrorKind::InvalidOperation, "division by zero"))
        }
        _ => minijinja::escape_formatter(out, state, value),
    }
}

fn failure(error: &Error, missing: &[String]) -> Failure {
    let line = error.line().unwrap_or(1);
    let detail = error.detail().unwrap_or_default();
    match error.kind() {
        ErrorKind::SyntaxError => Failure::Syntax(in_jinja2(detail), line),
        ErrorKind::UnknownFilter => {
            Failure::Syntax(format!("no filter named '{}'", name_in(detail)), line)
        }
        ErrorKind::UnknownTest => {
            Failure::Syntax(format!("no test named '{}'", name_in(detail)), line)
        }
        ErrorKind::UndefinedError => Failure::Undefined(match missing.last() {
            Some(name) => format!("'{name}' is undefined"),
            None => detail.to_owned(),
        }),
        _ => Failure::Other,
    }
}

/// The name in a text such as `filter nosuch is unknown`.
fn name_in(detail: &str) -> &str {
    detail.split_whitespace().nth(1).unwrap_or_default()
}

/// Jinja2's words for what is wrong with a template, as far as the two know the same mistake.
fn in_jinja2(detail: &str) -> String {
    let Some(rest) = detail.strip_prefix("unexpected ") else {
        return detail.to_owned();
    };
    let (found, expected) = rest
        .split_once(", expected ")
        .unwrap_or((rest, "expression"));
    let found = match found {
        "end of block" => "end of statement block",
        "end of variable block" => "end of print statement",
        "end of input" => "end of template",
        other => other.trim_matches('`'),
    };
    let expected = match expected {
        "end of block" => "token 'end of statement block'".to_owned(),
        "end of variable block" => "token 'end of print statement'".to_owned(),
        "expression" => "an expression".to_owned(),
        other => format!("token '{}'", other.trim_matches('`')),
    };
    match expected.as_str() {
        "an expression" => format!("Expected an expression, got '{found}'"),
        token => format!("expected {token}, got '{found}'"),
    }
}
