//! Answers that are asked for once: while many tasks are planned together, the server's lists do not change.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::client::Result;
use crate::client::http::response::Response;

/// One answer. The first who asks holds the lock until it is there; others who ask meanwhile wait for it.
type Slot = Arc<Mutex<Option<Arc<Response>>>>;

/// Successful answers by what was asked for.
#[derive(Default)]
pub(super) struct ResponseCache(Mutex<HashMap<String, Slot>>);

impl ResponseCache {
    /// The answer that is known, or the one that `ask` gets.
    pub(super) fn get_or_ask(
        &self,
        key: String,
        ask: impl FnOnce() -> Result<Response>,
    ) -> Result<Arc<Response>> {
        let slot = {
            let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(slots.entry(key).or_default())
        };
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(response) = &*slot {
            return Ok(Arc::clone(response));
        }
        let response = Arc::new(ask()?);
        *slot = Some(Arc::clone(&response));
        Ok(response)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn the_same_request_is_sent_once() {
        let (cache, asked) = (ResponseCache::default(), Cell::new(0));
        for _ in 0..3 {
            let ask = || {
                asked.set(asked.get() + 1);
                Ok(Response::default())
            };
            cache.get_or_ask("machine".into(), ask).unwrap();
        }
        assert_eq!(asked.get(), 1);
    }

    #[test]
    fn a_failure_is_not_kept() {
        let cache = ResponseCache::default();
        let failure = || Err(crate::client::Token::new("").unwrap_err());
        assert!(cache.get_or_ask("machine".into(), failure).is_err());
        assert!(
            cache
                .get_or_ask("machine".into(), || Ok(Response::default()))
                .is_ok()
        );
    }
}
