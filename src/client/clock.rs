//! Time as the client uses it: a monotonic clock and the pause between two attempts.
//!
//! It is a trait so that a test can have a clock of its own, and no test has to sleep.

use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

/// A monotonic clock that can also pause.
pub trait Clock: Send + Sync {
    /// The time since some fixed point, never going back.
    fn now(&self) -> Duration;

    /// Pauses the calling thread.
    fn sleep(&self, time: Duration);
}

/// The clock of the operating system.
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Duration {
        static START: OnceLock<Instant> = OnceLock::new();
        START.get_or_init(Instant::now).elapsed()
    }

    fn sleep(&self, time: Duration) {
        thread::sleep(time);
    }
}
