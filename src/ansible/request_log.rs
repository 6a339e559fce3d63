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
        Call {
            progress: ProgressListener::new(move |event| {
                log.add(event);
                listener.report(event);
            }),
            ..call.clone()
        }
    }

    fn add(&self, event: &ProgressEvent) {
        if let ProgressEvent::RequestEnded {
            method,
            path,
            status,
            elapsed,
            attempt,
        } = event
        {
            let entry = json!({
                "method": method,
                "path": path,
                "status": status,
                "milliseconds": u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
                "attempt": attempt,
            });
            let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            entries.push(entry);
        }
    }

    /// The requests up to now, in the order in which they ended.
    pub(crate) fn entries(&self) -> Value {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.clone().into()
    }
}
