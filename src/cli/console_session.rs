//! A session at a console: what the machine prints goes to the standard output and to a file, what is typed to the machine.

use std::fs::File;
use std::io::{self, Read, Write};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use crate::cli::raw_mode::RawMode;
use crate::client::{ConsoleOutput, ConsoleStream, Interrupter};
use crate::support::io_error;
use crate::task::console;

/// How long one read waits.
const READ_LIMIT: Duration = Duration::from_secs(30);

/// How many of the last bytes tell why the session ended.
const LAST_BYTES: usize = 256;

pub(crate) struct ConsoleSession {
    stream: ConsoleStream,
    log: Option<File>,
    last: Vec<u8>,
}

/// Why a session ended that nobody ended here.
pub(crate) struct SessionProblem {
    pub(crate) text: String,
    pub(crate) hint: Option<&'static str>,
}

impl SessionProblem {
    fn new(text: impl Into<String>) -> SessionProblem {
        SessionProblem {
            text: text.into(),
            hint: None,
        }
    }
}

/// What comes from the keyboard.
enum Typed {
    Bytes(Vec<u8>),
    /// The user ends the session, or the terminal is gone.
    End,
}

/// Shows what the machine prints, until the other side ends it.
pub(crate) fn follow(mut session: ConsoleSession) -> Result<(), SessionProblem> {
    loop {
        session.read()?;
    }
}

/// Connects the terminal, until the user or the other side ends it.
pub(crate) fn attach(
    mut session: ConsoleSession,
    interrupter: &Interrupter,
) -> Result<(), SessionProblem> {
    let unusable = |error: io::Error| {
        let reason = io_error::text(&error);
        SessionProblem::new(format!("is not connected: the terminal: {reason}"))
    };
    let (sender, typed) = channel();
    let raw_mode = RawMode::enter().map_err(unusable)?;
    let interrupter = interrupter.clone();
    thread::Builder::new()
        .spawn(move || read_keyboard(&sender, &interrupter))
        .map_err(unusable)?;
    let ended = session.run(&typed);
    drop(raw_mode);
    // The machine has left the cursor somewhere on its line.
    let _ = io::stderr().write_all(b"\n");
    ended
}

/// Sends what is typed, until the end. The thread ends with the process.
fn read_keyboard(sender: &Sender<Typed>, interrupter: &Interrupter) {
    let mut escape = Escape::default();
    let mut buffer = [0; 1024];
    loop {
        let count = match io::stdin().read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read.unwrap_or(0),
        };
        let (bytes, is_end) = escape.take(&buffer[..count]);
        let is_end = is_end || count == 0;
        // Nobody receives it any more once the session is over.
        let _ = sender.send(Typed::Bytes(bytes));
        if is_end {
            let _ = sender.send(Typed::End);
        }
        interrupter.interrupt();
        if is_end {
            return;
        }
    }
}

impl ConsoleSession {
    pub(crate) fn new(stream: ConsoleStream, log: Option<File>) -> ConsoleSession {
        ConsoleSession {
            stream,
            log,
            last: Vec::new(),
        }
    }

    fn run(&mut self, typed: &Receiver<Typed>) -> Result<(), SessionProblem> {
        loop {
            self.read()?;
            for typed in typed.try_iter() {
                match typed {
                    Typed::Bytes(bytes) => self
                        .stream
                        .write(&bytes)
                        .map_err(|error| SessionProblem::new(format!("broke off: {error}")))?,
                    Typed::End => return Ok(()),
                }
            }
        }
    }

    /// Reads once, and passes on what came.
    fn read(&mut self) -> Result<(), SessionProblem> {
        let output = self.stream.read(READ_LIMIT);
        match output.map_err(|error| SessionProblem::new(format!("broke off: {error}")))? {
            ConsoleOutput::Bytes(bytes) => self.show(&bytes),
            ConsoleOutput::Nothing => Ok(()),
            ConsoleOutput::End if console::is_busy(&self.last) => Err(SessionProblem {
                text: "is busy: another session reads it".into(),
                hint: Some("A BMC has one session at a time."),
            }),
            ConsoleOutput::End => Err(SessionProblem::new("was closed by the other side")),
        }
    }

    fn show(&mut self, bytes: &[u8]) -> Result<(), SessionProblem> {
        self.last.extend(bytes);
        let surplus = self.last.len().saturating_sub(LAST_BYTES);
        self.last.drain(..surplus);
        let mut out = io::stdout();
        let shown = out.write_all(bytes).and_then(|()| out.flush());
        let logged = self.log.as_mut().map_or(Ok(()), |log| log.write_all(bytes));
        shown.and(logged).map_err(|error| {
            let reason = io_error::text(&error);
            SessionProblem::new(format!(
                "was left: what it prints cannot be written: {reason}"
            ))
        })
    }
}

/// Finds `~.` after a line break, which ends the session; `~~` there is one `~`.
#[derive(Default)]
struct Escape(Position);

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Position {
    #[default]
    LineStart,
    /// Behind a `~` that was kept back.
    Tilde,
    Within,
}

impl Escape {
    /// What of it is sent, and whether the session ends behind it.
    fn take(&mut self, typed: &[u8]) -> (Vec<u8>, bool) {
        let mut sent = Vec::with_capacity(typed.len());
        for &byte in typed {
            match (self.0, byte) {
                (Position::LineStart, b'~') => {
                    self.0 = Position::Tilde;
                    continue;
                }
                (Position::Tilde, b'.') => return (sent, true),
                (Position::Tilde, b'~') => {}
                (Position::Tilde, _) => sent.push(b'~'),
                _ => {}
            }
            sent.push(byte);
            self.0 = match byte {
                b'\r' | b'\n' => Position::LineStart,
                _ => Position::Within,
            };
        }
        (sent, false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tilde_and_dot_end_the_session_after_a_line_break_alone() {
        for (typed, sent, ends) in [
            (&["~."][..], "", true),
            (&["~", "."], "", true),
            (&["root\r~."], "root\r", true),
            (&["root\n", "~", ".x"], "root\n", true),
            (&["a~."], "a~.", false),
            (&["~~."], "~.", false),
            (&["~x~."], "~x~.", false),
            (&["~\r~."], "~\r", true),
        ] {
            let mut escape = Escape::default();
            let (mut all, mut has_ended) = (Vec::new(), false);
            for part in typed {
                let (sent, end) = escape.take(part.as_bytes());
                all.extend(sent);
                has_ended |= end;
            }
            assert_eq!(String::from_utf8_lossy(&all), sent, "{typed:?}");
            assert_eq!(has_ended, ends, "{typed:?}");
        }
    }
}
