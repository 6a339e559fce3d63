//! Standard output and standard error, of which each may be closed or full.

use std::io::Write;
use std::process::ExitCode;

/// Prints what was asked for. A standard output that takes no more is a failure, not a panic.
pub fn say(text: &str) -> ExitCode {
    let mut stdout = std::io::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Prints what a person must know. Nothing is left to tell when even standard error is closed.
pub fn complain(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}
