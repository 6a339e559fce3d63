//! The requests of a run, for a result at high verbosity.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use crate::ansible::call::Call;
use crate::support::progress::{ProgressEvent, ProgressListener};

/// Collects the requests that a call reports.
#[derive(Clone, Default)]
pub(crate) struct RequestLog(Arc<Mutex<Vec<Value>>>);

impl RequestLog {
    /// The same call, with every request added to this log.
    pub(crate) fn attach(&self, call: &Call) -> Call {
        let (log, listener) = (self.clone(), call.progress.clone());
        let listen = move |event: &ProgressEvent| {
            let mut entries = log.0.lock().unwrap_or_else(PoisonError::into_inner);
            entries.extend(entry(event));
            drop(entries);
            listener.report(event);
        };
        Call {
            progress: ProgressListener::new(listen),
            ..call.clone()
        }
    }

    /// The requests up to now, in the order in which they ended.
    pub(crate) fn entries(&self) -> Value {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.clone().into()
    }
}

fn entry(event: &ProgressEvent) -> Option<Value> {
    let ProgressEvent::RequestEnded {
        method,
        path,
        status,
        elapsed,
        attempt,
    } = event
    else {
        return None;
    };
    let milliseconds = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    Some(json!({
        "method": method,
        "path": path,
        "status": status,
        "milliseconds": milliseconds,
        "attempt": attempt,
    }))
}
