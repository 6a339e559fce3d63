//! Waiting for a state of the server: one poll at a time, so that many machines can be awaited together.

use std::time::Duration;

use crate::client::{self, Client, Clock, ProgressEvent, ProgressListener};
use crate::task::{StepOutcome, StepResult, TaskError};

/// The first pause between two polls. Each later one is twice as long, up to the interval.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// How long to wait, and how often to poll.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WaitLimits {
    /// From the first poll until the wait fails.
    pub timeout: Duration,
    /// The longest pause between two polls.
    pub interval: Duration,
}

/// A wait under way.
#[derive(Debug)]
pub(crate) struct OngoingWait {
    limits: WaitLimits,
    awaited: AwaitedState,
    started: Option<Duration>,
    pause: Duration,
    reporter: Option<WaitReporter>,
}

/// What is waited for.
#[derive(Clone, Debug)]
pub(super) struct AwaitedState {
    /// `machine 'qdc01'`.
    pub(super) object: String,
    /// `ready`.
    pub(super) state: String,
    /// What the user can do when the deadline passes.
    pub(super) hint: &'static str,
}

/// The result of one poll.
pub(super) enum Observation {
    Reached,
    /// Another state, which may still become the awaited one.
    NotYet(String),
}

impl OngoingWait {
    /// A wait that starts with its first poll.
    pub(super) fn new(limits: WaitLimits, awaited: AwaitedState) -> OngoingWait {
        OngoingWait {
            limits,
            awaited,
            started: None,
            pause: FIRST_PAUSE.min(limits.interval),
            reporter: None,
        }
    }

    pub(super) fn elapsed(&self, clock: &dyn Clock) -> Duration {
        self.started.map_or(Duration::ZERO, |started| {
            clock.now().saturating_sub(started)
        })
    }

    /// The outcome of a poll: done, pending with the operation that `poll_again` makes, or the failure at the deadline,
    /// which names the last state.
    ///
    /// A server that does not answer for a while does not end the wait: the machine goes on all the same.
    pub(super) fn step_outcome<Op>(
        mut self,
        client: &Client,
        observation: Result<Observation, client::Error>,
        poll_again: impl FnOnce(OngoingWait) -> Op,
    ) -> StepResult<Op> {
        let last = match observation {
            Ok(Observation::Reached) => return Ok(StepOutcome::Done),
            Ok(Observation::NotYet(last)) => last,
            Err(error) if error.is_temporary() => format!("not to be had ({error})"),
            Err(error) => return Err(error.into()),
        };
        self.started.get_or_insert_with(|| client.clock().now());
        let elapsed = self.elapsed(client.clock());
        self.reporter
            .get_or_insert_with(|| WaitReporter::new(client, &self.awaited))
            .report(&last, elapsed);
        let left = self.limits.timeout.saturating_sub(elapsed);
        if left.is_zero() {
            return Err(TaskError::WaitTimeout {
                object: self.awaited.object.clone(),
                state: self.awaited.state.clone(),
                waited: self.limits.timeout,
                last,
                hint: self.awaited.hint,
            });
        }
        let pause = self.pause.min(left);
        self.pause = (self.pause * 2).min(self.limits.interval);
        Ok(StepOutcome::Pending(poll_again(self), pause))
    }
}

/// Reports a wait to the progress listener. When it is dropped, it reports the end of the wait: done, failed, or
/// abandoned because another task failed.
#[derive(Debug)]
struct WaitReporter {
    progress: ProgressListener,
    what: String,
}

impl WaitReporter {
    fn new(client: &Client, awaited: &AwaitedState) -> WaitReporter {
        WaitReporter {
            progress: client.progress().clone(),
            what: format!("{} to be {}", awaited.object, awaited.state),
        }
    }

    fn report(&self, seen: &str, elapsed: Duration) {
        self.progress.report(&ProgressEvent::Awaiting {
            what: &self.what,
            seen,
            elapsed,
        });
    }
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

    const LIMITS: WaitLimits = WaitLimits {
        timeout: Duration::from_secs(60),
        interval: Duration::from_secs(10),
    };

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
        let awaited = AwaitedState {
            object: "the machine".into(),
            state: "ready".into(),
            hint: "",
        };
        OngoingWait::new(LIMITS, awaited)
    }

    fn poll(waiting: OngoingWait, client: &Client, seen: Observation) -> StepResult<OngoingWait> {
        waiting.step_outcome(client, Ok(seen), |waiting| waiting)
    }

    fn poll_again(waiting: OngoingWait, client: &Client, seen: &str) -> OngoingWait {
        match poll(waiting, client, Observation::NotYet(seen.into())) {
            Ok(StepOutcome::Pending(waiting, pause)) => {
                client.clock().sleep(pause);
                waiting
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn pauses_grow_up_to_the_interval_and_end_at_the_deadline() {
        let ((client, events), mut waiting, mut pauses) =
            (client_with_events(), new_wait(), Vec::new());
        let error = loop {
            match poll(waiting, &client, Observation::NotYet("provisioning".into())) {
                Ok(StepOutcome::Pending(next, pause)) => {
                    pauses.push(pause.as_secs());
                    client.clock().sleep(pause);
                    waiting = next;
                }
                Ok(other) => panic!("{other:?}"),
                Err(error) => break error,
            }
        };
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
    fn wait_ends_when_the_awaited_state_is_reached() {
        let (client, events) = client_with_events();
        let outcome = poll(new_wait(), &client, Observation::Reached).unwrap();
        assert!(matches!(outcome, StepOutcome::Done));
        assert!(events.lock().unwrap().is_empty());
    }

    const ENDED: &str = r#"AwaitingEnded { what: "the machine to be ready" }"#;

    #[test]
    fn every_poll_and_the_end_are_reported() {
        let (client, events) = client_with_events();
        let waiting = poll_again(new_wait(), &client, "unknown");
        let waiting = poll_again(waiting, &client, "provisioning");
        poll(waiting, &client, Observation::Reached).unwrap();
        let expected = [
            "the machine to be ready: unknown after 0 s",
            "the machine to be ready: provisioning after 1 s",
            ENDED,
        ];
        assert_eq!(*events.lock().unwrap(), expected);
    }

    #[test]
    fn end_of_an_abandoned_wait_is_reported() {
        let (client, events) = client_with_events();
        drop(poll_again(new_wait(), &client, "unknown"));
        assert_eq!(events.lock().unwrap().last().unwrap(), ENDED);
    }
}
