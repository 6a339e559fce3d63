//! From the outcome of a task, complete or partial, to the fields and differences of a result.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::ansible::{Diff, Failure, Success, completed_steps};
use crate::support::user_text::on_one_line;
use crate::task::{Action, PartialOutcome, Step, StepEvent, TaskOutcome};

/// Makes the keys of the result from a task's report.
pub(crate) type ToFields<Report> = fn(&Report) -> Map<String, Value>;

/// Keeps the completed steps, for a run that a signal or a panic ends.
pub(crate) fn record_step(event: StepEvent) {
    match event {
        // A step that only waits changes nothing.
        StepEvent::Started(step) if step.action == Action::Wait => {}
        StepEvent::Started(step) => completed_steps::begin(json!(step)),
        StepEvent::Done(step) => completed_steps::complete(json!(step)),
        StepEvent::NoEffect => completed_steps::cancel(),
        StepEvent::Failed => completed_steps::fail(),
    }
}

/// The result of a plan that was carried out, or would be.
pub(crate) fn success<Report>(
    outcome: TaskOutcome<Report>,
    to_fields: ToFields<Report>,
) -> Success {
    let fields = to_fields(&outcome.report);
    with_steps(fields, outcome.changed(), &outcome.steps, outcome.warnings)
}

/// The result that has these fields. Apart from `success`, which is compiled for every task.
fn with_steps(
    mut fields: Map<String, Value>,
    changed: bool,
    steps: &[Step],
    warnings: Vec<String>,
) -> Success {
    fields.insert("plan".into(), json!(steps));
    Success {
        changed,
        fields,
        diff: match changed {
            true => diffs(steps),
            false => Vec::new(),
        },
        warnings,
        objects: None,
    }
}

/// The failure of a plan that stopped at a step, with the steps that were done and those that were not.
pub(crate) fn partial_failure(halted: PartialOutcome) -> Failure {
    let changed = halted.may_have_changed();
    let all: Vec<&Step> = halted.done.iter().chain(&halted.not_done).collect();
    let mut fields = halted.facts;
    fields.extend([
        ("plan".to_owned(), json!(all)),
        ("done".to_owned(), json!(halted.done)),
        ("not_done".to_owned(), json!(halted.not_done)),
    ]);
    Failure {
        partial: Success {
            changed,
            diff: diffs(&halted.done),
            warnings: halted.warnings,
            objects: None,
            fields,
        },
        ..halted.error.into()
    }
}

/// The fields of a struct, as the keys of a result.
pub(crate) fn serialize_fields<Report: Serialize>(report: &Report) -> Map<String, Value> {
    match json!(report) {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

fn diffs(steps: &[Step]) -> Vec<Diff> {
    let diff = |header: String, before: String, after: String| Diff {
        before_header: on_one_line(&header),
        after_header: on_one_line(&header),
        before,
        after,
    };
    let mut diffs = Vec::new();
    for step in steps {
        let (before, after) = (field_lines(&step.before), field_lines(&step.after));
        diffs.push(diff(step.target.clone(), before, after));
        if let Some(text) = &step.text {
            let header = format!("{} (content)", step.target);
            diffs.push(diff(header, text.before.clone(), text.after.clone()));
        }
    }
    diffs
}

/// One line for each field, so that a diff shows the fields that change.
fn field_lines(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| format!("{name}: {value}\n"))
            .collect(),
        other => format!("{other}\n"),
    }
}
