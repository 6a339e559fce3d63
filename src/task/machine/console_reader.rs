//! The thread that reads a console into a file, and what it and the task tell each other.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::client::{
    self, Client, Console, ConsoleOutput, ConsoleStream, ErrorKind, Interrupter, MachineId,
};
use crate::support::console_text::{last_lines, plain_lines};
use crate::support::io_error;
use crate::task::console;

/// The pause before the console is opened again. Each later one is twice as long, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How long an order may wait for the console: what the machine prints before that is not seen.
pub(super) const LONGEST_START: Duration = Duration::from_secs(10);

/// How long the end of a wait may take for what has come already.
pub(super) const LONGEST_END: Duration = Duration::from_secs(1);

/// How long a token is used: it is valid for five minutes, and each new one costs time of the BMC.
const TOKEN_LIFETIME: Duration = Duration::from_secs(240);

/// How many bytes are kept for the last lines.
const TAIL_SIZE: usize = 16 * 1024;
const TAIL_LINES: usize = 30;
const TAIL_TEXT: usize = 4 * 1024;

/// How many of the first bytes of a session tell how it began.
const BEGINNING: usize = 512;

/// What `ipmitool` prints when the session begins: no word of the machine.
const SESSION_BEGINS: &[u8] = b"[SOL Session operational.  Use ~? for help]\r\n";

/// What the thread and the task tell each other.
#[derive(Debug, Default)]
pub(super) struct ReaderState {
    progress: Mutex<Progress>,
    changed: Condvar,
    interrupter: Interrupter,
}

#[derive(Debug, Default)]
struct Progress {
    phase: Phase,
    is_stopped: bool,
    /// The last bytes that were printed.
    tail: Vec<u8>,
    /// Whether bytes before the tail were dropped.
    is_cut: bool,
    /// How many bytes were printed by the machine.
    printed: usize,
    /// How often it was open.
    sessions: u32,
    breaks: u32,
    /// Why it is not read now.
    trouble: Option<String>,
    is_busy: bool,
    unwritten: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// It is being opened for the first time.
    #[default]
    Starting,
    Reading,
    /// It is to be opened again.
    Pausing,
    Ended,
}

impl ReaderState {
    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn update<T>(&self, change: impl FnOnce(&mut Progress) -> T) -> T {
        let result = change(&mut self.lock());
        self.changed.notify_all();
        result
    }

    /// Waits until a condition is met, or the time is over.
    fn wait(&self, limit: Duration, mut is_met: impl FnMut(&Progress) -> bool) {
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
        if progress.is_cut && lines.len() > 1 {
            // The first one may begin within a secret.
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
struct Session {
    beginning: Vec<u8>,
    printed: usize,
}

impl Session {
    fn is_busy(&self) -> bool {
        console::is_busy(&self.beginning)
    }

    /// Whether `ipmitool` has said that it is connected.
    fn is_operational(&self) -> bool {
        self.beginning.starts_with(SESSION_BEGINS)
    }

    fn take(&mut self, bytes: &[u8]) {
        let left = BEGINNING - self.beginning.len();
        self.beginning.extend(&bytes[..bytes.len().min(left)]);
        self.printed += bytes.len();
    }

    /// How many bytes the machine has printed.
    fn of_the_machine(&self) -> usize {
        match self.is_operational() {
            true => self.printed - SESSION_BEGINS.len(),
            false if self.is_busy() || SESSION_BEGINS.starts_with(&self.beginning) => 0,
            false => self.printed,
        }
    }
}

impl Progress {
    fn take(&mut self, bytes: &[u8]) {
        self.tail.extend(bytes);
        let surplus = self.tail.len().saturating_sub(TAIL_SIZE);
        self.is_cut |= surplus > 0;
        self.tail.drain(..surplus);
    }

    /// Records that a session has ended without being stopped: by the other side, or by an error.
    fn end(&mut self, session: &Session, error: Option<client::Error>) {
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

/// A token that opens the console, and when it was made.
type Token = (Console, Instant);

/// What the thread has.
pub(super) struct ConsoleReader {
    pub(super) client: Client,
    pub(super) machine: MachineId,
    /// None once it cannot be written.
    pub(super) file: Option<File>,
    pub(super) state: Arc<ReaderState>,
}

impl ConsoleReader {
    /// Reads until it is stopped, and opens the console again and again until then.
    pub(super) fn run(mut self) {
        let mut pause = FIRST_PAUSE;
        let mut token = None;
        loop {
            let before = self.state.lock().printed;
            let goes_on = self.open_and_read(&mut token);
            let state = &self.state;
            if !goes_on || state.lock().is_stopped {
                break;
            }
            if state.lock().printed > before {
                pause = FIRST_PAUSE;
            }
            state.update(|progress| progress.phase = Phase::Pausing);
            state.wait(pause, |progress| progress.is_stopped);
            if state.lock().is_stopped {
                break;
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        self.state.update(|progress| progress.phase = Phase::Ended);
    }

    /// Opens the console once, and reads it to the end of the session. Returns whether it may be opened again.
    fn open_and_read(&mut self, token: &mut Option<Token>) -> bool {
        let is_old = token.is_some();
        let mut stream = match self.open(token) {
            Ok(Some(stream)) => stream,
            Ok(None) => return false,
            Err(error) => {
                self.state
                    .update(|progress| progress.trouble = Some(error.to_string()));
                // An old token may have become too old, and a new one may not.
                let is_refused = error.kind() == ErrorKind::Forbidden;
                *token = token.take().filter(|_| !is_refused);
                return may_pass(&error) || (is_refused && is_old);
            }
        };
        self.state.update(|progress| {
            progress.phase = Phase::Reading;
            progress.sessions += 1;
        });
        let mut session = Session::default();
        let mut stopped_at = None;
        let error = loop {
            let is_stopped = self.state.lock().is_stopped;
            // What has come already is read, unless it never ends.
            let limit = match is_stopped {
                true => Duration::ZERO,
                false => LONGEST_PAUSE,
            };
            let stopped_at = is_stopped.then(|| *stopped_at.get_or_insert_with(Instant::now));
            let is_over = stopped_at.is_some_and(|at: Instant| at.elapsed() > LONGEST_END);
            match stream.read(limit) {
                Ok(ConsoleOutput::Bytes(bytes)) if !is_over => self.take(&bytes, &mut session),
                Ok(ConsoleOutput::Nothing) if !is_stopped => {}
                Ok(ConsoleOutput::Nothing | ConsoleOutput::Bytes(_)) => {
                    let printed = session.of_the_machine();
                    self.state.update(|progress| progress.printed += printed);
                    return false;
                }
                Ok(ConsoleOutput::End) => break None,
                Err(error) => break Some(error),
            }
        };
        self.state.update(|progress| progress.end(&session, error));
        true
    }

    /// None if it was stopped.
    fn open(&self, token: &mut Option<Token>) -> client::Result<Option<ConsoleStream>> {
        let consoles = self.client.consoles();
        let valid = token
            .take()
            .filter(|(_, made)| made.elapsed() < TOKEN_LIFETIME);
        let valid = match valid {
            Some(valid) => valid,
            None => (self.create_token()?, Instant::now()),
        };
        let console = &token.insert(valid).0;
        if self.state.lock().is_stopped {
            return Ok(None);
        }
        consoles.connect(self.machine, console, &self.state.interrupter)
    }

    /// An order may wait for this, so it must not take long.
    fn create_token(&self) -> client::Result<Console> {
        let client = self.client.with_time_limit(LONGEST_START);
        client.consoles().create(self.machine)
    }

    fn take(&mut self, bytes: &[u8], session: &mut Session) {
        session.take(bytes);
        let written = self.file.as_mut().map(|file| file.write_all(bytes));
        let unwritten = written.and_then(Result::err);
        if unwritten.is_some() {
            self.file = None;
        }
        self.state.update(|progress| {
            progress.take(bytes);
            progress.is_busy &= session.is_busy() || !session.is_operational();
            if let Some(error) = unwritten {
                progress.unwritten = Some(io_error::text(&error));
            }
        });
    }
}

/// Whether the console may be opened later. A new token that is refused, and a console that the server refuses, are not
/// asked for again: each request takes time of the BMC, and everybody waits.
fn may_pass(error: &client::Error) -> bool {
    !matches!(
        error.kind(),
        ErrorKind::Unauthorized
            | ErrorKind::Forbidden
            | ErrorKind::NotFound
            | ErrorKind::InvalidRequest
    )
}
