//! Preseeds are Jinja2 templates; minijinja renders them, and what it does otherwise than Jinja2 is evened out here.

use std::sync::{Arc, Mutex, PoisonError};

use super::wording;
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

/// What was looked up in vain, in the order of the lookups.
#[derive(Debug, Default)]
struct Gaps(Mutex<Vec<Gap>>);

#[derive(Clone, Debug)]
enum Gap {
    Name(String),
    /// An attribute of None.
    Attribute(String),
}

impl Gaps {
    fn add(&self, gap: Gap) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(gap);
    }

    fn list(&self) -> Vec<Gap> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Gap {
    /// What the server notes.
    fn note(&self) -> String {
        match self {
            Gap::Name(name) => format!("{name} is undefined"),
            Gap::Attribute(name) => format!("None has no attribute {name}"),
        }
    }

    /// What Jinja2 raises when more is wanted of it than to be printed.
    fn exception(&self) -> String {
        match self {
            Gap::Name(name) => format!("'{name}' is undefined"),
            Gap::Attribute(name) => format!("'None' has no attribute '{name}'"),
        }
    }
}

#[derive(Debug)]
struct Names {
    facts: Facts,
    gaps: Arc<Gaps>,
}

impl Object for Names {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let name = key.as_str()?;
        match self.facts.iter().find(|(known, _)| *known == name) {
            Some((_, serde_json::Value::Null)) => {
                Some(Value::from_object(Nothing(self.gaps.clone())))
            }
            Some((_, value)) => Some(converted(value)),
            None if GLOBALS.contains(&name) => None,
            None => {
                self.gaps.add(Gap::Name(name.to_owned()));
                None
            }
        }
    }
}

/// Python's None: to look an attribute up in it is no error yet.
#[derive(Debug)]
struct Nothing(Arc<Gaps>);

impl Object for Nothing {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.0.add(Gap::Attribute(key.to_string()));
        None
    }

    fn is_true(self: &Arc<Self>) -> bool {
        false
    }

    fn render(self: &Arc<Self>, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("None")
    }
}

fn is_none(value: &Value) -> bool {
    value.is_none() || value.downcast_object_ref::<Nothing>().is_some()
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
    let gaps = Arc::new(Gaps::default());
    let names = Names {
        facts,
        gaps: gaps.clone(),
    };
    let mut environment = Environment::new();
    environment.set_formatter(print);
    environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
    environment.add_test("none", |value: &Value| is_none(value));
    let template = environment.template_from_str(source);
    let outcome = template.and_then(|template| template.render(Value::from_object(names)));
    let gaps = gaps.list();
    let outcome = outcome.map_err(|error| failure(&error, source, &gaps));
    // The notes about what is undefined are rolled back with an exception.
    let complaints = match &outcome {
        Ok(_) => gaps.iter().map(|gap| (gap.note(), 0)).collect(),
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

fn failure(error: &Error, source: &str, gaps: &[Gap]) -> Failure {
    let line = error.line().unwrap_or(1);
    let detail = error.detail().unwrap_or_default();
    match error.kind() {
        ErrorKind::SyntaxError => Failure::Syntax(wording::of(error, source), line),
        ErrorKind::UnknownFilter => {
            Failure::Syntax(format!("no filter named '{}'", name_in(detail)), line)
        }
        ErrorKind::UnknownTest => {
            Failure::Syntax(format!("no test named '{}'", name_in(detail)), line)
        }
        ErrorKind::UndefinedError | ErrorKind::UnknownFunction => Failure::Undefined(
            gaps.last()
                .map_or_else(|| detail.to_owned(), Gap::exception),
        ),
        _ => Failure::Other,
    }
}

/// The name in a text such as `filter nosuch is unknown`.
fn name_in(detail: &str) -> &str {
    detail.split_whitespace().nth(1).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn facts() -> Facts {
        vec![
            ("hostname", json!("h1")),
            ("kernel", json!(null)),
            ("ssh_keys", json!(["a", "b"])),
            ("interfaces", json!([{"name": "eth0", "prefix": 16}])),
        ]
    }

    fn text(source: &str) -> String {
        render(source, facts()).outcome.unwrap()
    }

    fn failed(source: &str) -> String {
        format!("{:?}", render(source, facts()).outcome.unwrap_err())
    }

    #[test]
    fn templates_render_as_jinja2_renders_them() {
        assert_eq!(text("{{ hostname }}\n"), "h1");
        assert_eq!(text("a\n\n"), "a\n");
        assert_eq!(
            text("{{ kernel }} {{ kernel.filename }}. {{ true }}"),
            "None . True"
        );
        assert_eq!(
            text(
                "{% if kernel %}k{% else %}-{% endif %}{{ kernel is none }}{{ hostname is none }}"
            ),
            "-TrueFalse"
        );
        assert_eq!(
            text("{% for i in interfaces %}{{ i.name }}/{{ i.prefix }}{% endfor %}"),
            "eth0/16"
        );
        assert_eq!(
            text(
                "{{ ssh_keys|join(' ') }} {% for k in ssh_keys %}{{ loop.index }}{{ k }}{% endfor %}"
            ),
            "a b 1a2b"
        );
        assert_eq!(
            text("{# c #}{% set x = 2 %}{{ x * 3 }}{{ nosuch }}{{ \"<&>\" }}"),
            "6<&>"
        );
        assert_eq!(
            text("{{ hostname.upper() }} {{ hostname.startswith('h') }}"),
            "H1 True"
        );
        assert_eq!(text("{% raw %}{{ x }}{% endraw %}"), "{{ x }}");
    }

    #[test]
    fn failures_are_told_in_jinja2s_words() {
        assert_eq!(
            failed("ok\n{% if %}"),
            "Syntax(\"Expected an expression, got 'end of statement block'\", 2)"
        );
        assert_eq!(
            failed("\n{{ hostname|nosuch }}"),
            "Syntax(\"no filter named 'nosuch'\", 2)"
        );
        assert_eq!(
            failed("{{ nosuch.attr }}"),
            "Undefined(\"'nosuch' is undefined\")"
        );
        assert_eq!(
            failed("{{ nosuch() }}"),
            "Undefined(\"'nosuch' is undefined\")"
        );
        assert_eq!(failed("{{ 1/0 }}"), "Other");
        assert_eq!(failed("{{ 1 // 0 }}"), "Other");
    }

    #[test]
    fn common_mistakes_are_worded_as_in_jinja2() {
        let wording = |source: &str| match render(source, facts()).outcome {
            Err(Failure::Syntax(message, line)) => (message, line),
            other => panic!("{source}: {other:?}"),
        };
        let unclosed = "Unexpected end of template. Jinja was looking for the following tags: 'endfor' or 'else'. \
                        The innermost block that needs to be closed is 'for'.";
        for (source, message, line) in [
            ("{% nosuch %}", "Encountered unknown tag 'nosuch'.", 1),
            (
                "{{ a b }}",
                "expected token 'end of print statement', got 'b'",
                1,
            ),
            (
                "a\n{{ a",
                "unexpected end of template, expected 'end of print statement'.",
                2,
            ),
            (
                "{{ }}",
                "Expected an expression, got 'end of print statement'",
                1,
            ),
            ("{% for i in x %}\n{% if a %}{% endif %}", unclosed, 2),
            ("{# c", "Missing end of comment tag", 1),
        ] {
            assert_eq!(wording(source), (message.to_owned(), line), "{source}");
        }
    }

    #[test]
    fn what_is_undefined_is_noted_as_often_as_it_is_looked_up() {
        let notes = render(
            "{{ nosuch }}{% if nosuch %}{% endif %}{{ kernel.filename }}",
            facts(),
        )
        .complaints;
        let notes: Vec<_> = notes.iter().map(|(note, _)| note.as_str()).collect();
        assert_eq!(
            notes,
            [
                "nosuch is undefined",
                "nosuch is undefined",
                "None has no attribute filename"
            ]
        );
    }
}
