//! Applying a plan step by step, with a record of what was done.

use std::time::Duration;

use crate::client::Client;
use crate::task::plan::{
    Action, PartialOutcome, Plan, PlannedStep, Step, StepOutcome, Task, TaskOutcome, TaskResult,
};
use crate::task::{Result, TaskError};

/// An event of a step, reported while a plan is applied.
#[derive(Clone, Copy, Debug)]
pub(crate) enum StepEvent<'a> {
    /// A step is started; until it ends, it may or may not have taken effect.
    Started(&'a Step),
    Done(&'a Step),
    /// The step that was started had no effect, or none yet.
    NoEffect,
    /// The step that was started failed and may have taken effect.
    Failed,
}

/// Applies a plan step by step and reports each step to `listener`.
pub(crate) fn apply<T: Task>(
    client: &Client,
    plan: Plan<T::Op, T::Report>,
    listener: &dyn Fn(StepEvent),
) -> TaskResult<T> {
    let mut execution = Execution::<T>::new(plan);
    execution.run_rest(client, listener);
    execution.settle(client);
    execution.finish()
}

/// A plan that is being applied.
pub(super) struct Execution<T: Task> {
    /// The steps that are left, with the warnings and the report so far.
    pub(super) plan: Plan<T::Op, T::Report>,
    ended: EndedSteps,
    /// When its wait goes on, by the client's clock.
    pub(super) due: Duration,
}

/// The steps of a plan that were run to their end.
#[derive(Default)]
struct EndedSteps {
    done: Vec<Step>,
    /// The step that failed, where it was one, and why.
    failed: Option<(Option<Step>, TaskError)>,
    /// The steps that were not begun, or failed as well, after another had failed.
    left_out: Vec<Step>,
}

impl EndedSteps {
    /// Reports how a step went and keeps it where it has ended. One that is pending is given back, with the time until it
    /// continues. Apart from `run_step`, which is compiled for every task.
    fn add(
        &mut self,
        mut step: Step,
        outcome: Result<StepOutcome>,
        warnings: &mut Vec<String>,
        listener: &dyn Fn(StepEvent),
    ) -> Option<(Step, Duration)> {
        match outcome {
            Ok(StepOutcome::Pending(pause)) => {
                listener(StepEvent::NoEffect);
                return Some((step, pause));
            }
            Ok(StepOutcome::Skipped(reason)) => {
                listener(StepEvent::NoEffect);
                warnings.push(reason);
                return None;
            }
            Err(error) => {
                listener(match error.may_have_changed() {
                    true => StepEvent::Failed,
                    false => StepEvent::NoEffect,
                });
                self.fail(step, error, warnings);
                return None;
            }
            Ok(StepOutcome::Done) => {}
            Ok(StepOutcome::DoneWithWarnings(more)) => warnings.extend(more),
            Ok(StepOutcome::DoneWith(after)) => step.after = after,
        }
        listener(StepEvent::Done(&step));
        self.done.push(step);
        None
    }

    /// The first failure is that of the whole. One of a step that is run whatever happens is told as a warning.
    fn fail(&mut self, step: Step, error: TaskError, warnings: &mut Vec<String>) {
        if self.failed.is_some() {
            warnings.push(error.to_string());
            self.left_out.push(step);
        } else {
            self.failed = Some((Some(step), error));
        }
    }
}

impl<T: Task> Execution<T> {
    pub(super) fn new(plan: Plan<T::Op, T::Report>) -> Self {
        Execution {
            plan,
            ended: EndedSteps::default(),
            due: Duration::ZERO,
        }
    }

    /// Runs steps until the end, until one fails, or until the next one is a wait.
    pub(super) fn run_until_wait(&mut self, client: &Client, listener: &dyn Fn(StepEvent)) {
        while !self.is_over() && !self.is_waiting() {
            self.run_step_and_sleep(client, listener);
        }
    }

    fn run_step_and_sleep(&mut self, client: &Client, listener: &dyn Fn(StepEvent)) {
        if let Some(pause) = self.run_step(client, listener) {
            client.clock().sleep(pause);
        }
    }

    /// Runs the next step once. A step that is still pending stays the next one; the result is the time until it
    /// continues.
    pub(super) fn run_step(
        &mut self,
        client: &Client,
        listener: &dyn Fn(StepEvent),
    ) -> Option<Duration> {
        let PlannedStep { step, mut op } = self.plan.steps.pop_front()?;
        listener(StepEvent::Started(&step));
        let outcome = T::apply_step(client, &mut op, &mut self.plan.report);
        let warnings = &mut self.plan.warnings;
        let Some((step, pause)) = self.ended.add(step, outcome, warnings, listener) else {
            self.leave_out_after_failure();
            return None;
        };
        self.plan.steps.push_front(PlannedStep { step, op });
        Some(pause)
    }

    /// Keeps of the steps that are left after a failure only those that are run whatever happens.
    fn leave_out_after_failure(&mut self) {
        if !self.has_failed() {
            return;
        }
        for planned in std::mem::take(&mut self.plan.steps) {
            match T::runs_whatever_happens(&planned.op, &self.plan.report) {
                true => self.plan.steps.push_back(planned),
                false => self.ended.left_out.push(planned.step),
            }
        }
    }

    fn is_over(&self) -> bool {
        self.plan.steps.is_empty()
    }

    /// Leaves out the steps that are left, for this reason, but those that are run whatever happens.
    pub(super) fn abandon(&mut self, reason: &'static str) {
        let report = &self.plan.report;
        let mut left = self.plan.steps.iter();
        if !self.has_failed()
            && !left.all(|planned| T::runs_whatever_happens(&planned.op, report))
            && let Some(next) = self.plan.steps.pop_front()
        {
            self.ended.failed = Some((Some(next.step), TaskError::Abandoned(reason)));
            self.leave_out_after_failure();
        }
    }

    /// Runs all steps that are left.
    pub(super) fn run_rest(&mut self, client: &Client, listener: &dyn Fn(StepEvent)) {
        while !self.is_over() {
            self.run_step_and_sleep(client, listener);
        }
    }

    /// Whether the next step is to wait for a state of the server.
    pub(super) fn is_waiting(&self) -> bool {
        let next = self.plan.steps.front();
        !self.has_failed() && next.is_some_and(|planned| planned.step.action == Action::Wait)
    }

    /// Counts the time of the next step's wait from now on, if it has to queue for its polls and has not begun yet.
    pub(super) fn begin_queued_wait(&mut self, now: Duration) {
        let next = self.plan.steps.front_mut();
        if let Some(wait) = next.and_then(|planned| T::queued_wait(&mut planned.op)) {
            wait.start_at(now);
        }
    }

    pub(super) fn has_failed(&self) -> bool {
        self.ended.failed.is_some()
    }

    /// Whether it failed for a reason that concerns every task.
    pub(super) fn concerns_all(&self) -> bool {
        let failed = self.ended.failed.as_ref();
        failed.is_some_and(|(_, error)| error.concerns_all())
    }

    /// Looks once more at what was written, when all steps are done.
    pub(super) fn settle(&mut self, client: &Client) {
        if self.has_failed() || !self.plan.steps.is_empty() {
            return;
        }
        match T::settle(client, &mut self.plan.report) {
            Ok(warnings) => self.plan.warnings.extend(warnings),
            Err(error) => self.ended.failed = Some((None, error)),
        }
    }

    /// The outcome when no further step is run.
    pub(super) fn finish(self) -> TaskResult<T> {
        let Execution { plan, ended, .. } = self;
        let EndedSteps {
            done,
            failed,
            left_out,
        } = ended;
        // What failed may be going on beside the steps until it is asked for its facts.
        let facts = failed.as_ref().map(|_| T::failure_facts(&plan.report));
        let mut warnings = plan.warnings;
        warnings.extend(T::closing_warnings(&plan.report));
        match failed {
            None => Ok(TaskOutcome {
                steps: done,
                warnings,
                report: plan.report,
            }),
            Some((step, error)) => Err(Box::new(PartialOutcome {
                error,
                done,
                not_done: step.into_iter().chain(left_out).collect(),
                warnings,
                facts: facts.unwrap_or_default(),
            })),
        }
    }
}
