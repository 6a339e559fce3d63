//! The completed steps of a run, for the result that a signal or a panic prints in place of the module. No step begins
//! after that result was made.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use crate::ansible::call::Call;
use crate::support::progress::{ProgressEvent, ProgressListener};

/// Steps are objects with {action, target, why, before, after}.
#[derive(Clone, Debug)]
pub(crate) struct CompletedSteps {
    /// The steps that were done, in order.
    pub(crate) done: Vec<Value>,
    /// The steps that failed and may have taken effect all the same.
    pub(crate) uncertain: Vec<Value>,
    /// The step that was begun and has not ended: whether it takes effect is not known.
    pub(crate) under_way: Option<Value>,
    /// Whether it has sent a request that writes. Until then it has only looked, and has no effect.
    has_written: bool,
}

static STEPS: Mutex<CompletedSteps> = Mutex::new(CompletedSteps {
    done: Vec::new(),
    uncertain: Vec::new(),
    under_way: None,
    has_written: false,
});

/// Notes that a step which changes something begins.
pub fn begin(step: Value) {
    let mut steps = steps();
    steps.under_way = Some(step);
    steps.has_written = false;
}

/// Notes that the step under way sends a request that writes.
pub fn write() {
    steps().has_written = true;
}

/// Notes that a step is done.
pub fn complete(step: Value) {
    let mut steps = steps();
    steps.done.push(step);
    steps.under_way = None;
}

/// Notes that the step under way failed and may have taken effect.
pub fn fail() {
    let mut steps = steps();
    let failed = steps.under_way.take();
    steps.uncertain.extend(failed);
}

/// Notes that the step under way ended without any effect.
pub fn cancel() {
    steps().under_way = None;
}

/// The same call, with requests that block where the run has ended: a step has several, and not each of them is sent when
/// the step begins.
pub(crate) fn hold_requests_after_end(call: &Call) -> Call {
    let listener = call.progress.clone();
    let listen = move |event: &ProgressEvent| {
        match event {
            ProgressEvent::RequestStarted { writes: true } => write(),
            ProgressEvent::RequestStarted { writes: false } => drop(steps()),
            _ => {}
        }
        listener.report(event);
    };
    Call {
        progress: ProgressListener::new(listen),
        ..call.clone()
    }
}

/// The steps up to now, for the result of a run that ends here. Until the process exits, each thread that begins or ends a
/// step blocks: printing takes time, and what began meanwhile would be missing in the result.
pub(crate) fn end() -> CompletedSteps {
    let steps = steps();
    let mut until_now = steps.clone();
    std::mem::forget(steps);
    if !until_now.has_written {
        until_now.under_way = None;
    }
    until_now
}

fn steps() -> MutexGuard<'static, CompletedSteps> {
    STEPS.lock().unwrap_or_else(PoisonError::into_inner)
}
