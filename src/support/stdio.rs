//! Writes to standard output and standard error, each of which may be closed or full.

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

/// How long an output that is full is left alone. Nothing tells when it can take more without blocking.
const FULL_PAUSE: Duration = Duration::from_millis(5);

/// Prints a text on standard output. An output that is closed or full is a failure, not a panic.
pub fn print_stdout(text: &str) -> ExitCode {
    let mut stdout = std::io::stdout().lock();
    match write_whole(&mut stdout, text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Writes all bytes, also to an output that does not block: one that is full takes more when its other end is read.
pub(crate) fn write_whole(output: &mut impl Write, mut bytes: &[u8]) -> io::Result<()> {
    loop {
        let result = match bytes {
            [] => output.flush().map(|()| 0),
            _ => output.write(bytes),
        };
        match result {
            Ok(0) if bytes.is_empty() => return Ok(()),
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(FULL_PAUSE),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Prints a text on standard error. An error of writing is ignored: there is nowhere left to report it.
pub fn print_stderr(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}
