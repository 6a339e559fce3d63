//! The bridge from the library's blocking calls to the HTTP client.
//!
//! It has no thread of its own: whoever waits for an exchange drives it, and with it all other connections of the client.

use std::future::Future;
use std::io;

use tokio::runtime::{Builder, Runtime};
use tokio::task::yield_now;

pub(crate) struct BlockingRuntime(Option<Runtime>);

impl BlockingRuntime {
    pub(crate) fn new() -> io::Result<BlockingRuntime> {
        let runtime = Builder::new_current_thread()
            // After every step it looks for arrived bytes: see how an upload hears an early answer.
            .event_interval(1)
            .enable_all()
            .build()?;
        Ok(BlockingRuntime(Some(runtime)))
    }

    /// Waits for the end of an exchange; `None` when the exchange itself gives up.
    pub(crate) fn run<T>(&self, exchange: impl Future<Output = Option<T>>) -> Option<T> {
        self.0.as_ref()?.block_on(async {
            // Nobody watched the kept connections since the last exchange. In the first of these turns the system tells which
            // the server has closed, in the second they are given up; else one of them could be used.
            yield_now().await;
            yield_now().await;
            exchange.await
        })
    }
}

impl Drop for BlockingRuntime {
    /// Without waiting: looking up a host's name cannot be interrupted, and may take a minute.
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
