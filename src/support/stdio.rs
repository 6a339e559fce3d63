//! Writes to standard output and standard error, each of which may be closed or full.

use std::io::Write;
use std::process::ExitCode;

/// Prints a text on standard output. An output that is closed or full is a failure, not a panic.
pub fn print_stdout(text: &str) -> ExitCode {
    let mut stdout = std::io::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Prints a text on standard error. An error of writing is ignored: there is nowhere left to report it.
pub fn print_stderr(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}
