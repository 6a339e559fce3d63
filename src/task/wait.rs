//! Waiting until a machine is as it shall be: one look at a time, so that many machines can be awaited together.

use std::time::Duration;

use crate::client::{self, Client, Clock, ProgressEvent, ProgressListener};
use crate::task::{StepOutcome, TaskError};

/// The first pause between two looks; each later one is twice as long, up to the interval.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// How long to wait, and how often to look.
#[derive(Clone, Copy, Debug)]
pub struct Wait {
    /// From the first look until it fails.
    pub timeout: Duration,
    /// The longest pause between two looks.
    pub interval: Duration,
}

/// A wait under way.
#[derive(Debug)]
pub struct Waiting {
    wait: Wait,
    since: Option<Duration>,
    pause: Duration,
    told: Option<Told>,
}

/// What a look showed.
pub(super) enum Seen {
    /// It is as it shall be.
    AsAwaited,
    /// It is this, and may still become so.
    NotYet(String),
}

/// What is waited for.
pub(super) struct Awaited {
    /// `machine 'qdc01'`.
    pub(super) who: String,
    /// What it shall be: `ready`.
    pub(super) state: String,
    /// What the user can do about it when it does not come.
    pub(super) hint: &'static str,
}

impl Waiting {
    /// A wait that begins with its first look.
    pub(super) fn new(wait: Wait) -> Waiting {
        Waiting {
            wait,
            since: None,
            pause: FIRST_PAUSE.min(wait.interval),
            told: None,
        }
    }

    /// How long it has been going on.
    pub(super) fn elapsed(&self, clock: &dyn Clock) -> Duration {
        self.since
            .map_or(Duration::ZERO, |since| clock.now().saturating_sub(since))
    }

    /// What follows from a look: the end, another look later with the operation that `again` makes,
    /// or the failure at the deadline, which names what was last seen.
    ///
    /// A server that does not answer for a while does not end the wait: the machine goes on all the same.
    pub(super) fn after<Op>(
        mut self,
        client: &Client,
        seen: Result<Seen, client::Error>,
        awaited: Awaited,
        again: impl FnOnce(Waiting) -> Op,
    ) -> Result<StepOutcome<Op>, TaskError> {
        let last = match seen {
            Ok(Seen::AsAwaited) => return Ok(StepOutcome::Done),
            Ok(Seen::NotYet(last)) => last,
            Err(error) if error.is_temporary() => format!("not to be had ({error})"),
            Err(error) => return Err(error.into()),
        };
        self.since.get_or_insert_with(|| client.clock().now());
        let elapsed = self.elapsed(client.clock());
        self.told
            .get_or_insert_with(|| Told::new(client, &awaited))
            .tell(&last, elapsed);
        let left = self.wait.timeout.saturating_sub(elapsed);
        if left.is_zero() {
            return Err(TaskError::WaitTimeout {
                unmet: format!("{} was not {}", awaited.who, awaited.state),
                waited: self.wait.timeout,
                last,
                hint: awaited.hint,
            });
        }
        let pause = self.pause.min(left);
        self.pause = (self.pause * 2).min(self.wait.interval);
        Ok(StepOutcome::Later(again(self), pause))
    }
}

/// A wait that somebody may watch. It ends with its operation, however that ends: done, failed, or given up because
/// another failed.
#[derive(Debug)]
struct Told {
    progress: ProgressListener,
    what: String,
}

impl Told {
    fn new(client: &Client, awaited: &Awaited) -> Told {
        Told {
            progress: client.progress().clone(),
            what: format!("{} to be {}", awaited.who, awaited.state),
        }
    }

    fn tell(&self, seen: &str, elapsed: Duration) {
        self.progress.report(&ProgressEvent::Awaiting {
            what: &self.what,
            seen,
            elapsed,
        });
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        self.progress
            .report(&ProgressEvent::AwaitingEnded { what: &self.what });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    const WAIT: Wait = Wait {
        timeout: Duration::from_secs(60),
        interval: Duration::from_secs(10),
    };

    /// A clock that only a test moves.
    #[derive(Default)]
    struct Hand(Mutex<Duration>);

    impl Clock for Hand {
        fn now(&self) -> Duration {
            *self.0.lock().unwrap()
        }

        fn sleep(&self, time: Duration) {
            *self.0.lock().unwrap() += time;
        }
    }

    /// A client with such a clock, for a server that is never asked, and what its progress was told.
    fn watched() -> (Client, Arc<Mutex<Vec<String>>>) {
        let told = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&told);
        let progress = ProgressListener::new(move |notice| {
            let text = match notice {
                ProgressEvent::Awaiting {
                    what,
                    seen,
                    elapsed,
                } => format!("{what}: {seen} after {} s", elapsed.as_secs()),
                other => format!("{other:?}"),
            };
            heard.lock().unwrap().push(text);
        });
        let client = Client::builder("http://lab.invalid/", "secret")
            .progress(progress)
            .clock(Arc::new(Hand::default()))
            .connect()
            .unwrap();
        (client, told)
    }

    fn look(
        waiting: Waiting,
        client: &Client,
        seen: Seen,
    ) -> Result<StepOutcome<Waiting>, TaskError> {
        let awaited = Awaited {
            who: "the machine".into(),
            state: "ready".into(),
            hint: "",
        };
        waiting.after(client, Ok(seen), awaited, |waiting| waiting)
    }

    fn look_again(waiting: Waiting, client: &Client, seen: &str) -> Waiting {
        match look(waiting, client, Seen::NotYet(seen.into())) {
            Ok(StepOutcome::Later(waiting, pause)) => {
                client.clock().sleep(pause);
                waiting
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_pauses_grow_up_to_the_interval_and_end_at_the_deadline() {
        let ((client, told), mut waiting, mut pauses) = (watched(), Waiting::new(WAIT), Vec::new());
        let error = loop {
            match look(waiting, &client, Seen::NotYet("provisioning".into())) {
                Ok(StepOutcome::Later(next, pause)) => {
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
        let told = told.lock().unwrap();
        assert_eq!(told.len(), pauses.len() + 2);
        assert_eq!(told.last().unwrap(), ENDED);
    }

    #[test]
    fn what_is_awaited_ends_the_wait() {
        let (client, told) = watched();
        let effect = look(Waiting::new(WAIT), &client, Seen::AsAwaited).unwrap();
        assert!(matches!(effect, StepOutcome::Done));
        assert!(told.lock().unwrap().is_empty());
    }

    const ENDED: &str = r#"AwaitingEnded { what: "the machine to be ready" }"#;

    #[test]
    fn every_look_is_told_and_then_the_end() {
        let (client, told) = watched();
        let waiting = look_again(Waiting::new(WAIT), &client, "unknown");
        let waiting = look_again(waiting, &client, "provisioning");
        look(waiting, &client, Seen::AsAwaited).unwrap();
        let expected = [
            "the machine to be ready: unknown after 0 s",
            "the machine to be ready: provisioning after 1 s",
            ENDED,
        ];
        assert_eq!(*told.lock().unwrap(), expected);
    }

    #[test]
    fn the_end_of_a_wait_that_is_given_up_is_told() {
        let (client, told) = watched();
        drop(look_again(Waiting::new(WAIT), &client, "unknown"));
        assert_eq!(told.lock().unwrap().last().unwrap(), ENDED);
    }
}
