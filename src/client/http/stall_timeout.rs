//! The stall watch: an exchange may take as long as it wants, but not pause for longer than the stall timeout.
//!
//! The HTTP client has only limits for a whole exchange or for reading, so every byte that is handed to it or comes from
//! it is noted here. Connecting counts towards the first pause.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use tokio::time::Instant;

/// Connecting has the same limit, and whoever cannot connect is to be told so, not that a connection stalled.
const CONNECTING_FIRST: Duration = Duration::from_secs(1);

/// What is known about the progress of one exchange.
pub(crate) struct Activity {
    last: Mutex<Instant>,
    sending: AtomicBool,
    delivered: AtomicBool,
    over: AtomicBool,
}

impl Activity {
    pub(crate) fn new() -> Activity {
        Activity {
            last: Mutex::new(Instant::now() + CONNECTING_FIRST),
            sending: AtomicBool::new(false),
            delivered: AtomicBool::new(false),
            over: AtomicBool::new(false),
        }
    }

    /// Notes that bytes moved.
    pub(crate) fn touch(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// Notes that a part of the body was asked for: there is a connection, and the head of the request is on its way.
    pub(crate) fn touch_sending(&self) {
        self.sending.store(true, Ordering::Relaxed);
        self.touch();
    }

    /// Whether a part of the body was ever asked for.
    pub(crate) fn began_sending(&self) -> bool {
        self.sending.load(Ordering::Relaxed)
    }

    /// Notes that the last part of the body is handed over, unless nobody waits for the exchange any more: then false, and
    /// that part must not be sent.
    pub(crate) fn deliver(&self) -> bool {
        self.delivered.store(true, Ordering::SeqCst);
        !self.is_over()
    }

    /// Whether the body was handed over whole. What the system has of it still goes out, whatever becomes of the exchange.
    pub(crate) fn is_delivered(&self) -> bool {
        self.delivered.load(Ordering::SeqCst)
    }

    /// Notes that nobody waits for the exchange any more, so that the rest of its body is not sent.
    pub(crate) fn end(&self) {
        self.over.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    /// Runs an exchange; `None` when it stalled for `limit`.
    pub(crate) async fn watch<T>(
        &self,
        limit: Duration,
        exchange: impl Future<Output = T>,
    ) -> Option<T> {
        let mut exchange = pin!(exchange);
        let mut stalled = pin!(self.stalled(limit));
        poll_fn(|context| {
            if let Poll::Ready(result) = exchange.as_mut().poll(context) {
                return Poll::Ready(Some(result));
            }
            stalled.as_mut().poll(context).map(|()| None)
        })
        .await
    }

    async fn stalled(&self, limit: Duration) {
        loop {
            let last = *self.last.lock().unwrap_or_else(PoisonError::into_inner);
            let passed = Instant::now().saturating_duration_since(last);
            if passed >= limit {
                return;
            }
            tokio::time::sleep(limit - passed).await;
        }
    }
}
