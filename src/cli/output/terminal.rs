//! Printing: results on standard output, everything else on standard error.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use crate::ansible::Failure;
use crate::cli::output::colours::{self, paint};
use crate::cli::output::text::{fit_lines, without_controls};
use crate::support::stdio::print_stdout;

/// Moves the cursor to the upper left corner and empties the screen.
const CLEAR: &str = "\x1b[H\x1b[2J";

/// The columns and lines of the terminal on standard output; None where it is no terminal.
pub(crate) fn size() -> Option<(u16, u16)> {
    let stdout = std::io::stdout();
    let size = terminal_size::terminal_size_of(&stdout).filter(|_| stdout.is_terminal());
    size.map(|(columns, lines)| (columns.0, lines.0))
}

pub(crate) fn print(text: &str) -> ExitCode {
    let mut stdout = anstream::stdout();
    let written = stdout.write_all(text.as_bytes());
    match written.and_then(|()| stdout.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Prints a text of the server as it is; on a terminal without what could steer it.
pub(crate) fn print_raw(text: &str) -> ExitCode {
    match std::io::stdout().is_terminal() {
        true => print_stdout(&without_controls(text)),
        false => print_stdout(text),
    }
}

/// Empties the terminal on standard output.
pub(crate) fn clear() {
    if size().is_some() {
        // The result is printed next, and reports an output that fails.
        let _ = std::io::stdout().write_all(CLEAR.as_bytes());
    }
}

/// Prints a failure's message, then its hint and the server's response in lines of their own.
pub(crate) fn print_failure(failure: &Failure) {
    let columns = terminal_size::terminal_size_of(std::io::stderr());
    let columns = columns.map(|(columns, _)| columns.0);
    let program = paint(colours::BAD, "mrp:");
    let message = fit_lines(
        &format!("mrp: {}", without_controls(&failure.message)),
        columns,
    );
    let message = message.strip_prefix("mrp:").unwrap_or_default();
    print_error(&format!("{program}{message}\n"));
    if let Some(hint) = &failure.hint {
        // A command to type stays on one line, to be copied.
        let has_command = hint.contains("mrp ");
        let columns = columns.filter(|_| !has_command);
        print_error(&(fit_lines(&without_controls(hint), columns) + "\n"));
    }
    if let Some(response) = &failure.server_response {
        let response = without_controls(response);
        print_error(&format!("The server said: {response}\n"));
    }
}

pub(crate) fn print_warning(warning: &str) {
    let word = paint(colours::CHANGED, "warning:");
    print_error(&format!("{word} {}\n", without_controls(warning)));
}

/// Prints on standard error. Where that is closed, nobody can read about it.
pub(crate) fn print_error(text: &str) {
    let _ = anstream::stderr().write_all(text.as_bytes());
}
