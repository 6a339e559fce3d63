//! Plans: the ordered steps between what is and what shall be, and what came of them.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use crate::client::{Client, ReadOnlyClient};
use crate::task::TaskError;

/// A desired state that can be planned and made so.
pub trait Task {
    /// One operation on the server, complete: performing it needs no further decision.
    type Op;
    /// What the task tells about its object, before (as predicted) and after (as read back).
    type Report;

    /// Refuses what cannot be, whatever the server has: before it is asked for anything.
    fn require_valid_options(&self) -> Result<(), TaskError> {
        Ok(())
    }

    /// Compares the desired state with the server's. Cannot write: a [`ReadOnlyClient`] has no writing request.
    fn plan(&self, client: &ReadOnlyClient) -> Result<Plan<Self::Op, Self::Report>, TaskError>;

    /// Carries out one operation, reads back, and brings the report up to date.
    fn perform(
        client: &Client,
        op: Self::Op,
        report: &mut Self::Report,
    ) -> Result<StepOutcome<Self::Op>, TaskError>;

    /// The objects that a plan decides on, also where nothing is to be done for them: in a list of tasks, each can be
    /// the object of one.
    fn objects(&self, _plan: &Plan<Self::Op, Self::Report>) -> Vec<String> {
        vec![self.title()]
    }

    /// Settles what several plans of a list want at once and only one can have: the earlier one has it.
    fn settle(_plans: &mut [Planning<Self>])
    where
        Self: Sized,
    {
    }

    /// What the task is about, for lists of tasks: `machine 'qdc01'`.
    fn title(&self) -> String;
}

/// What planning a task came to.
pub type Planning<T> = Result<Plan<<T as Task>::Op, <T as Task>::Report>, TaskError>;

/// What performing one operation came to.
#[derive(Debug, PartialEq, Eq)]
pub enum StepOutcome<Op> {
    /// The server now has what the step says.
    Done,
    /// The server now has this instead: somebody else was quicker at what the step says.
    DoneOtherwise(Value),
    /// The server still needs the object as it is; for the reason given nothing was changed.
    Skipped(String),
    /// Not yet: this operation is to be performed after this time.
    Later(Op, Duration),
}

/// The verbs of steps, as they are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// An object comes into being with a small request.
    Create,
    /// An image comes into being with its bytes.
    Upload,
    /// Fields of an existing object change.
    Update,
    /// An object goes away.
    Delete,
    /// A machine is rebooted into its installer.
    Provision,
    /// A machine starts anew.
    Reboot,
    /// Nothing is sent but questions, until the machine reports.
    Wait,
}

/// One step of a plan, as a person reads it.
#[derive(Clone, Debug, Serialize)]
pub struct Step {
    /// What is done.
    pub action: Action,
    /// To what, by the names its users know.
    pub target: String,
    /// The reason, as a part of a sentence.
    pub why: String,
    /// The fields that change, as they are; null where the object does not exist yet.
    pub before: Value,
    /// The same fields as they shall be; null where the object goes away.
    pub after: Value,
    /// A text that changes, too long for `before` and `after`: shown in the diff only.
    #[serde(skip)]
    pub text: Option<TextChange>,
}

/// A long text before and after.
#[derive(Clone, Debug)]
pub struct TextChange {
    /// As it is; empty where there is none.
    pub before: String,
    /// As it shall be.
    pub after: String,
}

/// A step together with the operation that makes it so.
#[derive(Debug)]
pub struct Planned<Op> {
    /// What a person reads.
    pub step: Step,
    /// What [`Task::perform`] is handed.
    pub op: Op,
}

/// The steps from what is to what shall be; empty when nothing differs.
#[derive(Debug)]
pub struct Plan<Op, Report> {
    /// In the order in which they are to be carried out.
    pub steps: Vec<Planned<Op>>,
    /// What the user should know although nothing failed.
    pub warnings: Vec<String>,
    /// The object as it will be told once all steps are done.
    pub report: Report,
}

impl<Op, Report> Plan<Op, Report> {
    /// A plan without steps.
    pub fn nothing(report: Report) -> Self {
        Plan {
            steps: Vec::new(),
            warnings: Vec::new(),
            report,
        }
    }

    /// Adds a step at the end.
    pub fn push(&mut self, op: Op, step: Step) {
        self.steps.push(Planned { step, op });
    }

    /// The outcome that applying would have, with nothing done: check mode.
    pub fn pretend(self) -> Outcome<Report> {
        Outcome {
            steps: self.steps.into_iter().map(|planned| planned.step).collect(),
            warnings: self.warnings,
            report: self.report,
        }
    }
}

/// What came of a plan: the steps that were done, and the object as it is now.
#[derive(Debug)]
pub struct Outcome<Report> {
    /// The steps that were done (in check mode: that would be).
    pub steps: Vec<Step>,
    /// What the user should know although nothing failed.
    pub warnings: Vec<String>,
    /// The object.
    pub report: Report,
}

impl<Report> Outcome<Report> {
    /// True exactly when a step was done.
    pub fn changed(&self) -> bool {
        !self.steps.is_empty()
    }
}

/// A plan that stopped at a step that failed.
#[derive(Debug)]
pub struct Halted {
    /// Why the step after `done` failed.
    pub error: TaskError,
    /// The steps that took effect.
    pub done: Vec<Step>,
    /// The step that failed, then those that were not begun.
    pub not_done: Vec<Step>,
    /// What the user should know besides.
    pub warnings: Vec<String>,
}

impl Halted {
    /// Of a task that has no plan.
    pub(super) fn unplanned(error: TaskError) -> Box<Halted> {
        Box::new(Halted {
            error,
            done: Vec::new(),
            not_done: Vec::new(),
            warnings: Vec::new(),
        })
    }

    /// True when a step was done, or when the failed one may have taken effect all the same.
    pub fn may_have_changed(&self) -> bool {
        !self.done.is_empty() || self.error.may_have_changed()
    }
}
