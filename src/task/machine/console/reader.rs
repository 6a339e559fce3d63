//! The thread that reads a console into a file.

use std::fs::File;
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::client::{self, Client, Console, ConsoleOutput, ConsoleStream, ErrorKind, MachineId};
use crate::support::io_error;
use crate::task::machine::console::progress::{Phase, ReaderState, SessionText};

/// The pause before the console is opened again. Each later one is twice as long, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How long an order may wait for the console: what the machine prints before that is not seen.
pub(super) const LONGEST_START: Duration = Duration::from_secs(10);

/// How long the end of a wait may take for what has come already.
pub(super) const LONGEST_END: Duration = Duration::from_secs(1);

/// How long a token is used: it is valid for five minutes, and each new one costs time of the BMC.
const TOKEN_LIFETIME: Duration = Duration::from_secs(240);

/// A way to the console with a token, and when it was made.
type OpenedAt = (Console, Instant);

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
    fn open_and_read(&mut self, token: &mut Option<OpenedAt>) -> bool {
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
        let mut session = SessionText::default();
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
    fn open(&self, token: &mut Option<OpenedAt>) -> client::Result<Option<ConsoleStream>> {
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

    fn take(&mut self, bytes: &[u8], session: &mut SessionText) {
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
