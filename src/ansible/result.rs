//! Success and Failure: what a module returns, and the JSON object that is printed for it.

use serde_json::{Map, Value, json};

use crate::ansible::completed_steps;
use crate::ansible::completed_steps::CompletedSteps;
use crate::support::markup::OptionStyle;

/// From this verbosity on a result has the server's answer to a failed request, and a list of all requests.
pub(crate) const DETAIL_VERBOSITY: u64 = 3;

/// The module did what was asked, or found it done.
#[derive(Clone, Debug, Default)]
pub struct Success {
    /// Whether anything changed, or would in check mode.
    pub changed: bool,
    /// What the module returns: `image`, `plan`, `ansible_facts`.
    pub fields: Map<String, Value>,
    /// What changed, shown in diff mode only.
    pub diff: Vec<Diff>,
    /// Sentences that Ansible prints as warnings.
    pub warnings: Vec<String>,
}

/// Whether the call or its execution failed; the command line has an exit code for each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FailureKind {
    /// The call itself is wrong, whatever the server has: the server was not asked.
    InvalidCall,
    /// What was asked for could not be done.
    #[default]
    Failed,
}

/// The module could not do what was asked.
#[derive(Clone, Debug, Default)]
pub struct Failure {
    /// Whether the call or its execution failed.
    pub kind: FailureKind,
    /// What was tried, on what, and what came back: one sentence.
    pub message: String,
    /// What to do about it: another sentence.
    pub hint: Option<String>,
    /// Whether the hint says to give an option: a face without the module's options leaves it out.
    pub hint_names_option: bool,
    /// Whether something had changed before it went wrong.
    pub changed: bool,
    /// What the module returns nevertheless: `plan`, as far as it got.
    pub fields: Map<String, Value>,
    /// What changed, shown in diff mode only.
    pub diff: Vec<Diff>,
    /// Sentences that Ansible prints as warnings.
    pub warnings: Vec<String>,
    /// What the server said, word for word; shown only from verbosity 3 upwards.
    pub server_response: Option<String>,
}

/// One difference, as texts: Ansible's display breaks on anything else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diff {
    /// What the text before is, printed above the difference.
    pub before_header: String,
    /// What the text after is.
    pub after_header: String,
    /// The text before.
    pub before: String,
    /// The text after.
    pub after: String,
}

/// What of the output depends on how Ansible called.
#[derive(Clone, Debug, Default)]
pub(crate) struct Audience {
    pub(crate) diff_mode: bool,
    pub(crate) verbosity: u64,
    /// The options as AnsibleModule would show them, when this release shows them.
    pub(crate) invocation: Option<Value>,
}

impl Failure {
    /// A failure with nothing but a message.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Failure {
        Failure {
            message: message.into(),
            ..Failure::default()
        }
    }

    /// The failure of a call that makes no sense, whatever the server has.
    #[must_use]
    pub fn invalid_call(message: impl Into<String>) -> Failure {
        Failure {
            kind: FailureKind::InvalidCall,
            ..Failure::new(message)
        }
    }

    /// The same failure as one of the call itself.
    #[must_use]
    pub(crate) fn into_invalid_call(self) -> Failure {
        Failure {
            kind: FailureKind::InvalidCall,
            ..self
        }
    }

    /// The same failure with the options in its sentences as a face writes them.
    #[must_use]
    pub(crate) fn rendered(self, style: OptionStyle) -> Failure {
        Failure {
            message: style.render(&self.message),
            hint: self.hint.map(|hint| style.render(&hint)),
            warnings: style.render_all(&self.warnings),
            ..self
        }
    }

    /// The failure of a run that a signal or a panic ends, with the steps that it had completed and the one it had begun. No
    /// other step begins after it.
    pub(crate) fn interrupted(message: String) -> Failure {
        let CompletedSteps {
            done,
            uncertain,
            under_way,
        } = completed_steps::end();
        let mut message = match done.len() {
            0 => format!("{message} No step had been completed."),
            1 => format!("{message} One step had been completed, see plan."),
            count => format!("{message} {count} steps had been completed, see plan."),
        };
        let failed = uncertain.iter().map(|step| (step, "failed"));
        let begun = under_way.iter().map(|step| (step, "was under way"));
        for (step, fate) in failed.chain(begun) {
            let word = |key| step[key].as_str().unwrap_or_default();
            message.push_str(&format!(
                " {}: {} {fate} and may have taken effect.",
                word("target"),
                word("action")
            ));
        }
        let not_done: Vec<Value> = uncertain.into_iter().chain(under_way).collect();
        let plan = [done.as_slice(), &not_done].concat();
        let changed = !plan.is_empty();
        let steps = [("plan", plan), ("done", done), ("not_done", not_done)];
        let fields = steps
            .into_iter()
            .filter(|_| changed)
            .map(|(key, steps)| (key.to_owned(), steps.into()))
            .collect();
        Failure {
            message,
            changed,
            fields,
            ..Failure::default()
        }
    }

    /// The same failure with the position of the item in front: `machines[1]`. None is the task as a whole.
    #[must_use]
    pub(crate) fn at(self, position: Option<&str>) -> Failure {
        match position {
            None => self,
            Some(position) => Failure {
                message: format!("{position}: {}", self.message),
                ..self
            },
        }
    }

    /// What the server said, where the user's verbosity asks for it.
    #[must_use]
    pub fn response_at(&self, verbosity: u64) -> Option<&str> {
        let response = self.server_response.as_deref();
        response.filter(|_| verbosity >= DETAIL_VERBOSITY)
    }

    /// The message, and the hint behind it.
    #[must_use]
    pub fn text(&self) -> String {
        match &self.hint {
            Some(hint) if self.message.ends_with(['.', '!', '?']) => {
                format!("{} {hint}", self.message)
            }
            Some(hint) => format!("{}. {hint}", self.message),
            None => self.message.clone(),
        }
    }

    pub(crate) fn into_json(self, audience: &Audience) -> Map<String, Value> {
        let message = self.text();
        let response = self.response_at(audience.verbosity).map(str::to_owned);
        let mut result = self.fields;
        result.insert("failed".to_owned(), true.into());
        result.insert("msg".to_owned(), message.into());
        if let Some(hint) = self.hint {
            result.insert("hint".to_owned(), hint.into());
        }
        if let Some(response) = response {
            result.insert("server_response".to_owned(), response.into());
        }
        complete(result, self.changed, self.diff, self.warnings, audience)
    }
}

impl Success {
    /// A result without changes that has one field.
    #[must_use]
    pub(crate) fn with_field(name: &str, value: Value) -> Success {
        Success {
            fields: Map::from_iter([(name.to_owned(), value)]),
            ..Success::default()
        }
    }

    /// The same result with the options in its warnings as a face writes them.
    #[must_use]
    pub(crate) fn rendered(self, style: OptionStyle) -> Success {
        Success {
            warnings: style.render_all(&self.warnings),
            ..self
        }
    }

    pub(crate) fn into_json(self, audience: &Audience) -> Map<String, Value> {
        complete(
            self.fields,
            self.changed,
            self.diff,
            self.warnings,
            audience,
        )
    }
}

/// Adds what every result has.
fn complete(
    mut result: Map<String, Value>,
    changed: bool,
    diff: Vec<Diff>,
    warnings: Vec<String>,
    audience: &Audience,
) -> Map<String, Value> {
    result.insert("changed".to_owned(), changed.into());
    if audience.diff_mode && !diff.is_empty() {
        result.insert(
            "diff".to_owned(),
            diff.into_iter().map(Diff::into_json).collect(),
        );
    }
    if !warnings.is_empty() {
        result.insert("warnings".to_owned(), warnings.into());
    }
    if let Some(invocation) = &audience.invocation {
        result.insert("invocation".to_owned(), invocation.clone());
    }
    result
}

impl Diff {
    fn into_json(self) -> Value {
        json!({
            "before_header": self.before_header,
            "after_header": self.after_header,
            "before": ending_in_line_feed(self.before),
            "after": ending_in_line_feed(self.after),
        })
    }
}

/// Without a line feed at the end Ansible prints "\ No newline at end of file". An empty text stays empty.
fn ending_in_line_feed(mut text: String) -> String {
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_always_one() {
        let fields = Map::from_iter([
            ("failed".to_owned(), "no".into()),
            ("changed".to_owned(), "no".into()),
        ]);
        let failure = Failure {
            hint: Some("Try again.".to_owned()),
            fields,
            server_response: Some("<h1>".to_owned()),
            ..Failure::new("It broke.")
        };
        assert_eq!(
            Value::from(failure.clone().into_json(&Audience::default())),
            json!({"failed": true, "changed": false, "msg": "It broke. Try again.", "hint": "Try again."})
        );
        let close = Audience {
            verbosity: 3,
            ..Audience::default()
        };
        assert_eq!(failure.into_json(&close)["server_response"], "<h1>");
    }

    #[test]
    fn a_diff_is_shown_in_diff_mode_only() {
        let success = Success {
            changed: true,
            diff: vec![Diff {
                before: String::new(),
                after: "x".to_owned(),
                ..Diff::default()
            }],
            ..Success::default()
        };
        assert!(
            !success
                .clone()
                .into_json(&Audience::default())
                .contains_key("diff")
        );
        let shown = success.into_json(&Audience {
            diff_mode: true,
            ..Audience::default()
        });
        assert_eq!(
            shown["diff"],
            json!([{"before_header": "", "after_header": "", "before": "", "after": "x\n"}])
        );
    }
}
