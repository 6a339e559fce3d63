//! Where results and complaints go. Colours are taken out where there is no terminal, or where `NO_COLOR` is set.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use serde_json::Value;

use crate::ansible::{Call, Failure, Module};
use crate::cli::output::style;
use crate::cli::output::style::paint;
use crate::cli::output::text::{text_of, without_controls};

/// From the upper left corner on, on an empty screen.
const CLEAR: &str = "\x1b[H\x1b[2J";

/// The columns and lines of the terminal that is printed to; none where it is no terminal.
pub(crate) fn size() -> Option<(u16, u16)> {
    let stdout = std::io::stdout();
    let size = terminal_size::terminal_size_of(&stdout).filter(|_| stdout.is_terminal());
    size.map(|(columns, lines)| (columns.0, lines.0))
}

/// Prints what was asked for.
pub(crate) fn print(text: &str) -> ExitCode {
    let mut stdout = anstream::stdout();
    let written = stdout.write_all(text.as_bytes());
    match written.and_then(|()| stdout.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Empties the terminal that is printed to.
pub(crate) fn clear() {
    if size().is_some() {
        // Whether it takes more shows when something is printed.
        let _ = std::io::stdout().write_all(CLEAR.as_bytes());
    }
}

/// One sentence, and what to do about it.
pub(crate) fn complain(failure: &Failure) {
    tell(&format!(
        "{} {}\n",
        paint(style::BAD, "mrp:"),
        failure.message
    ));
    if let Some(hint) = &failure.hint {
        tell(&format!("{hint}\n"));
    }
}

/// The failure without secrets, its hint apart from its message.
pub(crate) fn scrubbed(module: &'static Module, call: &Call, failure: &Failure) -> Failure {
    let scrub = |text: &str| without_controls(&call.scrub_text(module.spec, text.to_owned()));
    Failure {
        hint: failure.hint.as_deref().map(scrub),
        ..Failure::new(scrub(&failure.message))
    }
}

/// What is to be known although nothing failed.
pub(crate) fn warn(warnings: &Value) {
    for warning in warnings.as_array().into_iter().flatten() {
        let word = paint(style::CHANGED, "warning:");
        tell(&format!("{word} {}\n", text_of(warning)));
    }
}

/// What the server said, where that is to be shown.
pub(crate) fn tell_response(response: Option<&str>) {
    if let Some(response) = response {
        tell(&format!(
            "The server said: {}\n",
            without_controls(response)
        ));
    }
}

/// Nothing is left to tell when even standard error is closed.
pub(crate) fn tell(text: &str) {
    let _ = anstream::stderr().write_all(text.as_bytes());
}
