//! Runs a list of tasks, and makes one result of theirs, with an entry for each.

use serde_json::{Value, json};

use crate::ansible::{Call, Failure, Success};
use crate::modules::options::connection;
use crate::modules::result::{self, ToFields};
use crate::task::{self, PartialOutcome, Task, TaskError, TaskOutcome};

/// Plans the tasks and, outside check mode, applies their plans.
pub(crate) fn run<T: Task>(
    call: &Call,
    tasks: &[T],
    to_fields: ToFields<T::Report>,
) -> Result<Success, Failure> {
    let client = connection::connect(call)?;
    let mut plans = task::plan_all(&client.read_only().with_response_cache(), tasks);
    for (plan, item) in plans.iter_mut().zip(call.items.iter().flatten()) {
        if let Err(error) = plan {
            let taken = std::mem::replace(error, TaskError::Abandoned(""));
            *error = taken.without_guess_at(&item.yaml_texts);
        }
    }
    let fail_fast = call.options.get("fail_fast") == Some(&json!(true));
    let results = match call.check_mode {
        true => task::predict_all::<T>(plans, fail_fast),
        false => task::apply_all::<T>(&client, plans, fail_fast, result::record_step),
    };
    let items: Vec<ItemResult> = tasks
        .iter()
        .zip(results)
        .map(|(task, result)| ItemResult::new(task.title(), result, to_fields))
        .collect();
    combined(&items, call)
}

/// The result of one task of the list.
struct ItemResult {
    title: String,
    /// The fields, differences and warnings, whether it failed or not.
    result: Success,
    failure: Option<Failure>,
    /// Whether the failure's message begins with the title.
    names_title: bool,
    /// Whether it did not fail itself, but was not carried on because another did.
    is_abandoned: bool,
}

impl ItemResult {
    fn new<Report>(
        title: String,
        result: Result<TaskOutcome<Report>, Box<PartialOutcome>>,
        to_fields: ToFields<Report>,
    ) -> ItemResult {
        match result {
            Ok(outcome) => ItemResult {
                title,
                result: result::success(outcome, to_fields),
                failure: None,
                names_title: false,
                is_abandoned: false,
            },
            Err(halted) => {
                let is_abandoned = matches!(halted.error, TaskError::Abandoned(_));
                let names_title = halted.error.object().as_ref() == Some(&title);
                let mut failure = result::partial_failure(*halted);
                ItemResult {
                    title,
                    result: std::mem::take(&mut failure.partial),
                    failure: Some(failure),
                    names_title,
                    is_abandoned,
                }
            }
        }
    }

    /// Its entry in `results`.
    fn entry(&self, call: &Call) -> Value {
        let mut entry = self.result.fields.clone();
        entry.insert("item".into(), json!(self.title));
        entry.insert("changed".into(), json!(self.result.changed));
        if let Some(failure) = &self.failure {
            let failure = failure.clone().rendered(call.option_style);
            entry.insert("failed".into(), json!(true));
            entry.insert("abandoned".into(), json!(self.is_abandoned));
            entry.insert("msg".into(), json!(failure.message));
            entry.insert("hint".into(), json!(failure.hint));
            if let Some(response) = failure.response_at(call.verbosity) {
                entry.insert("server_response".into(), json!(response));
            }
        }
        Value::Object(entry)
    }

    /// The failure, unless there is none of its own, and a sentence about it.
    fn own_failure(&self) -> Option<(&Failure, String)> {
        let failure = self.failure.as_ref().filter(|_| !self.is_abandoned)?;
        let message = &failure.message;
        let sentence = match self.names_title {
            true => message.clone(),
            false => format!("{}: {message}", self.title),
        };
        Some((failure, sentence))
    }

    /// The steps that its result has under this key.
    fn steps<'a>(&'a self, key: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
        let steps = self.result.fields.get(key).and_then(Value::as_array);
        steps.into_iter().flatten()
    }
}

/// One result of all items, which fails when one of them failed, and names it.
fn combined(items: &[ItemResult], call: &Call) -> Result<Success, Failure> {
    let mut all = Success::default();
    for item in items {
        all.changed |= item.result.changed;
        all.diff.extend(item.result.diff.iter().cloned());
        let warnings = item.result.warnings.iter();
        all.warnings
            .extend(warnings.map(|warning| format!("{}: {warning}", item.title)));
    }
    let entries: Vec<Value> = items.iter().map(|item| item.entry(call)).collect();
    all.fields.insert("results".into(), json!(entries));
    all.fields.insert("plan".into(), all_steps(items, "plan"));
    if items.iter().all(|item| item.failure.is_none()) {
        return Ok(all);
    }
    let done = items.iter().flat_map(|item| {
        // The plan of an item that did not fail is what was done.
        let key = if item.failure.is_some() {
            "done"
        } else {
            "plan"
        };
        item.steps(key)
    });
    all.fields.insert("done".into(), done.cloned().collect());
    let not_done = all_steps(items, "not_done");
    all.fields.insert("not_done".into(), not_done);
    Err(Failure {
        partial: all,
        ..combined_failure(items)
    })
}

/// The steps that the results of all items have under this key.
fn all_steps(items: &[ItemResult], key: &str) -> Value {
    let steps = items.iter().flat_map(|item| item.steps(key));
    steps.cloned().collect()
}

/// How many items failed, and why. A hint or an answer of the server that all failures share is that of the whole.
fn combined_failure(items: &[ItemResult]) -> Failure {
    let failed = items.iter().filter_map(ItemResult::own_failure);
    let (failures, item_messages): (Vec<&Failure>, Vec<String>) = failed.unzip();
    let mut sentences = item_messages.clone();
    // Items for the same object fail alike.
    sentences.dedup();
    let mut message = format!(
        "{} of {} failed: {}",
        failures.len(),
        items.len(),
        sentences.join("; ")
    );
    let abandoned = items.iter().filter(|item| item.is_abandoned).count();
    if abandoned > 0 {
        message.push_str(&format!("; {abandoned} not carried on"));
    }
    Failure {
        item_messages,
        hint: common(failures.iter().map(|failure| &failure.hint)),
        hint_names_option: failures.iter().any(|failure| failure.hint_names_option),
        server_response: common(failures.iter().map(|failure| &failure.server_response)),
        ..Failure::new(message)
    }
}

/// The text that all have, if all have the same.
fn common<'a>(mut texts: impl Iterator<Item = &'a Option<String>>) -> Option<String> {
    let first = texts.next()?;
    first.clone().filter(|_| texts.all(|other| other == first))
}
