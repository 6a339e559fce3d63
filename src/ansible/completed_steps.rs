//! What a run has done so far, for the result that a signal or a panic prints in place of the
//! module.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

/// Steps are objects with {action, target, why, before, after}.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    /// What has been done, in order.
    pub(crate) done: Vec<Value>,
    /// What was begun and has not come to an end: whether it takes effect is open.
    pub(crate) under_way: Option<Value>,
}

static PROGRESS: Mutex<Progress> = Mutex::new(Progress {
    done: Vec::new(),
    under_way: None,
});

/// Notes that a step which changes something is begun.
pub fn begin(step: Value) {
    progress().under_way = Some(step);
}

/// Records a step that has been done.
pub fn record(step: Value) {
    let mut progress = progress();
    progress.done.push(step);
    progress.under_way = None;
}

/// Notes that the step under way came to an end without any effect.
pub fn leave() {
    progress().under_way = None;
}

/// How far it came.
pub(crate) fn so_far() -> Progress {
    progress().clone()
}

fn progress() -> MutexGuard<'static, Progress> {
    PROGRESS.lock().unwrap_or_else(PoisonError::into_inner)
}
