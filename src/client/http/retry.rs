//! How often, and after which pause, a request is sent again.

use std::time::Duration;

use crate::client::http::operation::Effect;
use crate::client::http::request::Request;
use crate::client::http::response::Response;
use crate::client::{Clock, Error, Result, RetryPolicy};

/// The longest pause, whatever the server asks for.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Sends a request, and again what never reached the server and what has the same effect when it is done twice.
pub(super) fn call(
    policy: RetryPolicy,
    clock: &dyn Clock,
    request: &Request,
    mut send: impl FnMut(u32) -> Result<Response>,
) -> Result<Response> {
    let effect = request.action.effect;
    let mut attempts = Attempts::new(policy, clock);
    let mut lost: Option<Error> = None;
    loop {
        let error = match send(attempts.next()) {
            Ok(response) => return Ok(response),
            Err(error) => error,
        };
        if lost.is_some() && effect == Effect::Delete && error.is_not_found() {
            return Ok(Response::default());
        }
        let may_repeat = error.never_reached_the_server()
            || (effect != Effect::Action && error.leaves_the_outcome_open());
        if !may_repeat || !attempts.pause_after(&error) {
            // If the server cannot be reached now, an earlier attempt may still have taken effect. So the error of that attempt
            // is returned, which leaves the outcome open.
            let lost = lost
                .filter(|lost| lost.may_have_taken_effect() && error.never_reached_the_server());
            return Err(attempts.end(lost.unwrap_or(error)));
        }
        if error.leaves_the_outcome_open() {
            lost = Some(error);
        }
    }
}

/// Creates something that must not be created twice. When an answer is lost, `settle` finds out what became of the
/// request, deletes what is incomplete, and returns what is there; `absent` may turn the loss of something that did not
/// arrive into an error that ends the attempts.
///
/// A request that the server may still act on is never repeated: the attempts that are left only look again.
pub(super) fn create<T>(
    policy: RetryPolicy,
    clock: &dyn Clock,
    mut send: impl FnMut(u32) -> Result<T>,
    mut settle: impl FnMut() -> Result<Option<T>>,
    absent: impl Fn(Error) -> Error,
) -> Result<T> {
    let mut attempts = Attempts::new(policy, clock);
    let mut may_be_done = false;
    let mut outcome = send(attempts.next());
    loop {
        let mut error = match outcome {
            Ok(created) => return Ok(created),
            Err(error) => error,
        };
        may_be_done |= error.leaves_the_outcome_open();
        // After a lost answer, a conflict or a missing object may be the effect of the first request.
        let may_be_own = may_be_done && (error.is_conflict() || error.is_not_found());
        // An answer that cannot be read says only that something was made.
        if error.leaves_the_outcome_open() || error.is_unreadable_success() || may_be_own {
            error = match settle() {
                Ok(Some(found)) => return Ok(found),
                Ok(None) if error.may_still_take_effect() => absent(error),
                Ok(None) => absent(error).without_effect(),
                Err(_) => return Err(attempts.end(error).or_outcome_unknown()),
            };
        }
        let is_under_way = error.may_still_take_effect();
        let may_go_on = error.never_reached_the_server() || error.leaves_the_outcome_open();
        if !may_go_on || !attempts.pause_after(&error) {
            let error = attempts.end(error);
            return Err(if is_under_way {
                error.or_outcome_unknown()
            } else {
                error
            });
        }
        outcome = if is_under_way {
            Err(error)
        } else {
            send(attempts.next())
        };
    }
}

/// The attempts at one request.
struct Attempts<'a> {
    policy: RetryPolicy,
    clock: &'a dyn Clock,
    start: Duration,
    sent: u32,
    pauses: u32,
}

impl<'a> Attempts<'a> {
    fn new(policy: RetryPolicy, clock: &'a dyn Clock) -> Attempts<'a> {
        Attempts {
            policy,
            clock,
            start: clock.now(),
            sent: 0,
            pauses: 0,
        }
    }

    /// Counts an attempt and returns its number, from 1.
    fn next(&mut self) -> u32 {
        self.sent += 1;
        self.sent
    }

    /// Pauses before the next attempt after `error`; returns false at once when none is left.
    fn pause_after(&mut self, error: &Error) -> bool {
        if self.pauses >= self.policy.retries {
            return false;
        }
        let doubled = self
            .policy
            .delay
            .saturating_mul(2_u32.saturating_pow(self.pauses));
        self.clock
            .sleep(error.retry_after().unwrap_or(doubled).min(LONGEST_PAUSE));
        self.pauses += 1;
        true
    }

    /// The error after the last attempt, with their number and time.
    fn end(&self, error: Error) -> Error {
        error.after_attempts(self.sent, self.clock.now().saturating_sub(self.start))
    }
}
