//! From what a task came to, done or halted, to the fields and differences of a result.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::ansible::{Diff, Failure, Success, completed_steps};
use crate::modules::failure::failure;
use crate::task::{Action, PartialOutcome, Step, StepEvent, TaskOutcome};

/// What a task's report is told as: the keys of the result.
pub(crate) type Tell<Report> = fn(&Report) -> Map<String, Value>;

/// Keeps account of the steps, for a run that is cut short.
pub(crate) fn record(event: StepEvent) {
    match event {
        // Whoever only waits changes nothing.
        StepEvent::Started(step) if step.action == Action::Wait => {}
        StepEvent::Started(step) => completed_steps::begin(json!(step)),
        StepEvent::Done(step) => completed_steps::record(json!(step)),
        StepEvent::NoEffect => completed_steps::leave(),
    }
}

pub(crate) fn success<Report>(outcome: TaskOutcome<Report>, tell: Tell<Report>) -> Success {
    let mut fields = tell(&outcome.report);
    fields.insert("plan".into(), json!(outcome.steps));
    Success {
        changed: outcome.changed(),
        fields,
        diff: diffs(&outcome.steps),
        warnings: outcome.warnings,
    }
}

/// A plan that stopped half-way tells which steps were done and which were not.
pub(crate) fn halfway(halted: PartialOutcome) -> Failure {
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
pub(crate) fn fields_of<Report: Serialize>(report: &Report) -> Map<String, Value> {
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
