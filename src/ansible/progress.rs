//! What a run has done so far, for the result that a signal or a panic prints in place of the
//! module.

use std::sync::{Mutex, PoisonError};

use serde_json::Value;

static STEPS: Mutex<Vec<Value>> = Mutex::new(Vec::new());

/// Records a step that has been done: {action, target, why, before, after}.
pub fn record(step: Value) {
    STEPS
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(step);
}

/// The steps so far, in order.
pub(super) fn recorded() -> Vec<Value> {
    STEPS.lock().unwrap_or_else(PoisonError::into_inner).clone()
}
