//! The terminal on standard input in raw mode, and back again however the program ends.

use std::io;
use std::panic;
use std::sync::{Mutex, PoisonError};
use std::thread;

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use signal_hook::consts::{SIGHUP, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

/// What the terminal was like before.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

/// Every key goes to the reader at once, Ctrl-C too. Dropping it ends that.
pub(crate) struct RawMode(());

impl RawMode {
    pub(crate) fn enter() -> io::Result<RawMode> {
        let before = tcgetattr(io::stdin())?;
        let mut raw = before.clone();
        raw.make_raw();
        // First, so that no signal finds the terminal raw and nothing to put back.
        *BEFORE.lock().unwrap_or_else(PoisonError::into_inner) = Some(before);
        put_back_at_the_end()?;
        tcsetattr(io::stdin(), OptionalActions::Drain, &raw)?;
        Ok(RawMode(()))
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        put_back();
    }
}

/// Makes the terminal what it was before, if it is in raw mode.
pub(crate) fn put_back() {
    let before = BEFORE.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(before) = before {
        // A terminal that is gone needs nothing.
        let _ = tcsetattr(io::stdin(), OptionalActions::Drain, &before);
    }
}

/// Puts the terminal back when a signal or a panic ends the program. `interrupt` does it at SIGINT.
fn put_back_at_the_end() -> io::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGHUP, SIGQUIT])?;
    thread::Builder::new().spawn(move || {
        if let Some(signal) = signals.forever().next() {
            put_back();
            let _ = emulate_default_handler(signal);
        }
    })?;
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        put_back();
        report(panic);
    }));
    Ok(())
}
