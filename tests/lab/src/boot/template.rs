//! Preseed templates: rendered with minijinja, adapted to print and fail like Jinja2.

use std::sync::Arc;

use minijinja::value::{Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind, Output, State};

use super::template_values::{TemplateNames, UndefinedName, UndefinedNames, python, type_name};
use super::{error_message, jinja28};

pub(crate) use super::template_values::{TemplateValue, TemplateValues};

#[derive(Debug)]
pub(crate) enum RenderError {
    /// A message and a line.
    Syntax(String, usize),
    Undefined(String),
    Other,
}

pub(crate) struct Rendered {
    pub(crate) outcome: Result<String, RenderError>,
    /// The server's log entries about undefined names and syntax errors: a message and a line each.
    pub(crate) log_entries: Vec<(String, usize)>,
}

pub(crate) fn render(source: &str, values: TemplateValues) -> Rendered {
    let undefined_names = Arc::new(UndefinedNames::default());
    let names = Value::from_object(TemplateNames {
        values,
        undefined_names: undefined_names.clone(),
    });
    let mut environment = Environment::new();
    environment.set_formatter(print);
    environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
    jinja28::prepare(&mut environment);
    let template = environment.template_from_str(source);
    let outcome = template.and_then(|template| template.render(names.clone()));
    let undefined_names = undefined_names.list();
    let failure = |error: Error| {
        let last = undefined_names.last();
        failure(&error, source).unwrap_or_else(|| undefined(&error, last, &environment, &names))
    };
    // A syntax error before such a tag comes first.
    let earlier = |line| matches!(&outcome, Err(error) if error.kind() == ErrorKind::SyntaxError && error.line() < Some(line));
    let outcome = match error_message::later_tag(source) {
        Some((message, line)) if !earlier(line) => Err(RenderError::Syntax(message, line)),
        _ => outcome.map_err(failure),
    };
    // An exception rolls back the log entries about undefined names.
    let log_entries = match &outcome {
        Ok(_) => undefined_names
            .iter()
            .map(|undefined_name| (undefined_name.note(), 0))
            .collect(),
        Err(RenderError::Syntax(message, line)) => vec![(message.clone(), *line)],
        Err(RenderError::Undefined(message)) => vec![(message.clone(), 0)],
        Err(RenderError::Other) => Vec::new(),
    };
    Rendered {
        outcome,
        log_entries,
    }
}

/// Prints a value like Python. A division by zero is an error there.
fn print(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    match value.kind() {
        ValueKind::None | ValueKind::Bool => out.write_str(&python(value)).map_err(Error::from),
        ValueKind::Number
            if f64::try_from(value.clone()).is_ok_and(|number| !number.is_finite()) =>
        {
            Err(Error::new(ErrorKind::InvalidOperation, "division by zero"))
        }
        _ => minijinja::escape_formatter(out, state, value),
    }
}

/// Converts an error, unless it is about an undefined value.
fn failure(error: &Error, source: &str) -> Option<RenderError> {
    let line = error.line().unwrap_or(1);
    let detail = error.detail().unwrap_or_default();
    Some(match error.kind() {
        ErrorKind::SyntaxError => {
            RenderError::Syntax(error_message::syntax_error(error, source), line)
        }
        ErrorKind::UnknownFilter => {
            RenderError::Syntax(format!("no filter named '{}'", name_in(detail)), line)
        }
        ErrorKind::UnknownTest => {
            RenderError::Syntax(format!("no test named '{}'", name_in(detail)), line)
        }
        ErrorKind::UndefinedError | ErrorKind::UnknownFunction | ErrorKind::UnknownMethod => {
            return None;
        }
        _ if detail.ends_with("is undefined)") || detail.ends_with("is undefined") => return None,
        _ if detail == "cannot super outside of block" => {
            RenderError::Undefined("'super' is undefined".into())
        }
        _ => RenderError::Other,
    })
}

/// Jinja2's message about an undefined value. minijinja gives only its expression.
fn undefined(
    error: &Error,
    last: Option<&UndefinedName>,
    environment: &Environment<'_>,
    names: &Value,
) -> RenderError {
    let detail = error.detail().unwrap_or_default();
    let message = match (error.kind(), detail.rsplit('`').nth(1)) {
        (_, Some(expression)) => missing(expression, environment, names),
        (ErrorKind::UnknownFunction, None) => {
            let name = detail.split_whitespace().next().unwrap_or_default();
            Some(format!("'{name}' is undefined"))
        }
        (ErrorKind::UnknownMethod, None) => {
            let (kind, method) = detail
                .split_once(" has no method named ")
                .unwrap_or((detail, ""));
            let kind = match kind {
                "string" => "str object",
                "sequence" => "list object",
                "map" => "dict object",
                other => other,
            };
            Some(format!("'{kind}' has no attribute '{method}'"))
        }
        _ => None,
    };
    let message = message.or_else(|| last.map(UndefinedName::exception));
    RenderError::Undefined(message.unwrap_or_else(|| detail.to_owned()))
}

/// A name, or an attribute or element of something that a template can name too.
fn missing(expression: &str, environment: &Environment<'_>, names: &Value) -> Option<String> {
    let (parent, member) = match expression.strip_suffix(']') {
        Some(inner) => inner.rsplit_once('[')?,
        None => match expression.rsplit_once('.') {
            Some(split) => split,
            None => return Some(format!("'{expression}' is undefined")),
        },
    };
    let parent = environment.compile_expression(parent).ok()?;
    let parent = parent.eval(names.clone()).ok()?;
    let kind = type_name(&parent);
    match member.trim_matches(['\'', '"']) {
        _ if parent.is_undefined() => None,
        index if index.parse::<i64>().is_ok() => Some(format!("{kind} has no element {index}")),
        name => Some(format!("'{kind}' has no attribute '{name}'")),
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

    fn values() -> TemplateValues {
        let interface = vec![("name", json!("eth0")), ("prefix", json!(16))];
        vec![
            ("hostname", TemplateValue::Plain(json!("h1"))),
            ("kernel", TemplateValue::Plain(json!(null))),
            ("ssh_keys", TemplateValue::Plain(json!(["a", "b"]))),
            ("interfaces", TemplateValue::Tuples(vec![interface])),
        ]
    }

    fn text(source: &str) -> String {
        render(source, values()).outcome.unwrap()
    }

    fn failed(source: &str) -> String {
        format!("{:?}", render(source, values()).outcome.unwrap_err())
    }

    #[test]
    fn templates_render_like_jinja2() {
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
    fn failures_have_jinja2_messages() {
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
    fn common_syntax_errors_have_jinja2_messages() {
        let wording = |source: &str| match render(source, values()).outcome {
            Err(RenderError::Syntax(message, line)) => (message, line),
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
    fn undefined_names_are_logged_at_every_use() {
        let notes = render(
            "{{ nosuch }}{% if nosuch %}{% endif %}{{ kernel.filename }}",
            values(),
        )
        .log_entries;
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

    #[test]
    fn using_an_undefined_value_fails_with_its_name() {
        for (source, message) in [
            ("{{ nosuch + 'x' }}", "'nosuch' is undefined"),
            ("{{ -nosuch }}", "'nosuch' is undefined"),
            ("{{ nosuch|int }}", "'nosuch' is undefined"),
            ("{{ nosuch.a() }}", "'nosuch' is undefined"),
            ("{{ super() }}", "'super' is undefined"),
            ("{{ namespace() }}", "'namespace' is undefined"),
            (
                "{{ hostname.nosuch.x }}",
                "'str object' has no attribute 'nosuch'",
            ),
            (
                "{{ hostname.nosuch() }}",
                "'str object' has no attribute 'nosuch'",
            ),
            ("{{ ssh_keys[7].x }}", "list object has no element 7"),
            (
                "{{ kernel.filename.split('/') }}",
                "'None' has no attribute 'filename'",
            ),
            (
                "{{ kernel.filename + '.sig' }}",
                "'None' has no attribute 'filename'",
            ),
            (
                "{% for i in interfaces %}{{ i.nosuch.x }}{% endfor %}",
                "'mr_provisioner.preseed.controllers.object object' has no attribute 'nosuch'",
            ),
        ] {
            match render(source, values()).outcome {
                Err(RenderError::Undefined(found)) => assert_eq!(found, message, "{source}"),
                other => panic!("{source}: {other:?}"),
            }
        }
    }

    #[test]
    fn named_tuples_are_ordered_and_indexed() {
        assert_eq!(text("{{ interfaces }}"), "[object(name='eth0', prefix=16)]");
        assert_eq!(
            text("{{ interfaces[0][1] }} {{ interfaces[0]|length }}"),
            "16 2"
        );
        assert_eq!(text("{{ interfaces[0].nosuch }}."), ".");
    }

    #[test]
    fn filters_behave_like_jinja2_28() {
        assert_eq!(
            text("{{ hostname|int }} {{ '42.9'|int }} {{ 'x'|int(7) }} {{ 'x'|float }}"),
            "0 42 7 0.0"
        );
        assert_eq!(text("{{ '<\"\\'>'|e }}"), "&lt;&#34;&#39;&gt;");
        assert_eq!(
            text("{{ 'ab'|center(5) }}|{{ 'a b/ü'|urlencode }}"),
            "  ab |a%20b/%C3%BC"
        );
    }

    #[test]
    fn later_jinja2_features_are_unknown() {
        assert_eq!(
            failed("{{ [1]|min }}"),
            "Syntax(\"no filter named 'min'\", 1)"
        );
        assert_eq!(
            failed("{{ 1 is eq 1 }}"),
            "Syntax(\"no test named 'eq'\", 1)"
        );
        assert_eq!(
            failed("a\n{% with x = 1 %}{% endwith %}"),
            "Syntax(\"Encountered unknown tag 'with'.\", 2)"
        );
        assert_eq!(
            failed("{% if %}\n{% do x %}"),
            "Syntax(\"Expected an expression, got 'end of statement block'\", 1)"
        );
        assert_eq!(text("{% raw %}{% do x %}{% endraw %}"), "{% do x %}");
    }

    #[test]
    fn lexer_errors_come_before_parser_errors() {
        for (source, message) in [
            ("{{ a ? }}", "unexpected char '?' at 5"),
            ("ü{{ 'abc }}", "unexpected char \"'\" at 4"),
            ("{{ a }", "unexpected '}'"),
            ("{{ (a }}", "unexpected '}', expected ')'"),
            ("{% if a }}", "unexpected '}'"),
            ("{{ a + }}", "unexpected 'end of print statement'"),
            ("{% if a == %}", "unexpected 'end of statement block'"),
            (
                "{% set x = %}",
                "Expected an expression, got 'end of statement block'",
            ),
            ("{{ a. }}", "expected name or number"),
            ("{{ = }}", "unexpected '='"),
            ("{{", "unexpected 'end of template'"),
            ("{% %}", "tag name expected"),
        ] {
            assert_eq!(
                failed(source),
                format!("Syntax({message:?}, 1)"),
                "{source}"
            );
        }
    }
}
