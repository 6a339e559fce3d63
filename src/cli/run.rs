//! Runs a command and shows its result.

use std::process::ExitCode;
use std::time::Duration;

use serde_json::Value;

use crate::ansible::{Failure, FailureKind, Success};
use crate::cli::command_request::CommandRequest;
use crate::cli::commands::{console, preseed_render, preseed_show};
use crate::cli::display_facts::DisplayFacts;
use crate::cli::output::format::{OutputFormat, data_text, names_text};
use crate::cli::output::result_text::{
    DisplayOptions, console_tails, done_text, failed_items_text, result_text,
};
use crate::cli::output::terminal;
use crate::cli::{INVALID_CALL, holders, interrupt, not_found};

/// Runs the command once, or again and again.
pub(crate) fn run(request: &CommandRequest) -> ExitCode {
    interrupt::install(request);
    if console::connects(request) {
        return connect(request);
    }
    match request.pause {
        None => show(request, execute(request)),
        Some(pause) => watch(request, pause),
    }
}

/// Connects to a console, which prints no result but a failure.
fn connect(request: &CommandRequest) -> ExitCode {
    match console::run(request) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => show(request, Err(failure.rendered(request.call.option_style))),
    }
}

fn execute(request: &CommandRequest) -> Result<Success, Failure> {
    let outcome = request.command.module.answer(&request.call);
    let mut success = not_found::check(request, outcome)?;
    holders::warn(request, &mut success);
    Ok(success)
}

/// Repeats the command until it cannot print. A failure of the first run is final, a later one may pass.
fn watch(request: &CommandRequest, pause: Duration) -> ExitCode {
    let mut outcome = execute(request);
    let fails_at_once = outcome.is_err();
    loop {
        terminal::clear();
        let is_failure = outcome.is_err();
        let code = show(request, outcome);
        if fails_at_once || (!is_failure && code != ExitCode::SUCCESS) {
            return code;
        }
        std::thread::sleep(pause);
        outcome = execute(request);
    }
}

fn show(request: &CommandRequest, outcome: Result<Success, Failure>) -> ExitCode {
    let module = request.command.module;
    let failure = outcome.as_ref().err();
    let failure = failure.map(|failure| request.call.scrub_failure(module.spec, failure));
    let mut result = request.call.result(module.spec, outcome);
    if request.call.check_mode {
        undo_done(&mut result);
    }
    request.progress.clear();
    let printed = if request.format.is_data() {
        terminal::print(&data_text(request.format, &result))
    } else {
        show_text(request, &result, failure.as_ref())
    };
    match failure.map(|failure| failure.kind) {
        None => printed,
        Some(FailureKind::InvalidCall) => ExitCode::from(INVALID_CALL),
        Some(FailureKind::Failed) => ExitCode::FAILURE,
    }
}

fn show_text(request: &CommandRequest, result: &Value, failure: Option<&Failure>) -> ExitCode {
    let facts = DisplayFacts::read(request, result);
    request.progress.clear();
    let size = terminal::size();
    let height = size.filter(|_| request.pause.is_some());
    let options = DisplayOptions {
        width: size.map(|(columns, _)| columns),
        // The cursor needs a line below the result.
        height: height.map(|(_, lines)| usize::from(lines).saturating_sub(1)),
        is_check: request.call.check_mode,
        is_diff: request.call.diff_mode,
        has_heading: request.has_heading,
        facts: &facts,
    };
    let warnings = result["warnings"].as_array().into_iter().flatten();
    for warning in warnings.filter_map(Value::as_str) {
        terminal::print_warning(warning);
    }
    let raw = preseed_show::raw_text(&request.call, result);
    if let Some(text) = raw.or_else(|| preseed_render::raw_text(result)) {
        return terminal::print_raw(&text);
    }
    match (failure, request.format, request.command.view.names()) {
        (Some(failure), ..) => show_failure(failure, result, options),
        (None, OutputFormat::Names, Some((list, key))) => {
            let objects = result[list].as_array().map_or(&[][..], Vec::as_slice);
            terminal::print(&names_text(objects, key))
        }
        _ => terminal::print(&result_text(request.command, result, options)),
    }
}

/// In check mode nothing is done: of a list of which some items failed, the planned steps of the others are not.
fn undo_done(result: &mut Value) {
    let Some(Value::Array(done)) = result.get_mut("done").map(Value::take) else {
        return;
    };
    let not_done = result["not_done"].as_array().into_iter().flatten();
    let planned: Vec<Value> = done.into_iter().chain(not_done.cloned()).collect();
    result["done"] = Value::Array(Vec::new());
    result["not_done"] = Value::Array(planned);
}

/// What was done is a result. Of several items, each that failed has a line.
fn show_failure(failure: &Failure, result: &Value, options: DisplayOptions) -> ExitCode {
    let printed = terminal::print(&done_text(result, options));
    terminal::print_error(&console_tails(result));
    match result["results"].as_array() {
        Some(items) if !failure.item_messages.is_empty() => {
            terminal::print_failure(&Failure {
                message: failed_items_text(items, &failure.item_messages),
                hint: None,
                ..failure.clone()
            });
        }
        _ => terminal::print_failure(failure),
    }
    printed
}
