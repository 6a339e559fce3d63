//! The bridge from the library's blocking calls to the HTTP client.
//!
//! It has no thread of its own: a caller that waits for an exchange drives it, and with it all connections of the client.

use std::future::Future;
use std::io;

use tokio::runtime::{Builder, Runtime};
use tokio::task::yield_now;

pub(crate) struct BlockingRuntime(Option<Runtime>);

impl BlockingRuntime {
    pub(crate) fn new() -> io::Result<BlockingRuntime> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        Ok(BlockingRuntime(Some(runtime)))
    }

    /// Waits for the end of an exchange and returns its output: `None` if it stalled.
    pub(crate) fn run<T>(&self, exchange: impl Future<Output = Option<T>>) -> Option<T> {
        self.0.as_ref()?.block_on(async {
            // Nothing drove the kept connections since the last exchange. `yield_now` returns after the event loop has asked
            // the system for events. Without it, a request is sent on a connection that the server has closed since.
            yield_now().await;
            exchange.await
        })
    }
}

impl Drop for BlockingRuntime {
    /// Does not wait: the lookup of a host name cannot be interrupted and may take a minute.
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
