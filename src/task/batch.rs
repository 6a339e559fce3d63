//! Batches: many tasks of one kind, planned in parallel, applied in their order, with one common wait.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Map;

use crate::client::{Client, ReadOnlyClient};
use crate::task::apply::{Execution, StepEvent};
use crate::task::plan::{PartialOutcome, PlanResult, Task, TaskResult};
use crate::task::{Result, TaskError, parallel};

/// Why a task is abandoned that did not fail itself.
const ANOTHER_FAILED: &str = "another item failed and O(fail_fast) is set";
const ALL_WOULD_FAIL: &str = "another item failed as all of them would";

/// Plans all tasks. Each plan is made from what the server has now, so no two may claim the same object. After an error
/// that concerns all tasks, no further request is sent.
pub(crate) fn plan_all<T: Task>(client: &ReadOnlyClient, tasks: &[T]) -> Vec<PlanResult<T>> {
    let all_would_fail = AtomicBool::new(false);
    let mut plans = parallel::map(tasks, |task| {
        if all_would_fail.load(Ordering::Relaxed) {
            return Err(TaskError::Abandoned(ALL_WOULD_FAIL));
        }
        let plan = task.plan(client);
        all_would_fail.fetch_or(concerns_all(&plan), Ordering::Relaxed);
        plan
    });
    // Requests in parallel fail alike: the error is reported once.
    for plan in plans.iter_mut().filter(|plan| concerns_all(plan)).skip(1) {
        *plan = Err(TaskError::Abandoned(ALL_WOULD_FAIL));
    }
    refuse_repeated_objects(tasks, &mut plans);
    T::resolve_conflicts(&mut plans);
    plans
}

/// The outcomes that [`apply_all`] would have: the result of check mode.
pub(crate) fn predict_all<T: Task>(
    plans: Vec<PlanResult<T>>,
    fail_fast: bool,
) -> Vec<TaskResult<T>> {
    let executions = executions::<T>(plans);
    let stop = stop_reason(&executions, fail_fast);
    executions
        .into_iter()
        .map(|execution| match (execution, stop) {
            (Ok(execution), None) => Ok(execution.plan.predicted_outcome()),
            (Ok(mut execution), Some(reason)) => {
                execution.abandon(reason);
                execution.finish()
            }
            (Err(error), _) => Err(unplanned(error)),
        })
        .collect()
}

/// Applies the plans in their order. A plan that has to wait is left at its wait while the others go on; then all waits
/// are polled in parallel until none is left. With `fail_fast`, no step is started after a failure; after an error that
/// concerns all tasks, none is started either way.
pub(crate) fn apply_all<T: Task>(
    client: &Client,
    plans: Vec<PlanResult<T>>,
    fail_fast: bool,
    listener: impl Fn(StepEvent) + Sync,
) -> Vec<TaskResult<T>> {
    let mut executions = executions::<T>(plans);
    let stop = loop {
        let stop = run_in_order(client, &mut executions, fail_fast, &listener);
        let mut waiting: Vec<&mut Execution<T>> = executions
            .iter_mut()
            .flatten()
            .filter(|execution| execution.is_waiting())
            .collect();
        if stop.is_some() || waiting.is_empty() {
            break stop;
        }
        let now = client.clock().now();
        waiting
            .iter_mut()
            .for_each(|execution| execution.begin_queued_wait(now));
        // Each wait has a pause of its own, which the server may have asked for.
        let next = waiting.iter().map(|execution| execution.due).min();
        let start = now.max(next.unwrap_or_default());
        client.clock().sleep(start.saturating_sub(now));
        let due = waiting
            .into_iter()
            .filter(|execution| execution.due <= start);
        let all_would_fail = AtomicBool::new(false);
        parallel::map_polls(due.collect(), |execution| {
            if all_would_fail.load(Ordering::Relaxed) {
                return;
            }
            let pause = execution.run_step(client, &listener);
            execution.due = start + pause.unwrap_or_default();
            all_would_fail.fetch_or(execution.concerns_all(), Ordering::Relaxed);
        });
    };
    for execution in executions.iter_mut().flatten() {
        if let Some(reason) = stop {
            execution.abandon(reason);
            execution.run_rest(client, &listener);
        }
        if stop != Some(ALL_WOULD_FAIL) {
            execution.settle(client);
        }
    }
    let finish = |execution: Result<Execution<T>>| execution.map_err(unplanned)?.finish();
    executions.into_iter().map(finish).collect()
}

/// The execution of each task, or why it could not be planned.
fn executions<T: Task>(plans: Vec<PlanResult<T>>) -> Vec<Result<Execution<T>>> {
    plans
        .into_iter()
        .map(|plan| plan.map(Execution::new))
        .collect()
}

/// Runs each execution in turn up to its next wait, unless there is a reason to stop.
fn run_in_order<T: Task>(
    client: &Client,
    executions: &mut [Result<Execution<T>>],
    fail_fast: bool,
    listener: &impl Fn(StepEvent),
) -> Option<&'static str> {
    for index in 0..executions.len() {
        if let Some(reason) = stop_reason(executions, fail_fast) {
            return Some(reason);
        }
        if let Ok(execution) = &mut executions[index] {
            execution.run_until_wait(client, listener);
        }
    }
    stop_reason(executions, fail_fast)
}

/// Why no further step is started; None to go on.
fn stop_reason<T: Task>(
    executions: &[Result<Execution<T>>],
    fail_fast: bool,
) -> Option<&'static str> {
    let concerns_all = |execution: &Result<Execution<T>>| match execution {
        Ok(execution) => execution.concerns_all(),
        Err(error) => error.concerns_all(),
    };
    if executions.iter().any(concerns_all) {
        return Some(ALL_WOULD_FAIL);
    }
    let mut executions = executions.iter().map(Result::as_ref);
    let has_failure = executions.any(|execution| execution.map_or(true, Execution::has_failed));
    (fail_fast && has_failure).then_some(ANOTHER_FAILED)
}

/// Whether a task could not be planned for a reason that concerns every task.
fn concerns_all<Planned>(plan: &Result<Planned>) -> bool {
    plan.as_ref().is_err_and(TaskError::concerns_all)
}

/// The outcome of a task that could not be planned.
fn unplanned(error: TaskError) -> Box<PartialOutcome> {
    Box::new(PartialOutcome {
        error,
        done: Vec::new(),
        not_done: Vec::new(),
        warnings: Vec::new(),
        facts: Map::new(),
    })
}

/// Refuses tasks that claim the same object. All plans are made before any is applied, so the second one would be
/// outdated when it is applied, and nothing says which of the two the user means.
fn refuse_repeated_objects<T: Task>(tasks: &[T], plans: &mut [PlanResult<T>]) {
    let mut claims: HashMap<String, BTreeSet<usize>> = HashMap::new();
    for (index, (task, plan)) in tasks.iter().zip(&*plans).enumerate() {
        for object in plan.iter().flat_map(|plan| task.claimed_objects(plan)) {
            claims.entry(object).or_default().insert(index);
        }
    }
    for &index in claims.values().filter(|tasks| tasks.len() > 1).flatten() {
        plans[index] = Err(TaskError::failed(
            tasks[index].title(),
            "is in the list more than once",
        ));
    }
}
