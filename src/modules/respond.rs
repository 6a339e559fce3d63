//! From a task to a module's result: the same keys for every module.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::connection;
use crate::ansible::{Call, Diff, Failure, Return, Success, progress};
use crate::task::{self, Halted, Outcome, Step, Task, TaskError};

/// Plans the task and, outside check mode, applies the plan.
pub(super) fn run<T: Task>(call: &Call, task: &T) -> Result<Success, Failure>
where
    T::Report: Serialize,
{
    let writer = connection::connect(call)?;
    let plan = task.plan(&writer.reader().remembering()).map_err(failure)?;
    let outcome = if call.check_mode {
        plan.pretend()
    } else {
        let record = |step: &Step| progress::record(json!(step));
        task::apply::<T>(&writer, plan, record).map_err(|halted| halfway(*halted))?
    };
    Ok(success(outcome))
}

/// A task's error before anything was done.
pub(super) fn failure(error: TaskError) -> Failure {
    let mut failure = Failure::new(error.to_string());
    failure.hint = error.hint();
    failure.server_response = error.server_response().map(str::to_owned);
    failure
}

fn success<Report: Serialize>(outcome: Outcome<Report>) -> Success {
    let mut fields = fields_of(&outcome.report);
    fields.insert("plan".into(), json!(outcome.steps));
    Success {
        changed: outcome.changed(),
        fields,
        diff: diffs(&outcome.steps),
        warnings: outcome.warnings,
    }
}

/// A plan that stopped half-way tells which steps were done and which were not.
fn halfway(halted: Halted) -> Failure {
    let changed = halted.may_have_changed();
    let mut failure = failure(halted.error);
    let all: Vec<&Step> = halted.done.iter().chain(&halted.not_done).collect();
    failure.changed = changed;
    failure.fields.insert("plan".into(), json!(all));
    failure.fields.insert("done".into(), json!(halted.done));
    failure
        .fields
        .insert("not_done".into(), json!(halted.not_done));
    failure.diff = diffs(&halted.done);
    failure.warnings = halted.warnings;
    failure
}

/// The fields of a struct, as the keys of a result.
pub(super) fn fields_of(report: &impl Serialize) -> Map<String, Value> {
    match json!(report) {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

fn diffs(steps: &[Step]) -> Vec<Diff> {
    steps
        .iter()
        .flat_map(|step| [Some(field_diff(step)), text_diff(step)])
        .flatten()
        .collect()
}

fn field_diff(step: &Step) -> Diff {
    diff(step.target.clone(), lines(&step.before), lines(&step.after))
}

fn text_diff(step: &Step) -> Option<Diff> {
    let text = step.text.as_ref()?;
    Some(diff(
        format!("{} (content)", step.target),
        text.before.clone(),
        text.after.clone(),
    ))
}

fn diff(header: String, before: String, after: String) -> Diff {
    Diff {
        before_header: header.clone(),
        after_header: header,
        before,
        after,
    }
}

/// One line a field, so that a diff shows the fields that change.
fn lines(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| format!("{name}: {value}\n"))
            .collect(),
        other => format!("{other}\n"),
    }
}

/// The documentation of the key `plan`.
pub(super) const PLAN: Return = Return::new("plan", "list")
    .returned("always, when there was something to plan")
    .about(
        "The steps that were done (in check mode: that would be), in their order. When the task failed half-way, \
         all steps, and C(done) and C(not_done) tell them apart.",
    )
    .contains(&[
        Return::new("action", "str").about("create, upload, update, delete, provision or wait."),
        Return::new("target", "str").about("What it was done to."),
        Return::new("why", "str").about("The reason."),
        Return::new("before", "dict").about("The fields that change, as they were."),
        Return::new("after", "dict").about("The same fields as they are now."),
    ]);
