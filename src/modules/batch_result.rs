//! From a list of tasks to one result, which tells of each of them.

use serde_json::{Value, json};

use crate::ansible::{Call, Failure, Success};
use crate::modules::failure::about;
use crate::modules::options::connection;
use crate::modules::result;
use crate::modules::result::Tell;
use crate::task;
use crate::task::{PartialOutcome, Task, TaskError, TaskOutcome};

/// Plans the tasks and, outside check mode, applies their plans.
pub(crate) fn run<T>(call: &Call, tasks: &[T], tell: Tell<T::Report>) -> Result<Success, Failure>
where
    T: Task + Sync,
    T::Op: Send,
    T::Report: Send,
{
    let client = connection::connect(call)?;
    let plans = task::plan_all(&client.read_only().with_response_cache(), tasks);
    let fail_fast = call.options.get("fail_fast") == Some(&json!(true));
    let results = match call.check_mode {
        true => task::predict_all::<T>(plans, fail_fast),
        false => task::apply_all::<T>(&client, plans, fail_fast, result::record),
    };
    let items = tasks.iter().zip(results);
    let items = items.map(|(task, result)| Item::of(task.title(), result, tell));
    together(items.collect(), call.verbosity)
}

/// What came of one task of the list.
struct Item {
    title: String,
    /// What there is to tell, whether it failed or not.
    told: Success,
    failure: Option<Failure>,
    /// Whether it did not fail itself, but was not carried on.
    is_abandoned: bool,
}

impl Item {
    fn of<Report>(
        title: String,
        result: Result<TaskOutcome<Report>, Box<PartialOutcome>>,
        tell: Tell<Report>,
    ) -> Item {
        let is_abandoned =
            matches!(&result, Err(halted) if matches!(halted.error, TaskError::Abandoned(_)));
        let (told, failure) = match result {
            Ok(outcome) => (result::success(outcome, tell), None),
            Err(halted) => {
                let mut failure = result::halfway(*halted);
                let told = Success {
                    changed: failure.changed,
                    fields: std::mem::take(&mut failure.fields),
                    diff: std::mem::take(&mut failure.diff),
                    warnings: std::mem::take(&mut failure.warnings),
                };
                (told, Some(failure))
            }
        };
        Item {
            title,
            told,
            failure,
            is_abandoned,
        }
    }

    /// Its entry in `results`.
    fn entry(&self, verbosity: u64) -> Value {
        let mut entry = self.told.fields.clone();
        entry.insert("item".into(), json!(self.title));
        entry.insert("changed".into(), json!(self.told.changed));
        if let Some(failure) = &self.failure {
            entry.insert("failed".into(), json!(true));
            entry.insert("abandoned".into(), json!(self.is_abandoned));
            entry.insert("msg".into(), json!(failure.message));
            entry.insert("hint".into(), json!(failure.hint));
            if let Some(response) = failure.response_at(verbosity) {
                entry.insert("server_response".into(), json!(response));
            }
        }
        Value::Object(entry)
    }

    /// The steps that the result has under this key.
    fn steps(&self, key: &str) -> Vec<Value> {
        let steps = self.told.fields.get(key).and_then(Value::as_array);
        steps.cloned().unwrap_or_default()
    }

    fn done(&self) -> Vec<Value> {
        self.steps(if self.failure.is_some() {
            "done"
        } else {
            "plan"
        })
    }
}

/// One result of many, which fails when one of them did, and names it.
fn together(items: Vec<Item>, verbosity: u64) -> Result<Success, Failure> {
    let mut all = Success::default();
    for item in &items {
        all.changed |= item.told.changed;
        all.diff.extend(item.told.diff.iter().cloned());
        let warnings = item.told.warnings.iter();
        all.warnings
            .extend(warnings.map(|warning| format!("{}: {warning}", item.title)));
    }
    let entries: Vec<Value> = items.iter().map(|item| item.entry(verbosity)).collect();
    all.fields.insert("results".into(), json!(entries));
    let of_all =
        |steps: fn(&Item) -> Vec<Value>| json!(Vec::from_iter(items.iter().flat_map(steps)));
    all.fields
        .insert("plan".into(), of_all(|item| item.steps("plan")));
    if items.iter().all(|item| item.failure.is_none()) {
        return Ok(all);
    }
    all.fields.insert("done".into(), of_all(Item::done));
    all.fields
        .insert("not_done".into(), of_all(|item| item.steps("not_done")));
    Err(Failure {
        changed: all.changed,
        fields: all.fields,
        diff: all.diff,
        warnings: all.warnings,
        ..complaint(&items)
    })
}

/// How many failed, and why. What all of those have in common is told as that of the whole.
fn complaint(items: &[Item]) -> Failure {
    let failed = items.iter().filter(|item| !item.is_abandoned);
    let failed: Vec<(&str, &Failure)> = failed
        .filter_map(|item| Some((item.title.as_str(), item.failure.as_ref()?)))
        .collect();
    let mut sentences: Vec<String> = failed
        .iter()
        .map(|(title, failure)| about(title, &failure.message))
        .collect();
    // Items that are the same fail alike.
    sentences.dedup();
    let mut message = format!(
        "{} of {} failed: {}",
        failed.len(),
        items.len(),
        sentences.join("; ")
    );
    let abandoned = items.iter().filter(|item| item.is_abandoned).count();
    if abandoned > 0 {
        message.push_str(&format!("; {abandoned} not carried on"));
    }
    Failure {
        hint: common(failed.iter().map(|(_, failure)| &failure.hint)),
        server_response: common(failed.iter().map(|(_, failure)| &failure.server_response)),
        ..Failure::new(message)
    }
}

/// What all are, if all are the same.
fn common<'a>(mut texts: impl Iterator<Item = &'a Option<String>>) -> Option<String> {
    let first = texts.next()?;
    first.clone().filter(|_| texts.all(|other| other == first))
}
