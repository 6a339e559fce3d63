//! Answers that are asked for once: while many tasks are planned together, the server's lists do not change.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::client::Result;
use crate::client::http::response::Response;

/// One answer. The first who asks holds the lock until it is there; others who ask meanwhile wait for it.
type Slot = Arc<Mutex<Option<Answer>>>;

/// A successful answer, and what was read from it. A list is read once: with 500 tasks, that is most of their work.
struct Answer {
    response: Response,
    value: Option<Arc<dyn Any + Send + Sync>>,
}

/// Successful answers by what was asked for.
#[derive(Default)]
pub(super) struct ResponseCache(Mutex<HashMap<String, Slot>>);

impl ResponseCache {
    /// What `decode` reads from the answer that is known, or from the one that `ask` gets.
    pub(super) fn get_or_ask<T: Send + Sync + 'static>(
        &self,
        key: String,
        ask: impl FnOnce() -> Result<Response>,
        decode: impl FnOnce(&Response) -> Result<T>,
    ) -> Result<Arc<T>> {
        let slot = self.slot(key);
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = match &mut *slot {
            Some(answer) => answer,
            empty => empty.insert(Answer {
                response: ask()?,
                value: None,
            }),
        };
        let value = answer.value.clone();
        if let Some(Ok(value)) = value.map(Arc::downcast) {
            return Ok(value);
        }
        let value = Arc::new(decode(&answer.response)?);
        answer.value = Some(value.clone());
        Ok(value)
    }

    fn slot(&self, key: String) -> Slot {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry(key).or_default())
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn the_same_request_is_sent_and_its_answer_read_once() {
        let (cache, asked, decoded) = (ResponseCache::default(), Cell::new(0), Cell::new(0));
        for _ in 0..3 {
            let ask = || {
                asked.set(asked.get() + 1);
                Ok(Response::default())
            };
            let decode = |_: &Response| {
                decoded.set(decoded.get() + 1);
                Ok(7)
            };
            let value = cache.get_or_ask("machine".into(), ask, decode).unwrap();
            assert_eq!(*value, 7);
        }
        assert_eq!((asked.get(), decoded.get()), (1, 1));
    }

    #[test]
    fn a_failure_is_not_kept() {
        let cache = ResponseCache::default();
        let failure = || Err(crate::client::Token::new("").unwrap_err());
        let decode = |_: &Response| Ok(7);
        assert!(cache.get_or_ask("machine".into(), failure, decode).is_err());
        let answer = || Ok(Response::default());
        assert!(cache.get_or_ask("machine".into(), answer, decode).is_ok());
    }
}
