//! Runs a command and shows its result.

use std::process::ExitCode;
use std::time::Duration;

use serde_json::Value;

use crate::ansible::{Failure, FailureKind, Success};
use crate::cli::command_request::CommandRequest;
use crate::cli::output::result_text::{
    DisplayOptions, done_text, failed_items_text, json_text, result_text,
};
use crate::cli::output::terminal;
use crate::cli::{INVALID_CALL, not_found};

/// Runs the command once, or again and again.
pub(crate) fn run(request: &CommandRequest) -> ExitCode {
    match request.pause {
        None => show(request, execute(request)),
        Some(pause) => watch(request, pause),
    }
}

fn execute(request: &CommandRequest) -> Result<Success, Failure> {
    let outcome = request.command.module.answer(&request.call);
    not_found::check(request, outcome)
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
    let failure = failure.map(|failure| terminal::scrub(module, &request.call, failure));
    let result = request.call.result(module.spec, outcome);
    let options = display_options(request);
    let printed = if request.is_json {
        terminal::print(&json_text(&result))
    } else {
        let warnings = result["warnings"].as_array().into_iter().flatten();
        for warning in warnings.filter_map(Value::as_str) {
            terminal::print_warning(warning);
        }
        match &failure {
            None => terminal::print(&result_text(request.command, &result, options)),
            Some(failure) => show_failure(failure, &result, options),
        }
    };
    match failure.map(|failure| failure.kind) {
        None => printed,
        Some(FailureKind::InvalidCall) => ExitCode::from(INVALID_CALL),
        Some(FailureKind::Failed) => ExitCode::FAILURE,
    }
}

/// What was done is a result. Of several items, each that failed has a line.
fn show_failure(failure: &Failure, result: &Value, options: DisplayOptions) -> ExitCode {
    let printed = terminal::print(&done_text(result, options));
    match failed_items_text(result, &failure.item_messages) {
        None => terminal::print_failure(failure),
        Some((count, items)) => {
            terminal::print_failure(&Failure::new(count));
            terminal::print_error(&items);
        }
    }
    terminal::print_server_response(result["server_response"].as_str());
    printed
}

fn display_options(request: &CommandRequest) -> DisplayOptions {
    let size = terminal::size();
    let height = size.filter(|_| request.pause.is_some());
    DisplayOptions {
        width: size.map(|(columns, _)| columns),
        // The cursor needs a line below the result.
        height: height.map(|(_, lines)| usize::from(lines).saturating_sub(1)),
        is_check: request.call.check_mode,
        is_diff: request.call.diff_mode,
    }
}
