//! Ctrl-C: what goes on without the command, and what to type.

use std::thread;

use serde_json::{Value, json};
use signal_hook::consts::SIGINT;
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use crate::ansible::{Call, Failure, signal_is_ignored};
use crate::cli::command_request::{CommandRequest, shell_quoted};
use crate::cli::output::progress::ProgressMonitor;
use crate::cli::output::terminal;
use crate::cli::raw_mode;

/// Makes Ctrl-C print what goes on without the command. The process then ends by the signal, so that a shell ends too what it
/// runs the command in. A command in the background of a script ignores the signal, and goes on doing so.
pub(crate) fn install(request: &CommandRequest) {
    if request.pause.is_some() || signal_is_ignored(SIGINT) {
        return;
    }
    let Ok(mut signals) = Signals::new([SIGINT]) else {
        return;
    };
    let progress = request.progress.clone();
    let waiting = waiting(request);
    let may_write = request.command.has_plan() && !request.call.check_mode;
    // Without the thread, the signal ends the process without a message.
    let _ = thread::Builder::new().spawn(move || {
        if signals.forever().next().is_some() {
            end(&progress, &waiting, may_write);
        }
    });
}

fn end(progress: &ProgressMonitor, waiting: &Failure, may_write: bool) {
    raw_mode::put_back();
    let is_waiting = progress.is_waiting();
    progress.clear();
    if is_waiting {
        terminal::print_failure(waiting);
    } else if may_write {
        terminal::print_failure(&Failure::new(
            "interrupted; what was under way may have taken effect",
        ));
    }
    let _ = emulate_default_handler(SIGINT);
}

/// What to say of a wait that is left.
fn waiting(request: &CommandRequest) -> Failure {
    let machines = named_machines(request);
    let lab = &request.lab_options;
    let (message, hint) = match request.command.words {
        ["machine", ..] if is_given(request, "boot_once", &json!(true)) => (
            "not waiting any more; what the machine booted before is not put back yet",
            format!("To put it back, type: mrp machine configure{machines}{lab}"),
        ),
        ["machine", ..] => (
            "not waiting any more; what was begun on the machine goes on",
            format!("To wait on, type: mrp machine wait{machines}{lab}"),
        ),
        ["power", ..] if may_wait_without_order(request) => (
            "not waiting any more; the machine goes on",
            format!("To see its power, type: mrp power show{machines}{lab}"),
        ),
        ["power", ..] => (
            "not waiting any more; the order was given, and the machine follows it",
            format!("To see its power, type: mrp power show{machines}{lab}"),
        ),
        _ => (
            "not waiting any more; nothing was taken meanwhile",
            "To wait on, type the command again.".to_owned(),
        ),
    };
    let failure = Failure {
        hint: Some(hint),
        ..Failure::new(message)
    };
    request
        .call
        .scrub_failure(request.command.module.spec, &failure)
}

/// The calls of all machines.
fn calls(request: &CommandRequest) -> &[Call] {
    match &request.call.items {
        Some(items) => items.as_slice(),
        None => std::slice::from_ref(&request.call),
    }
}

fn is_given(request: &CommandRequest, option: &str, value: &Value) -> bool {
    let mut calls = calls(request).iter();
    calls.any(|call| call.options.get(option) == Some(value))
}

fn may_wait_without_order(request: &CommandRequest) -> bool {
    let mut calls = calls(request).iter();
    is_given(request, "switch", &json!(false))
        || calls.any(|call| call.options.contains_key("switch_after"))
}

/// The machines as they are typed.
fn named_machines(request: &CommandRequest) -> String {
    let words = calls(request).iter().map(|call| {
        let (name, id) = (call.options.get("name"), call.options.get("id"));
        match name.and_then(Value::as_str) {
            Some(name) => format!(" {}", shell_quoted(name)),
            None => id.map_or(String::new(), |id| format!(" --id {id}")),
        }
    });
    words.collect()
}
