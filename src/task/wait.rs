//! Waiting until a machine is as it shall be: one look at a time, so that many machines can be awaited together.

use std::time::Duration;

use super::{Effect, TaskError};
use crate::api::{ApiError, Clock};

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
#[derive(Clone, Copy, Debug)]
pub struct Waiting {
    wait: Wait,
    since: Option<Duration>,
    pause: Duration,
}

/// What a look showed.
pub(super) enum Seen {
    /// It is as it shall be.
    AsAwaited,
    /// It is this, and may still become so.
    NotYet(String),
}

/// What is waited for, as the message tells it when it does not come.
pub(super) struct Awaited {
    /// `machine 'qdc01' was not ready`.
    pub(super) unmet: String,
    /// What the user can do about it.
    pub(super) hint: &'static str,
}

impl Waiting {
    /// A wait that begins with its first look.
    pub(super) fn new(wait: Wait) -> Waiting {
        Waiting {
            wait,
            since: None,
            pause: FIRST_PAUSE.min(wait.interval),
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
        clock: &dyn Clock,
        seen: Result<Seen, ApiError>,
        awaited: Awaited,
        again: impl FnOnce(Waiting) -> Op,
    ) -> Result<Effect<Op>, TaskError> {
        let last = match seen {
            Ok(Seen::AsAwaited) => return Ok(Effect::Done),
            Ok(Seen::NotYet(last)) => last,
            Err(error) if error.is_passing() => format!("not to be had ({error})"),
            Err(error) => return Err(error.into()),
        };
        self.since.get_or_insert_with(|| clock.now());
        let left = self.wait.timeout.saturating_sub(self.elapsed(clock));
        if left.is_zero() {
            return Err(TaskError::WaitTimeout {
                unmet: awaited.unmet,
                waited: self.wait.timeout,
                last,
                hint: awaited.hint,
            });
        }
        let pause = self.pause.min(left);
        self.pause = (self.pause * 2).min(self.wait.interval);
        Ok(Effect::Later(again(self), pause))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    const WAIT: Wait = Wait {
        timeout: Duration::from_secs(60),
        interval: Duration::from_secs(10),
    };

    /// A clock that only a test moves.
    #[derive(Default)]
    struct Hand(std::sync::Mutex<Cell<Duration>>);

    impl Clock for Hand {
        fn now(&self) -> Duration {
            self.0.lock().unwrap().get()
        }

        fn sleep(&self, time: Duration) {
            let now = self.now() + time;
            self.0.lock().unwrap().set(now);
        }
    }

    fn look(waiting: Waiting, clock: &Hand, seen: Seen) -> Result<Effect<Waiting>, TaskError> {
        let awaited = Awaited {
            unmet: "the machine was not ready".into(),
            hint: "",
        };
        waiting.after(clock, Ok(seen), awaited, |waiting| waiting)
    }

    #[test]
    fn the_pauses_grow_up_to_the_interval_and_end_at_the_deadline() {
        let (clock, mut waiting, mut pauses) = (Hand::default(), Waiting::new(WAIT), Vec::new());
        let error = loop {
            match look(waiting, &clock, Seen::NotYet("provisioning".into())) {
                Ok(Effect::Later(next, pause)) => {
                    pauses.push(pause.as_secs());
                    clock.sleep(pause);
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
    }

    #[test]
    fn what_is_awaited_ends_the_wait() {
        let clock = Hand::default();
        let effect = look(Waiting::new(WAIT), &clock, Seen::AsAwaited).unwrap();
        assert!(matches!(effect, Effect::Done));
    }
}
