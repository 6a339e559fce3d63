//! The thread that looks after the connections while the library's callers wait.
//!
//! It runs all the time, so a kept connection that the server has closed is noticed before it is used again.

use std::future::Future;
use std::io;

use tokio::runtime::{Builder, Runtime};

pub(super) struct Worker(Option<Runtime>);

impl Worker {
    pub(super) fn new() -> io::Result<Worker> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            // After every step it looks for arrived bytes, so an early answer is read before more is sent.
            .event_interval(1)
            .enable_all()
            .build()?;
        Ok(Worker(Some(runtime)))
    }

    /// Waits for the end of an exchange; `None` when the exchange itself gives up.
    pub(super) fn run<T>(&self, exchange: impl Future<Output = Option<T>>) -> Option<T> {
        self.0.as_ref()?.block_on(exchange)
    }
}

impl Drop for Worker {
    /// Without waiting: looking up a host's name cannot be interrupted, and may take a minute.
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
