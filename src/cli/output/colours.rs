//! The colours of the terminal. `anstream` removes them where the output is no terminal, or `NO_COLOR` is set.

use anstyle::{AnsiColor, Style};

/// Headings.
pub(crate) const HEADING: Style = Style::new().bold();
/// What was done.
pub(crate) const CHANGED: Style = AnsiColor::Yellow.on_default();
/// A machine that is ready, and an added line.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// A failure.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
/// A removed line.
pub(crate) const REMOVED: Style = AnsiColor::Red.on_default();
/// A machine that is being installed.
const UNDER_WAY: Style = AnsiColor::Cyan.on_default();

pub(crate) fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// The colour of a machine's state.
pub(crate) fn machine_state(state: &str) -> Style {
    match state {
        "ready" => GOOD,
        "provisioning" => UNDER_WAY,
        "error" => BAD,
        _ => Style::new(),
    }
}
