//! How far the reading of a console is: what the thread that reads and the task tell each other.

use std::path::Path;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::client::{self, Interrupter};
use crate::support::console_text::{last_lines, plain_lines};
use crate::task::console;

/// How many bytes are kept for the last lines.
const TAIL_SIZE: usize = 16 * 1024;
const TAIL_LINES: usize = 30;
const TAIL_TEXT: usize = 4 * 1024;

/// How many of the first bytes of a session tell how it began.
const BEGINNING: usize = 512;

/// How the line begins that `ipmitool` prints when a session begins: no word of the machine.
const SESSION_BEGINS: &[u8] = b"[SOL Session operational";

/// What the thread and the task tell each other.
#[derive(Debug, Default)]
pub(super) struct ReaderState {
    progress: Mutex<ReadingProgress>,
    changed: Condvar,
    pub(super) interrupter: Interrupter,
}

#[derive(Debug, Default)]
pub(super) struct ReadingProgress {
    pub(super) phase: Phase,
    pub(super) is_stopped: bool,
    /// The last bytes that were printed.
    tail: Vec<u8>,
    /// Whether bytes before the tail were dropped.
    is_cut: bool,
    /// How many bytes were printed by the machine.
    pub(super) printed: usize,
    /// How often it was open.
    pub(super) sessions: u32,
    breaks: u32,
    /// Why it is not read now.
    pub(super) trouble: Option<String>,
    pub(super) is_busy: bool,
    pub(super) unwritten: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Phase {
    /// It is being opened for the first time.
    #[default]
    Starting,
    Reading,
    /// It is to be opened again.
    Pausing,
    Ended,
}

impl ReaderState {
    pub(super) fn lock(&self) -> MutexGuard<'_, ReadingProgress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn update<T>(&self, change: impl FnOnce(&mut ReadingProgress) -> T) -> T {
        let result = change(&mut self.lock());
        self.changed.notify_all();
        result
    }

    /// Waits until a condition is met, or the time is over.
    pub(super) fn wait(&self, limit: Duration, mut is_met: impl FnMut(&ReadingProgress) -> bool) {
        let waited = self
            .changed
            .wait_timeout_while(self.lock(), limit, |progress| !is_met(progress));
        drop(waited);
    }

    pub(super) fn wait_for_start(&self, limit: Duration) {
        self.wait(limit, |progress| progress.phase != Phase::Starting);
    }

    pub(super) fn cannot_start(&self, reason: String) {
        self.update(|progress| {
            progress.trouble = Some(reason);
            progress.phase = Phase::Ended;
        });
    }

    pub(super) fn stop(&self, limit: Duration) {
        self.update(|progress| progress.is_stopped = true);
        self.interrupter.interrupt();
        self.wait(limit, |progress| progress.phase != Phase::Reading);
    }

    pub(super) fn tail(&self) -> Vec<String> {
        let progress = self.lock();
        let mut lines = plain_lines(&progress.tail);
        if progress.is_cut && !lines.is_empty() {
            // It may begin within a secret.
            lines.remove(0);
        }
        last_lines(lines, TAIL_LINES, TAIL_TEXT)
    }

    pub(super) fn warnings(&self, title: &str, path: &Path) -> Vec<String> {
        let progress = self.lock();
        let mut warnings = Vec::new();
        if let Some(reason) = &progress.unwritten {
            warnings.push(format!(
                "{title} was not written to {} any more: {reason}",
                path.display()
            ));
        }
        let trouble = progress.trouble.as_deref();
        if progress.is_busy {
            warnings.push(format!("{title} is busy: another session reads it"));
        } else if progress.sessions == 0 {
            let reason = trouble.unwrap_or("it was not open before the wait was over");
            warnings.push(format!("{title} was not read: {reason}"));
        } else if progress.breaks > 0 {
            let times = match progress.breaks {
                1 => "once".to_owned(),
                times => format!("{times} times"),
            };
            let last = trouble.map_or_else(String::new, |reason| format!(" (last: {reason})"));
            warnings.push(format!(
                "{title} broke off {times}; what was printed until it was read again is not in {}{last}",
                path.display()
            ));
        } else if progress.printed == 0 {
            warnings.push(format!(
                "{title} was silent: the machine prints there only what its firmware and its kernel options, such as \
                 console=ttyS0, send there"
            ));
        }
        warnings
    }
}

/// What was printed in one session.
#[derive(Default)]
pub(super) struct SessionText {
    beginning: Vec<u8>,
    printed: usize,
}

impl SessionText {
    pub(super) fn is_busy(&self) -> bool {
        console::is_busy(&self.beginning)
    }

    /// Whether `ipmitool` has said that it is connected.
    pub(super) fn is_operational(&self) -> bool {
        self.beginning.starts_with(SESSION_BEGINS)
    }

    pub(super) fn take(&mut self, bytes: &[u8]) {
        let left = BEGINNING - self.beginning.len();
        self.beginning.extend(&bytes[..bytes.len().min(left)]);
        self.printed += bytes.len();
    }

    /// How many bytes the machine has printed.
    pub(super) fn of_the_machine(&self) -> usize {
        if self.is_busy() || SESSION_BEGINS.starts_with(&self.beginning) {
            return 0;
        }
        let first_line = self.beginning.split_inclusive(|byte| *byte == b'\n').next();
        match self.is_operational() {
            true => self.printed - first_line.map_or(0, <[u8]>::len),
            false => self.printed,
        }
    }
}

impl ReadingProgress {
    pub(super) fn take(&mut self, bytes: &[u8]) {
        self.tail.extend(bytes);
        let surplus = self.tail.len().saturating_sub(TAIL_SIZE);
        self.is_cut |= surplus > 0;
        self.tail.drain(..surplus);
    }

    /// Records that a session has ended without being stopped: by the other side, or by an error.
    pub(super) fn end(&mut self, session: &SessionText, error: Option<client::Error>) {
        self.is_busy = session.is_busy();
        self.printed += session.of_the_machine();
        if self.is_busy {
            self.sessions -= 1;
        } else if error.is_none() && !session.is_operational() && session.printed < BEGINNING {
            // It never began, and what was printed says why.
            self.sessions -= 1;
            let reason = plain_lines(&session.beginning).pop();
            self.trouble = Some(format!("it ended: {}", reason.unwrap_or_default()));
        } else {
            self.breaks += 1;
            self.trouble = error.map(|error| error.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(printed: &[&str]) -> SessionText {
        let mut session = SessionText::default();
        printed
            .iter()
            .for_each(|part| session.take(part.as_bytes()));
        session
    }

    #[test]
    fn only_what_the_machine_prints_is_counted() {
        for (printed, count) in [
            (&[][..], 0),
            (&["[SOL Session"], 0),
            (&["[SOL Session ", "operational.  Use ~? for help]\n"], 0),
            (
                &["[SOL Session operational.  Use ~? for help]\r\n", "ab\n"],
                3,
            ),
            (
                &["Info: SOL payload already active on another session\n"],
                0,
            ),
            (&["abc"], 3),
        ] {
            assert_eq!(session(printed).of_the_machine(), count, "{printed:?}");
        }
        let long = "x".repeat(2 * BEGINNING);
        assert_eq!(session(&[&long, "y"]).of_the_machine(), 2 * BEGINNING + 1);
    }

    #[test]
    fn end_of_a_session_is_a_break_only_where_one_had_begun() {
        for (printed, sessions, breaks, is_busy) in [
            (
                "[SOL Session operational.  Use ~? for help]\nabc",
                1,
                1,
                false,
            ),
            (
                "Info: SOL payload already active on another session\n",
                0,
                0,
                true,
            ),
            (
                "Error: Unable to establish IPMI v2 / RMCP+ session\n",
                0,
                0,
                false,
            ),
        ] {
            let mut progress = ReadingProgress {
                sessions: 1,
                ..ReadingProgress::default()
            };
            progress.end(&session(&[printed]), None);
            let found = (progress.sessions, progress.breaks, progress.is_busy);
            assert_eq!(found, (sessions, breaks, is_busy), "{printed}");
        }
    }

    #[test]
    fn tail_does_not_begin_within_a_line() {
        let state = ReaderState::default();
        state.lock().take(b"secret ");
        state.lock().take(&b"x".repeat(TAIL_SIZE - 4));
        state.lock().take(b"\nlast");
        assert_eq!(state.tail(), ["last"]);
    }
}
