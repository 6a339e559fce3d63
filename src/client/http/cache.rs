//! Answers that are asked for once: while many tasks are planned together, the server's lists do not change.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::client::Result;
use crate::client::http::response::Response;

/// One answer; whoever asks first fills it, and those who ask meanwhile wait for it.
type Slot = Arc<Mutex<Option<Arc<Response>>>>;

/// Successful answers by what was asked for.
#[derive(Default)]
pub(crate) struct ResponseCache(Mutex<HashMap<String, Slot>>);

impl ResponseCache {
    /// The answer that is known, or the one that `ask` gets.
    pub(crate) fn recall(
        &self,
        question: String,
        ask: impl FnOnce() -> Result<Response>,
    ) -> Result<Arc<Response>> {
        let slot = Arc::clone(self.slots().entry(question).or_default());
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(reply) = &*slot {
            return Ok(Arc::clone(reply));
        }
        let reply = Arc::new(ask()?);
        *slot = Some(Arc::clone(&reply));
        Ok(reply)
    }

    fn slots(&self) -> std::sync::MutexGuard<'_, HashMap<String, Slot>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn a_question_is_asked_once() {
        let (memory, asked) = (ResponseCache::default(), Cell::new(0));
        for _ in 0..3 {
            let ask = || {
                asked.set(asked.get() + 1);
                Ok(Response::default())
            };
            memory.recall("machine".into(), ask).unwrap();
        }
        assert_eq!(asked.get(), 1);
    }

    #[test]
    fn a_failure_is_not_remembered() {
        let memory = ResponseCache::default();
        let failure = || Err(crate::client::ApiError::InvalidToken("test"));
        assert!(memory.recall("machine".into(), failure).is_err());
        assert!(
            memory
                .recall("machine".into(), || Ok(Response::default()))
                .is_ok()
        );
    }
}
