//! Applying a plan step by step, with a record of what was done.

use std::time::Duration;

use crate::client::Client;
use crate::task::TaskError;
use crate::task::plan::{
    Action, PartialOutcome, Plan, PlannedStep, Step, StepOutcome, Task, TaskOutcome, TaskResult,
};

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
    listener: impl Fn(StepEvent),
) -> TaskResult<T> {
    let mut execution = Execution::<T>::new(plan);
    while !execution.is_over() {
        execution.run_step_and_sleep(client, &listener);
    }
    execution.finish()
}

/// A plan that is being applied.
pub(super) struct Execution<T: Task> {
    /// The steps that are left, with the warnings and the report so far.
    pub(super) plan: Plan<T::Op, T::Report>,
    done: Vec<Step>,
    failed: Option<(Step, TaskError)>,
    /// The steps that were not begun, or failed as well, after another had failed.
    not_done: Vec<Step>,
    /// When its wait goes on, by the client's clock.
    pub(super) due: Duration,
}

impl<T: Task> Execution<T> {
    pub(super) fn new(plan: Plan<T::Op, T::Report>) -> Self {
        Execution {
            plan,
            done: Vec::new(),
            failed: None,
            not_done: Vec::new(),
            due: Duration::ZERO,
        }
    }

    /// Runs steps until the end, until one fails, or until the next one is a wait.
    pub(super) fn run_until_wait(&mut self, client: &Client, listener: &impl Fn(StepEvent)) {
        while !self.is_over() && !self.is_waiting() {
            self.run_step_and_sleep(client, listener);
        }
    }

    fn run_step_and_sleep(&mut self, client: &Client, listener: &impl Fn(StepEvent)) {
        if let Some(pause) = self.run_step(client, listener) {
            client.clock().sleep(pause);
        }
    }

    /// Runs the next step once. A step that is still pending stays the next one; the result is the time until it
    /// continues.
    pub(super) fn run_step(
        &mut self,
        client: &Client,
        listener: &impl Fn(StepEvent),
    ) -> Option<Duration> {
        let PlannedStep { mut step, mut op } = self.plan.steps.pop_front()?;
        listener(StepEvent::Started(&step));
        match T::apply_step(client, &mut op, &mut self.plan.report) {
            Ok(StepOutcome::Done) => {
                listener(StepEvent::Done(&step));
                self.done.push(step);
            }
            Ok(StepOutcome::DoneWithWarnings(warnings)) => {
                listener(StepEvent::Done(&step));
                self.done.push(step);
                self.plan.warnings.extend(warnings);
            }
            Ok(StepOutcome::DoneWith(after)) => {
                step.after = after;
                listener(StepEvent::Done(&step));
                self.done.push(step);
            }
            Ok(StepOutcome::Skipped(reason)) => {
                listener(StepEvent::NoEffect);
                self.plan.warnings.push(reason);
            }
            Ok(StepOutcome::Pending(pause)) => {
                listener(StepEvent::NoEffect);
                self.plan.steps.push_front(PlannedStep { step, op });
                return Some(pause);
            }
            Err(error) => {
                listener(match error.may_have_changed() {
                    true => StepEvent::Failed,
                    false => StepEvent::NoEffect,
                });
                self.fail(step, error);
            }
        }
        None
    }

    /// Keeps of the steps that are left only those that are run whatever happens. The first failure is that of the whole; one
    /// of such a step is told as a warning.
    fn fail(&mut self, step: Step, error: TaskError) {
        if self.has_failed() {
            self.plan.warnings.push(error.to_string());
            self.not_done.push(step);
            return;
        }
        self.failed = Some((step, error));
        for planned in std::mem::take(&mut self.plan.steps) {
            match T::runs_whatever_happens(&planned.op, &self.plan.report) {
                true => self.plan.steps.push_back(planned),
                false => self.not_done.push(planned.step),
            }
        }
    }

    fn is_over(&self) -> bool {
        self.plan.steps.is_empty()
    }

    /// The outcome when no step is run, for this reason.
    pub(super) fn left_out(mut self, reason: &'static str) -> TaskResult<T> {
        if let Some(next) = self.plan.steps.pop_front() {
            self.fail(next.step, TaskError::Abandoned(reason));
        }
        self.finish()
    }

    /// Leaves out the steps that are left, for this reason, and runs those that are run whatever happens.
    pub(super) fn abandon(
        &mut self,
        reason: &'static str,
        client: &Client,
        listener: &impl Fn(StepEvent),
    ) {
        let report = &self.plan.report;
        let mut left = self.plan.steps.iter();
        if !self.has_failed()
            && !left.all(|planned| T::runs_whatever_happens(&planned.op, report))
            && let Some(next) = self.plan.steps.pop_front()
        {
            self.fail(next.step, TaskError::Abandoned(reason));
        }
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
        self.failed.is_some()
    }

    /// Whether it failed for a reason that concerns every task.
    pub(super) fn concerns_all(&self) -> bool {
        let failed = self.failed.as_ref();
        failed.is_some_and(|(_, error)| error.concerns_all())
    }

    /// The outcome when no further step is run.
    pub(super) fn finish(self) -> TaskResult<T> {
        let Execution {
            plan,
            done,
            failed,
            not_done,
            ..
        } = self;
        match failed {
            None => Ok(TaskOutcome {
                steps: done,
                warnings: plan.warnings,
                report: plan.report,
            }),
            Some((step, error)) => Err(Box::new(PartialOutcome {
                error,
                done,
                not_done: [step].into_iter().chain(not_done).collect(),
                warnings: plan.warnings,
                facts: T::failure_facts(&plan.report),
            })),
        }
    }
}
