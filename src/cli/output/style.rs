//! The colours of the terminal. They are taken out again where the output is none, or `NO_COLOR` is set.

use anstyle::{AnsiColor, Style};

/// Headings.
pub(crate) const HEAD: Style = Style::new().bold();
/// What was done.
pub(crate) const CHANGED: Style = AnsiColor::Yellow.on_default();
/// What is as it should be.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// What is wrong.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
/// What goes away.
pub(crate) const REMOVED: Style = AnsiColor::Red.on_default();
/// What is on its way.
const UNDER_WAY: Style = AnsiColor::Cyan.on_default();

pub(crate) fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// The colour of a machine's state.
pub(crate) fn of_state(state: &str) -> Style {
    match state {
        "ready" => GOOD,
        "provisioning" => UNDER_WAY,
        "error" => BAD,
        _ => Style::new(),
    }
}
