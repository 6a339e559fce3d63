//! Progress events: requests, uploads and waits. A front end may show them.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

type Hear = dyn Fn(&ProgressEvent) + Send + Sync;

/// Who is told of progress; by default nobody.
///
/// It is told from within what it watches, so it must be quick.
#[derive(Clone, Default)]
pub struct ProgressListener(Option<Arc<Hear>>);

/// What is told. Whatever is begun is also ended, well or not; how it went is told by what it returns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ProgressEvent<'a> {
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
    /// So much of a file was handed over to be sent. Every attempt begins with 0. The end is not when all of it was: then
    /// the server still stores it.
    Sending {
        /// The file, as it was named.
        file: &'a Path,
        /// How many bytes were sent in this attempt.
        sent: u64,
        /// How many there are.
        size: u64,
    },
    /// The upload of a file is over.
    SendingEnded {
        /// The file, as it was named.
        file: &'a Path,
    },
    /// A look at what is waited for showed that it is not yet so. Several waits may be under way at once.
    Awaiting {
        /// `machine 'qdc01' to be ready`; the same words for all of one wait.
        what: &'a str,
        /// What it is instead, or why that could not be seen.
        seen: &'a str,
        /// The time since the first look.
        elapsed: Duration,
    },
    /// A wait is over.
    AwaitingEnded {
        /// What was waited for.
        what: &'a str,
    },
}

impl ProgressListener {
    /// A progress that is told of everything, from whichever thread it happens on.
    pub fn new(hear: impl Fn(&ProgressEvent) + Send + Sync + 'static) -> ProgressListener {
        ProgressListener(Some(Arc::new(hear)))
    }

    /// Tells whoever watches.
    pub fn report(&self, notice: &ProgressEvent) {
        if let Some(hear) = &self.0 {
            hear(notice);
        }
    }
}

impl fmt::Debug for ProgressListener {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ProgressListener")
    }
}
