//! The stall timeout: an exchange may take any time, but may not pause for longer than the limit.
//!
//! The HTTP client limits only a whole exchange or the reading of its answer, so every byte that is handed to it or comes
//! from it is recorded here. Connecting counts towards the first pause.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use tokio::time::Instant;

use crate::client::Error;

/// Connecting has the same limit. With this addition its own timeout comes first, whose error says that there was no
/// connection.
const CONNECT_ADDITION: Duration = Duration::from_secs(1);

/// The progress of one exchange, shared by the request's body and the caller that waits for the answer.
pub(crate) struct ExchangeState {
    last_transfer: Mutex<Instant>,
    body_was_requested: AtomicBool,
    body_is_complete: AtomicBool,
    is_finished: AtomicBool,
    body_error: Mutex<Option<Error>>,
}

impl ExchangeState {
    pub(crate) fn new() -> ExchangeState {
        ExchangeState {
            last_transfer: Mutex::new(Instant::now() + CONNECT_ADDITION),
            body_was_requested: AtomicBool::new(false),
            body_is_complete: AtomicBool::new(false),
            is_finished: AtomicBool::new(false),
            body_error: Mutex::new(None),
        }
    }

    /// Records that bytes moved.
    pub(crate) fn record_transfer(&self) {
        *lock(&self.last_transfer) = Instant::now();
    }

    /// Records that a part of the body was requested: there is a connection, and the head of the request is on its way.
    pub(crate) fn record_body_request(&self) {
        self.body_was_requested.store(true, Ordering::Relaxed);
        self.record_transfer();
    }

    /// Whether a part of the body was ever requested.
    pub(crate) fn body_was_requested(&self) -> bool {
        self.body_was_requested.load(Ordering::Relaxed)
    }

    /// Records that the last part of the body is handed over. Returns false when the exchange is finished already: then that
    /// part must not be sent.
    pub(crate) fn complete_body(&self) -> bool {
        self.body_is_complete.store(true, Ordering::SeqCst);
        !self.is_finished()
    }

    /// Whether the whole body was handed over. The system still sends what it has of it, however the exchange ends.
    pub(crate) fn body_is_complete(&self) -> bool {
        self.body_is_complete.load(Ordering::SeqCst)
    }

    /// Records that the caller does not wait any more, so that the rest of the body is not sent.
    pub(crate) fn finish(&self) {
        self.is_finished.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.is_finished.load(Ordering::SeqCst)
    }

    /// Records why the body cannot be read. The HTTP client reports only that it ended early.
    pub(crate) fn set_body_error(&self, error: Error) {
        *lock(&self.body_error) = Some(error);
    }

    /// Takes the reason why the body could not be read, if there is one.
    pub(crate) fn take_body_error(&self) -> Option<Error> {
        lock(&self.body_error).take()
    }

    /// Runs an exchange. Returns `None` when no byte moved for `limit`.
    pub(crate) async fn run_until_stalled<T>(
        &self,
        limit: Duration,
        exchange: impl Future<Output = T>,
    ) -> Option<T> {
        let mut exchange = pin!(exchange);
        let mut stalled = pin!(self.wait_for_stall(limit));
        poll_fn(|context| {
            if let Poll::Ready(result) = exchange.as_mut().poll(context) {
                return Poll::Ready(Some(result));
            }
            stalled.as_mut().poll(context).map(|()| None)
        })
        .await
    }

    async fn wait_for_stall(&self, limit: Duration) {
        loop {
            let passed = Instant::now().saturating_duration_since(*lock(&self.last_transfer));
            if passed >= limit {
                return;
            }
            tokio::time::sleep(limit - passed).await;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
