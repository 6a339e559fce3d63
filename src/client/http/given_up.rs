//! The writes that were given up on while the server, or a proxy before it, may still carry them out: after the attempt that
//! was answered, and after everything that was sent since.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use crate::client::Error;
use crate::client::http::operation::Effect;
use crate::client::http::request::Request;

#[derive(Debug, Default)]
pub(crate) struct GivenUpWrites(Mutex<HashSet<String>>);

impl GivenUpWrites {
    /// Notes an attempt that failed, where it may still take effect.
    pub(super) fn note(&self, request: &Request, error: &Error) {
        if request.action.effect == Effect::Write && error.may_still_take_effect() {
            let mut writes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            writes.insert(request.cache_key());
        }
    }

    /// Whether there is one to what this request reads.
    pub(crate) fn may_change(&self, read: &Request) -> bool {
        let writes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        writes.contains(&read.cache_key())
    }
}
