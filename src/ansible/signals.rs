//! Panics and signals: each ends the run with one failed result, and with nothing on standard error.

use std::any::Any;
use std::env;
use std::fs;
use std::os::unix::process::parent_id;
use std::panic::{self, PanicHookInfo};
use std::process;
use std::thread;
use std::time::Duration;

use rustix::process::{Signal, set_parent_process_death_signal};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::ansible::output;
use crate::ansible::result::Failure;

/// The number of the process that this one must not outlive: that of Ansible's, which runs a module in place.
const END_WITH_PARENT: &str = "MRP_END_WITH_PARENT";

/// Makes panics and signals print a result.
pub(crate) fn install_handlers() {
    panic::set_hook(Box::new(|panic| {
        end(
            1,
            format!(
                "Internal error in {}: {}; please report it.",
                output::context().name,
                describe(panic)
            ),
        );
    }));
    let ignored = ignored_signals();
    let handled = [SIGTERM, SIGINT, SIGHUP]
        .into_iter()
        .filter(|signal| !is_in(ignored, *signal));
    // Without the thread a signal ends the process without a result; the module can run all the same.
    if let Ok(signals) = Signals::new(handled) {
        let _ = thread::Builder::new().spawn(move || wait_for(signals));
    }
    end_with_parent();
}

/// A parent that is killed sends no signal; then the kernel does.
fn end_with_parent() {
    let number = env::var(END_WITH_PARENT).ok();
    let Some(parent) = number.and_then(|number| number.parse::<u32>().ok()) else {
        return;
    };
    let _ = set_parent_process_death_signal(Some(Signal::TERM));
    if parent_id() != parent {
        // It ended before the kernel knew.
        end(
            128 + SIGTERM,
            format!("{} was left by its task.", output::context().name),
        );
    }
}

fn is_in(mask: u64, signal: i32) -> bool {
    mask >> (signal - 1) & 1 != 0
}

/// Whether the parent process set the signal to be ignored.
#[cfg(feature = "cli")]
pub(crate) fn is_ignored(signal: i32) -> bool {
    is_in(ignored_signals(), signal)
}

/// The signals that the parent process set to be ignored, as `nohup` does, one bit each: they stay ignored.
fn ignored_signals() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mut masks = status
        .lines()
        .filter_map(|line| line.strip_prefix("SigIgn:"));
    let mask = masks.next().unwrap_or_default();
    u64::from_str_radix(mask.trim(), 16).unwrap_or(0)
}

/// The first signal prints a result. Printing blocks while another result is printed to a pipe that nobody reads, so a second
/// signal ends the process without.
#[expect(clippy::exit, reason = "a second signal ends the process at once")]
fn wait_for(mut signals: Signals) {
    let mut received = signals.forever();
    if let Some(signal) = received.next() {
        let message = format!(
            "{} was stopped by {}.",
            output::context().name,
            signal_name(signal)
        );
        let text = message.clone();
        let printer = thread::Builder::new().spawn(move || end(128 + signal, text));
        // Without another thread nothing waits for a second signal.
        if printer.is_err() {
            end(128 + signal, message);
        }
    }
    if let Some(signal) = received.next() {
        // Two signals come together when a session ends: the result of the first is still printed.
        thread::sleep(Duration::from_secs(1));
        process::exit(128 + signal);
    }
}

/// Prints the failure and exits: with panic = "abort" nothing after the panic hook would run.
#[expect(
    clippy::exit,
    reason = "the interrupted thread cannot be made to return"
)]
fn end(code: i32, message: String) -> ! {
    let _ = output::print(Err(Failure::interrupted(message)));
    process::exit(code)
}

fn signal_name(signal: i32) -> &'static str {
    match signal {
        SIGHUP => "SIGHUP",
        SIGINT => "SIGINT",
        _ => "SIGTERM",
    }
}

/// The panic's message and position in the source.
fn describe(panic: &PanicHookInfo<'_>) -> String {
    let message = text_of(panic.payload());
    match panic.location() {
        Some(location) => {
            format!(
                "{message} ({}:{})",
                short_path(location.file()),
                location.line()
            )
        }
        None => message.to_owned(),
    }
}

/// A path without the folders of the machine that compiled it: `hyper-1.2.3/src/client.rs`, `src/task/image.rs`.
fn short_path(file: &str) -> &str {
    let package = file
        .rfind("/src/")
        .map(|end| file[..end].rfind('/').map_or(0, |slash| slash + 1));
    &file[package.unwrap_or(0)..]
}

fn text_of(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shortens_paths() {
        assert_eq!(
            short_path("/home/me/src/hyper-1.2.3/src/client.rs"),
            "hyper-1.2.3/src/client.rs"
        );
        assert_eq!(short_path("src/task/image.rs"), "src/task/image.rs");
        assert_eq!(short_path("probe/src/main.rs"), "probe/src/main.rs");
        assert_eq!(short_path("main.rs"), "main.rs");
    }
}
