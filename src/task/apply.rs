//! Carrying a plan out, step by step, and keeping account of how far it came.

use std::collections::VecDeque;
use std::iter;
use std::time::Duration;

use crate::client::Client;
use crate::task::TaskError;
use crate::task::plan::{Action, Halted, Outcome, Plan, Planned, Step, StepOutcome, Task};

/// What is told of a plan while it is carried out.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A step is begun; until it ends, it may or may not have taken effect.
    Begun(&'a Step),
    /// A step took effect.
    Done(&'a Step),
    /// The step that was begun had no effect, or not yet.
    Left,
}

/// Carries out a plan step by step; `tell` hears how far it is.
pub fn apply<T: Task>(
    client: &Client,
    plan: Plan<T::Op, T::Report>,
    tell: impl Fn(Event),
) -> Result<Outcome<T::Report>, Box<Halted>> {
    let mut course = Execution::<T>::new(plan);
    while !course.is_over() {
        course.step_and_pause(client, &tell);
    }
    course.end()
}

/// A plan that is being carried out.
pub(super) struct Execution<T: Task> {
    ahead: VecDeque<Planned<T::Op>>,
    done: Vec<Step>,
    failed: Option<(Step, TaskError)>,
    warnings: Vec<String>,
    report: T::Report,
}

impl<T: Task> Execution<T> {
    pub(super) fn new(plan: Plan<T::Op, T::Report>) -> Self {
        let Plan {
            steps,
            warnings,
            report,
        } = plan;
        Execution {
            ahead: steps.into(),
            done: Vec::new(),
            failed: None,
            warnings,
            report,
        }
    }

    /// Goes on until the end, until a step fails, or up to a wait.
    pub(super) fn go_on(&mut self, client: &Client, tell: &impl Fn(Event)) {
        while !self.is_over() && !self.is_waiting() {
            self.step_and_pause(client, tell);
        }
    }

    fn step_and_pause(&mut self, client: &Client, tell: &impl Fn(Event)) {
        if let Some(pause) = self.step(client, tell) {
            client.clock().sleep(pause);
        }
    }

    /// Performs the next step once; gives the time until it is to be performed again, if it is not over by then.
    pub(super) fn step(&mut self, client: &Client, tell: &impl Fn(Event)) -> Option<Duration> {
        let Planned { mut step, op } = self.ahead.pop_front()?;
        tell(Event::Begun(&step));
        match T::perform(client, op, &mut self.report) {
            Ok(StepOutcome::Done) => {
                tell(Event::Done(&step));
                self.done.push(step);
            }
            Ok(StepOutcome::DoneOtherwise(after)) => {
                step.after = after;
                tell(Event::Done(&step));
                self.done.push(step);
            }
            Ok(StepOutcome::Skipped(reason)) => {
                tell(Event::Left);
                self.warnings.push(reason);
            }
            Ok(StepOutcome::Later(op, pause)) => {
                tell(Event::Left);
                self.ahead.push_front(Planned { step, op });
                return Some(pause);
            }
            Err(error) => {
                if !error.may_have_changed() {
                    tell(Event::Left);
                }
                self.failed = Some((step, error));
            }
        }
        None
    }

    fn is_over(&self) -> bool {
        self.has_failed() || self.ahead.is_empty()
    }

    /// Whether it can go on only after something has come true on the server.
    pub(super) fn is_waiting(&self) -> bool {
        let next = self.ahead.front().map(|planned| planned.step.action);
        !self.has_failed() && next == Some(Action::Wait)
    }

    /// Whether a step failed.
    pub(super) fn has_failed(&self) -> bool {
        self.failed.is_some()
    }

    /// Ends it where it stands: what has nothing left to do has succeeded all the same.
    pub(super) fn abandon(
        mut self,
        reason: &'static str,
    ) -> Result<Outcome<T::Report>, Box<Halted>> {
        if let (None, Some(next)) = (&self.failed, self.ahead.pop_front()) {
            self.failed = Some((next.step, TaskError::Abandoned(reason)));
        }
        self.end()
    }

    pub(super) fn end(self) -> Result<Outcome<T::Report>, Box<Halted>> {
        let Execution {
            ahead,
            done,
            failed,
            warnings,
            report,
        } = self;
        let Some((step, error)) = failed else {
            return Ok(Outcome {
                steps: done,
                warnings,
                report,
            });
        };
        let not_done = iter::once(step)
            .chain(ahead.into_iter().map(|later| later.step))
            .collect();
        Err(Box::new(Halted {
            error,
            done,
            not_done,
            warnings,
        }))
    }
}
