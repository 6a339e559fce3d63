//! Printing: results on standard output, everything else on standard error.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use crate::ansible::{Call, Failure, Module};
use crate::cli::output::colours;
use crate::cli::output::colours::paint;
use crate::cli::output::text::without_controls;

/// Moves the cursor to the upper left corner and empties the screen.
const CLEAR: &str = "\x1b[H\x1b[2J";

/// The columns and lines of the terminal on standard output; None where it is no terminal.
pub(crate) fn size() -> Option<(u16, u16)> {
    let stdout = std::io::stdout();
    let size = terminal_size::terminal_size_of(&stdout).filter(|_| stdout.is_terminal());
    size.map(|(columns, lines)| (columns.0, lines.0))
}

/// Prints a result.
pub(crate) fn print(text: &str) -> ExitCode {
    let mut stdout = anstream::stdout();
    let written = stdout.write_all(text.as_bytes());
    match written.and_then(|()| stdout.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Empties the terminal on standard output.
pub(crate) fn clear() {
    if size().is_some() {
        // The result is printed next, and reports an output that fails.
        let _ = std::io::stdout().write_all(CLEAR.as_bytes());
    }
}

/// Prints a failure's message, and its hint in a line of its own.
pub(crate) fn print_failure(failure: &Failure) {
    let program = paint(colours::BAD, "mrp:");
    print_error(&format!("{program} {}\n", failure.message));
    if let Some(hint) = &failure.hint {
        print_error(&format!("{hint}\n"));
    }
}

/// The failure without secrets and control characters, its hint apart from its message.
pub(crate) fn scrub(module: &Module, call: &Call, failure: &Failure) -> Failure {
    let scrub = |text: &str| without_controls(&call.scrub_text(module.spec, text.to_owned()));
    Failure {
        kind: failure.kind,
        item_messages: failure
            .item_messages
            .iter()
            .map(|message| scrub(message))
            .collect(),
        hint: failure.hint.as_deref().map(scrub),
        hint_names_option: failure.hint_names_option,
        ..Failure::new(scrub(&failure.message))
    }
}

/// Prints one of the warnings of a result.
pub(crate) fn print_warning(warning: &str) {
    let word = paint(colours::CHANGED, "warning:");
    print_error(&format!("{word} {}\n", without_controls(warning)));
}

/// Prints the server's response, where there is one to show.
pub(crate) fn print_server_response(response: Option<&str>) {
    if let Some(response) = response {
        let response = without_controls(response);
        print_error(&format!("The server said: {response}\n"));
    }
}

/// Prints on standard error. Where that is closed, nobody can read about it.
pub(crate) fn print_error(text: &str) {
    let _ = anstream::stderr().write_all(text.as_bytes());
}
