//! Success and Failure: what a module returns, and the JSON object that is printed for it.

use serde_json::{Map, Value, json};

use crate::ansible::completed_steps::{self, CompletedSteps};
use crate::ansible::objects::Objects;
use crate::support::markup::OptionStyle;
use crate::support::user_text::on_one_line;

/// From this verbosity on a result has the server's answer to a failed request, and a list of all requests.
pub(crate) const DETAIL_VERBOSITY: u64 = 3;

/// The module did what was asked, or found it done.
#[derive(Clone, Debug, Default)]
pub struct Success {
    /// Whether anything changed, or would in check mode.
    pub changed: bool,
    /// What the module returns: `image`, `plan`, `ansible_facts`.
    pub fields: Map<String, Value>,
    /// Objects that it returns beside these fields.
    pub objects: Option<Objects>,
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
    pub kind: FailureKind,
    /// What was tried, on what, and what came back: one sentence.
    pub message: String,
    /// The same for each item of a list that failed, where the message counts them.
    pub item_messages: Vec<String>,
    /// What to do about it: another sentence.
    pub hint: Option<String>,
    /// Whether the hint says to give an option: a face without the module's options leaves it out.
    pub hint_names_option: bool,
    /// What the server said, word for word; shown only from verbosity 3 upwards.
    pub server_response: Option<String>,
    /// What the module returns nevertheless: `plan`, as far as it got, and whether something had changed by then.
    pub partial: Success,
}

/// One difference, as texts: Ansible's display breaks on anything else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diff {
    /// What the text before is, printed above the difference.
    pub before_header: String,
    pub after_header: String,
    pub before: String,
    pub after: String,
}

impl Failure {
    pub fn new(message: impl Into<String>) -> Failure {
        Failure {
            message: message.into(),
            ..Failure::default()
        }
    }

    /// The failure of a call that makes no sense, whatever the server has.
    pub fn invalid_call(message: impl Into<String>) -> Failure {
        Failure {
            kind: FailureKind::InvalidCall,
            ..Failure::new(message)
        }
    }

    /// The same failure as one of the call itself.
    pub(crate) fn into_invalid_call(self) -> Failure {
        Failure {
            kind: FailureKind::InvalidCall,
            ..self
        }
    }

    /// The same failure with the options in its sentences as a face writes them.
    pub(crate) fn rendered(mut self, style: OptionStyle) -> Failure {
        let texts = self.hint.iter_mut().chain(&mut self.item_messages);
        for text in texts.chain([&mut self.message]) {
            *text = on_one_line(&style.render(text));
        }
        self.partial = self.partial.rendered(style);
        self
    }

    /// The failure of a run that a signal or a panic ends, with the steps that it had completed and the one it had begun. No
    /// other step begins after it.
    pub(crate) fn interrupted(message: String) -> Failure {
        let CompletedSteps {
            done,
            uncertain,
            under_way,
            ..
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
        let partial = match plan.is_empty() {
            true => Success::default(),
            false => Success {
                changed: true,
                ..Success::with_fields([
                    ("plan", plan.into()),
                    ("done", done.into()),
                    ("not_done", not_done.into()),
                ])
            },
        };
        Failure {
            partial,
            ..Failure::new(on_one_line(&message))
        }
    }

    /// The same failure with the position of the item in front: `machines[1]`. None is the task as a whole.
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
    pub fn response_at(&self, verbosity: u64) -> Option<&str> {
        let response = self.server_response.as_deref();
        response.filter(|_| verbosity >= DETAIL_VERBOSITY)
    }

    /// The message, and the hint behind it.
    pub fn text(&self) -> String {
        match &self.hint {
            Some(hint) if self.message.ends_with(['.', '!', '?']) => {
                format!("{} {hint}", self.message)
            }
            Some(hint) => format!("{}. {hint}", self.message),
            None => self.message.clone(),
        }
    }

    /// The keys of a result that only a failure has.
    fn own_fields(self, verbosity: u64) -> Map<String, Value> {
        let mut fields = Map::new();
        fields.insert("failed".to_owned(), true.into());
        fields.insert("msg".to_owned(), self.text().into());
        let response = self.response_at(verbosity).map(Value::from);
        fields.extend(response.map(|response| ("server_response".to_owned(), response)));
        fields.extend(self.hint.map(|hint| ("hint".to_owned(), hint.into())));
        fields
    }
}

impl Success {
    /// A result without changes that has these fields.
    pub(crate) fn with_fields<const N: usize>(fields: [(&str, Value); N]) -> Success {
        let fields = fields.map(|(name, value)| (name.to_owned(), value));
        Success {
            fields: Map::from_iter(fields),
            ..Success::default()
        }
    }

    /// The same result with its objects among the fields.
    pub(crate) fn with_objects_as_fields(mut self) -> Success {
        if let Some(objects) = self.objects.take() {
            objects.into_fields(&mut self.fields);
        }
        self
    }

    /// The same result with the options in its warnings as a face writes them.
    pub(crate) fn rendered(mut self, style: OptionStyle) -> Success {
        for warning in &mut self.warnings {
            *warning = on_one_line(&style.render(warning));
        }
        self
    }
}

/// The JSON object of a result, as far as it depends on nothing but the mode of the call.
pub(crate) fn to_json(
    result: Result<Success, Failure>,
    diff_mode: bool,
    verbosity: u64,
) -> Map<String, Value> {
    let (mut json, success) = match result {
        Ok(success) => (Map::new(), success),
        Err(mut failure) => {
            let partial = std::mem::take(&mut failure.partial);
            (failure.own_fields(verbosity), partial)
        }
    };
    json.insert("changed".to_owned(), success.changed.into());
    if diff_mode && !success.diff.is_empty() {
        let diff = success.diff.into_iter().map(Diff::into_json).collect();
        json.insert("diff".to_owned(), diff);
    }
    if !success.warnings.is_empty() {
        json.insert("warnings".to_owned(), success.warnings.into());
    }
    for (key, value) in success.fields {
        json.entry(key).or_insert(value);
    }
    json
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
