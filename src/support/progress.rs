//! Progress events: requests, uploads and waits. A face may show them.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

type Listen = dyn Fn(&ProgressEvent) + Send + Sync;

/// Receives progress events; by default nobody does.
///
/// It is called by the code that it reports on, possibly from several threads, so it must be quick.
#[derive(Clone, Default)]
pub struct ProgressListener(Option<Arc<Listen>>);

/// One event. Each upload and each wait that begins also ends, whether it succeeds or not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ProgressEvent<'a> {
    /// An attempt of a request begins. A listener that does not return keeps it from being sent.
    RequestStarted {
        /// Whether it may change something on the server.
        writes: bool,
    },
    /// An attempt of a request is over.
    RequestEnded {
        /// The HTTP method.
        method: &'a str,
        /// The path below the server's URL, with the query.
        path: &'a str,
        /// The HTTP status; None where no answer came.
        status: Option<u16>,
        /// The time from the start of this attempt.
        elapsed: Duration,
        /// The number of this attempt at the request, from 1.
        attempt: u32,
    },
    /// A part of a file was given to the connection. Every attempt begins with 0. The upload goes on after the last byte: the
    /// server still stores the file.
    Sending {
        /// The path of the file, as it was given.
        file: &'a Path,
        /// The bytes of this attempt up to now.
        sent: u64,
        /// The bytes of the file.
        size: u64,
    },
    /// The upload of a file is over.
    SendingEnded {
        /// The path of the file, as it was given.
        file: &'a Path,
    },
    /// What is waited for was read and is not there yet. Several waits may be under way at once.
    Awaiting {
        /// `machine 'qdc01' to be ready`; the same text in all events of one wait.
        what: &'a str,
        /// What it is instead, or why that could not be read.
        seen: &'a str,
        /// The time since the wait began.
        elapsed: Duration,
    },
    /// A wait is over.
    AwaitingEnded {
        /// What was waited for.
        what: &'a str,
    },
}

impl ProgressListener {
    /// A listener that calls this function with every event, from the thread that reports it.
    pub fn new(listen: impl Fn(&ProgressEvent) + Send + Sync + 'static) -> ProgressListener {
        ProgressListener(Some(Arc::new(listen)))
    }

    /// Reports an event to the listener.
    pub fn report(&self, event: &ProgressEvent) {
        if let Some(listen) = &self.0 {
            listen(event);
        }
    }
}

impl fmt::Debug for ProgressListener {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ProgressListener")
    }
}
