//! Waiting for a state of the server: one poll at a time, so that many machines can be awaited together.

use std::time::Duration;

use crate::client::{
    self, Client, Clock, ErrorKind, ProgressEvent, ProgressListener, ReadOnlyClient,
};
use crate::task::{Result, StepOutcome, StepResult, TaskError};

/// The first pause between two polls. Each later one is twice as long, up to the interval.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// How long a poll may take that begins at the deadline or just before it.
const LAST_POLL: Duration = Duration::from_secs(2);

/// How long to wait, and how often to poll.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WaitLimits {
    /// From the first poll until the wait fails.
    pub timeout: Duration,
    /// The longest pause between two polls.
    pub interval: Duration,
}

/// A wait under way. It starts with its first poll.
#[derive(Debug)]
pub(crate) struct OngoingWait {
    limits: WaitLimits,
    /// `machine 'qdc01'`.
    object: String,
    /// The awaited state: `ready`.
    state: String,
    /// What the user can do when the deadline passes.
    hint: &'static str,
    started: Option<Duration>,
    pause: Duration,
    reporter: Option<WaitReporter>,
}

impl OngoingWait {
    pub(super) fn new(
        limits: WaitLimits,
        object: String,
        state: String,
        hint: &'static str,
    ) -> OngoingWait {
        OngoingWait {
            limits,
            object,
            state,
            hint,
            started: None,
            pause: FIRST_PAUSE.min(limits.interval),
            reporter: None,
        }
    }

    /// Counts the time since `started`, if no poll was made yet.
    pub(super) fn start_at(&mut self, started: Duration) {
        self.started.get_or_insert(started);
    }

    /// A client for one poll, which ends at the deadline: the wait itself repeats what fails.
    pub(super) fn poll_client(&mut self, client: &Client) -> ReadOnlyClient {
        self.start_at(client.clock().now());
        let left = self
            .limits
            .timeout
            .saturating_sub(self.elapsed(client.clock()));
        client.read_only().with_time_limit(left.max(LAST_POLL))
    }

    pub(super) fn elapsed(&self, clock: &dyn Clock) -> Duration {
        self.started.map_or(Duration::ZERO, |started| {
            clock.now().saturating_sub(started)
        })
    }

    /// The outcome of a poll that did not find the awaited state: pending, or the failure at the deadline, which names
    /// the last state.
    ///
    /// A server that gives no answer, or a wrong one, does not end the wait: the machine goes on all the same.
    pub(super) fn not_reached(
        &mut self,
        client: &Client,
        found: Result<String, client::Error>,
    ) -> StepResult {
        let mut retry_after = Duration::ZERO;
        let last = match found {
            Err(error) if may_pass(&error) => {
                retry_after = error.retry_after().unwrap_or_default();
                format!("not to be had ({error})")
            }
            found => found?,
        };
        self.start_at(client.clock().now());
        let elapsed = self.elapsed(client.clock());
        let reporter = self.reporter.get_or_insert_with(|| WaitReporter {
            progress: client.progress().clone(),
            what: format!("{} to be {}", self.object, self.state),
        });
        reporter.progress.report(&ProgressEvent::Awaiting {
            what: &reporter.what,
            seen: &last,
            elapsed,
        });
        let left = self.limits.timeout.saturating_sub(elapsed);
        if left.is_zero() {
            return Err(TaskError::WaitTimeout {
                object: self.object.clone(),
                state: self.state.clone(),
                waited: self.limits.timeout,
                last,
                hint: self.hint,
            });
        }
        let pause = self.pause.max(retry_after).min(left);
        self.pause = (self.pause * 2).min(self.limits.interval);
        Ok(StepOutcome::Pending(pause))
    }
}

/// Whether a poll may succeed later. A server that restarts, and a proxy before it, answer with almost anything; only a
/// refused token, a missing permission and a missing machine are the server's own words.
pub(super) fn may_pass(error: &client::Error) -> bool {
    !matches!(
        error.kind(),
        ErrorKind::Unauthorized | ErrorKind::Forbidden | ErrorKind::NotFound
    )
}

/// A wait that was reported to the progress listener. Dropping it reports the end of the wait: done, failed, or
/// abandoned because another task failed.
#[derive(Debug)]
struct WaitReporter {
    progress: ProgressListener,
    what: String,
}

impl Drop for WaitReporter {
    fn drop(&mut self) {
        self.progress
            .report(&ProgressEvent::AwaitingEnded { what: &self.what });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    const ENDED: &str = r#"AwaitingEnded { what: "the machine to be ready" }"#;

    /// A clock that only a test advances.
    #[derive(Default)]
    struct ManualClock(Mutex<Duration>);

    impl Clock for ManualClock {
        fn now(&self) -> Duration {
            *self.0.lock().unwrap()
        }

        fn sleep(&self, time: Duration) {
            *self.0.lock().unwrap() += time;
        }
    }

    /// A client with such a clock that sends no request, and the progress events that it reports.
    fn client_with_events() -> (Client, Arc<Mutex<Vec<String>>>) {
        let events = Arc::new(Mutex::new(Vec::new()));
        let recorded = Arc::clone(&events);
        let progress = ProgressListener::new(move |event| {
            let text = match event {
                ProgressEvent::Awaiting {
                    what,
                    seen,
                    elapsed,
                } => format!("{what}: {seen} after {} s", elapsed.as_secs()),
                other => format!("{other:?}"),
            };
            recorded.lock().unwrap().push(text);
        });
        let client = Client::builder("http://lab.invalid/", "secret")
            .progress(progress)
            .clock(Arc::new(ManualClock::default()))
            .connect()
            .unwrap();
        (client, events)
    }

    fn new_wait() -> OngoingWait {
        let limits = WaitLimits {
            timeout: Duration::from_secs(60),
            interval: Duration::from_secs(10),
        };
        OngoingWait::new(limits, "the machine".into(), "ready".into(), "")
    }

    /// One poll that finds this state, and the pause after it.
    fn poll(wait: &mut OngoingWait, client: &Client, found: &str) -> Result<u64> {
        match wait.not_reached(client, Ok(found.into()))? {
            StepOutcome::Pending(pause) => {
                client.clock().sleep(pause);
                Ok(pause.as_secs())
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn pauses_grow_up_to_the_interval_and_end_at_the_deadline() {
        let ((client, events), mut wait, mut pauses) =
            (client_with_events(), new_wait(), Vec::new());
        let error = loop {
            match poll(&mut wait, &client, "provisioning") {
                Ok(pause) => pauses.push(pause),
                Err(error) => break error,
            }
        };
        drop(wait);
        assert_eq!(pauses, [1, 2, 4, 8, 10, 10, 10, 10, 5]);
        assert_eq!(
            error.to_string(),
            "the machine was not ready within 60 s; the last state seen was provisioning"
        );
        let events = events.lock().unwrap();
        assert_eq!(events.len(), pauses.len() + 2);
        assert_eq!(events.last().unwrap(), ENDED);
    }

    #[test]
    fn wait_without_a_poll_is_not_reported() {
        let (_client, events) = client_with_events();
        drop(new_wait());
        assert!(events.lock().unwrap().is_empty());
    }

    #[test]
    fn every_poll_and_the_end_of_the_wait_are_reported() {
        let (client, events) = client_with_events();
        let mut wait = new_wait();
        poll(&mut wait, &client, "unknown").unwrap();
        poll(&mut wait, &client, "provisioning").unwrap();
        drop(wait);
        let expected = [
            "the machine to be ready: unknown after 0 s",
            "the machine to be ready: provisioning after 1 s",
            ENDED,
        ];
        assert_eq!(*events.lock().unwrap(), expected);
    }
}
