//! Tasks and plans: the ordered steps from the current state to the desired one, and the outcome of applying them.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::client::{Client, ReadOnlyClient};
use crate::task::{OngoingWait, Result, TaskError, verify};

/// A desired state that can be planned and applied.
pub(crate) trait Task: Sized + Sync {
    /// One operation on the server, complete: carrying it out needs no further decision.
    type Op: Send;
    /// What the task reports about its object: predicted before the steps, read back after them.
    type Report: Send;

    /// Refuses what no server could fulfil, before any request.
    fn require_valid_options(&self) -> Result<()> {
        Ok(())
    }

    /// Compares the desired state with the server's. Cannot write: a [`ReadOnlyClient`] has no writing request.
    fn plan(&self, client: &ReadOnlyClient) -> Result<Plan<Self::Op, Self::Report>>;

    /// Carries out one operation, reads back, and updates the report. A pending operation is carried out again.
    fn apply_step(client: &Client, op: &mut Self::Op, report: &mut Self::Report) -> StepResult;

    /// Looks once more at what was written, where a write of it was given up on and may have taken effect after later ones,
    /// and writes it again. Returns what the user should know of that.
    fn settle(_client: &Client, _report: &mut Self::Report) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    /// The wait of an operation whose polls have to wait for each other: in a batch, all such waits begin together.
    fn queued_wait(_op: &mut Self::Op) -> Option<&mut OngoingWait> {
        None
    }

    /// Whether an operation is carried out also after one before it failed: what undoes what was meant for a time only.
    fn runs_whatever_happens(_op: &Self::Op, _report: &Self::Report) -> bool {
        false
    }

    /// What a failure tells of the report, as keys of the result.
    fn failure_facts(_report: &Self::Report) -> Map<String, Value> {
        Map::new()
    }

    /// The objects that the plan decides about, even where no step is needed: in a batch, no two tasks may claim the
    /// same object.
    fn claimed_objects(&self, _plan: &Plan<Self::Op, Self::Report>) -> Vec<String> {
        vec![self.title()]
    }

    /// Warnings of what went on beside the steps, told at the end.
    fn closing_warnings(_report: &Self::Report) -> Vec<String> {
        Vec::new()
    }

    /// Resolves conflicts between the plans of a batch, where several want what only one can have. The earliest wins.
    fn resolve_conflicts(_plans: &mut [PlanResult<Self>]) {}

    /// The object of the task, for messages about a batch: `machine 'qdc01'`.
    fn title(&self) -> String;
}

/// The plan of a task, or why there is none.
pub(crate) type PlanResult<T> = Result<Plan<<T as Task>::Op, <T as Task>::Report>>;

/// The outcome of one operation, or why it failed.
pub(crate) type StepResult = Result<StepOutcome>;

/// The outcome of one operation.
#[derive(Debug)]
pub(crate) enum StepOutcome {
    /// The server now has what the step says.
    Done,
    /// The same, and the user should know this.
    DoneWithWarnings(Vec<String>),
    /// The server now has this. It is not what the step says if another client was first.
    DoneWith(Value),
    /// Nothing was changed, for the reason given: the server still needs the object as it is.
    Skipped(String),
    /// Not finished: the operation goes on after this time.
    Pending(Duration),
}

/// The kinds of steps, as they are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Action {
    /// An object is created with a small request.
    Create,
    /// An image is created with its bytes.
    Upload,
    /// Fields of an existing object change.
    Update,
    /// Fields of an object go back to what they were before a change for a time.
    Restore,
    Delete,
    /// A machine is rebooted into its installer.
    Provision,
    Reboot,
    /// Only reads, until the machine reaches a state.
    Wait,
}

/// One step of a plan, as a person reads it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Step {
    pub action: Action,
    /// The object, by the names its users know.
    pub target: String,
    pub why: String,
    /// The current values of the fields that change; null where the object does not exist yet.
    pub before: Value,
    /// The desired values of the same fields; null where the object is deleted.
    pub after: Value,
    /// A text that changes and is too long for `before` and `after`: shown only in the diff.
    #[serde(skip)]
    pub text: Option<TextChange>,
}

impl Step {
    pub(super) fn new(
        action: Action,
        target: String,
        why: impl Into<String>,
        before: Value,
        after: Value,
    ) -> Step {
        Step {
            action,
            target,
            why: why.into(),
            before,
            after,
            text: None,
        }
    }

    /// The update of those fields of an object that differ; None if none does.
    pub(super) fn update(target: String, object: Value, changes: Value) -> Option<Step> {
        let changes = verify::fields(changes);
        let names: Vec<&str> = changes.keys().map(String::as_str).collect();
        let why = match names.as_slice() {
            [] => return None,
            [only] => format!("{only} differs"),
            _ => format!("{} differ", names.join(", ")),
        };
        let before = verify::same_fields(object, &changes);
        Some(Step::new(
            Action::Update,
            target,
            why,
            before.into(),
            changes.into(),
        ))
    }

    /// The deletion of an object that the user wants to be absent.
    pub(super) fn delete(target: String, object: Value) -> Step {
        Step::new(
            Action::Delete,
            target,
            "it shall be absent",
            object,
            Value::Null,
        )
    }

    /// Whether the step changes something; a wait only reads.
    fn writes(&self) -> bool {
        self.action != Action::Wait
    }

    /// The same with a long text that changes; an empty one is none.
    pub(super) fn with_text(mut self, before: &str, after: &str) -> Step {
        self.text = Some(TextChange {
            before: before.into(),
            after: after.into(),
        });
        self
    }
}

/// A long text before and after.
#[derive(Clone, Debug)]
pub(crate) struct TextChange {
    pub before: String,
    pub after: String,
}

/// The desired value if one was given and the current one differs.
pub(super) fn changed<T: Clone + PartialEq>(desired: &Option<T>, current: &T) -> Option<T> {
    desired.clone().filter(|desired| desired != current)
}

/// Like [`changed`] for a text; none and an empty one are the same.
pub(super) fn changed_text(desired: &Option<String>, current: &Option<String>) -> Option<String> {
    changed(desired, current.as_ref().unwrap_or(&String::new()))
}

/// A step together with the operation that carries it out.
#[derive(Debug)]
pub(crate) struct PlannedStep<Op> {
    pub step: Step,
    pub op: Op,
}

/// The steps from the current state to the desired one; empty when nothing differs.
#[derive(Debug)]
pub(crate) struct Plan<Op, Report> {
    pub steps: VecDeque<PlannedStep<Op>>,
    /// What the user should know although nothing failed.
    pub warnings: Vec<String>,
    /// The report about the object, predicted for when all steps are done.
    pub report: Report,
}

impl<Op, Report> Plan<Op, Report> {
    pub(crate) fn empty(report: Report) -> Self {
        Plan {
            steps: VecDeque::new(),
            warnings: Vec::new(),
            report,
        }
    }

    pub(crate) fn push(&mut self, op: Op, step: Step) {
        self.steps.push_back(PlannedStep { step, op });
    }

    /// The outcome that applying would have: the result of check mode.
    pub(crate) fn predicted_outcome(self) -> TaskOutcome<Report> {
        TaskOutcome {
            steps: self.steps.into_iter().map(|planned| planned.step).collect(),
            warnings: self.warnings,
            report: self.report,
        }
    }
}

/// The outcome of a plan: the steps that were done, and the report about the object.
#[derive(Debug)]
pub(crate) struct TaskOutcome<Report> {
    /// The steps that were done; in check mode, those that would be.
    pub steps: Vec<Step>,
    /// What the user should know although nothing failed.
    pub warnings: Vec<String>,
    pub report: Report,
}

impl<Report> TaskOutcome<Report> {
    /// True exactly when a step was done that writes.
    pub(crate) fn changed(&self) -> bool {
        self.steps.iter().any(Step::writes)
    }
}

/// The outcome of a plan, complete or not.
pub(crate) type TaskResult<T> = Result<TaskOutcome<<T as Task>::Report>, Box<PartialOutcome>>;

/// The outcome of a plan that stopped at a failed step.
#[derive(Debug)]
pub(crate) struct PartialOutcome {
    /// Why the step after `done` failed.
    pub error: TaskError,
    pub done: Vec<Step>,
    /// The step that failed, then those that were not started.
    pub not_done: Vec<Step>,
    pub warnings: Vec<String>,
    /// What was seen on the way, as keys of the result.
    pub facts: Map<String, Value>,
}

impl PartialOutcome {
    /// True when a step was done that writes, or when the failed one may have taken effect all the same.
    pub(crate) fn may_have_changed(&self) -> bool {
        self.done.iter().any(Step::writes) || self.error.may_have_changed()
    }
}
