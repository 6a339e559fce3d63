//! The queue of requests for which the server asks a BMC.
//!
//! The server answers one request at a time, and goes on with one whose client has given up. Several requests for slow BMCs
//! side by side would make each other stall, and every other user wait for all of them. So a client sends one at a time.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::client::http::request::Request;
use crate::client::{Clock, Error, ErrorKind, Result};

/// One for all requests of a client to its server.
#[derive(Default)]
pub(super) struct BmcQueue(Mutex<()>);

/// Held while a request is under way.
pub(super) type Turn<'a> = Option<MutexGuard<'a, ()>>;

impl BmcQueue {
    /// Waits until no other request is under way, and gives the time that is left of the limit then. The wait does not count
    /// as a stall of the connection.
    pub(super) fn wait(
        &self,
        request: &Request,
        time_limit: Option<Duration>,
        clock: &dyn Clock,
    ) -> Result<(Turn<'_>, Option<Duration>)> {
        let start = clock.now();
        let turn = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(limit) = time_limit else {
            return Ok((Some(turn), None));
        };
        let left = limit.saturating_sub(clock.now().saturating_sub(start));
        if left.is_zero() {
            let reason = "no time was left for it after the BMCs of other machines";
            return Err(Error::new(ErrorKind::ResponseTooSlow, reason).during(&request.action));
        }
        Ok((Some(turn), Some(left)))
    }
}
