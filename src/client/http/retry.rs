//! How often, and after which pause, a request is tried again.

use std::time::Duration;

use crate::client::{ApiError, Clock, RetryPolicy};

/// The longest pause, whatever the server asks for.
const LONGEST: Duration = Duration::from_secs(30);

/// The attempts that are left for one request.
pub(crate) struct Attempts<'a> {
    policy: RetryPolicy,
    clock: &'a dyn Clock,
    used: u32,
}

impl<'a> Attempts<'a> {
    pub(crate) fn new(policy: RetryPolicy, clock: &'a dyn Clock) -> Attempts<'a> {
        Attempts {
            policy,
            clock,
            used: 0,
        }
    }

    /// Pauses before the next attempt after `error`; `false` at once when none is left.
    pub(crate) fn pause_after(&mut self, error: &ApiError) -> bool {
        if self.used >= self.policy.retries {
            return false;
        }
        let doubled = self
            .policy
            .delay
            .saturating_mul(2_u32.saturating_pow(self.used));
        self.clock
            .sleep(error.retry_after().unwrap_or(doubled).min(LONGEST));
        self.used += 1;
        true
    }
}
