//! The command line, `mrp`.
//!
//! A command is a module with some of its options fixed. The words typed become the same call that Ansible makes, so
//! option names, checks and plans are the same; only the display of the result is the command line's own.
//!
//! Exit codes: 0 for success, 1 for a failure, 2 for an invalid call.

mod command_request;
mod commands;
mod complete;
mod completion_scripts;
mod console_session;
mod display_facts;
mod foreign_words;
mod generate;
mod help;
mod holders;
mod ids;
mod interrupt;
mod labs;
mod missing_options;
mod not_found;
mod old_client;
mod output;
mod parser;
mod profiles;
mod raw_mode;
mod run;
mod side_request;
mod usage_error;

use std::ffi::OsString;
use std::process::ExitCode;

use crate::cli::command_request::TypedCommand;
use crate::cli::output::terminal;
use crate::cli::parser::HelpDetail;
use crate::compat::old_client::parser::is_meant;
use crate::support::dash_values::{join_dash_values, looks_like_option};

/// The exit code of an invalid call.
const INVALID_CALL: u8 = 2;
/// The verbosity of `--verbose`: the lowest at which a result has the server's response.
const VERBOSITY: u64 = 3;

/// Runs the command line with the arguments after the program's name.
pub fn run(args: &[OsString]) -> ExitCode {
    if is_meant(args) {
        return old_client::run(args);
    }
    match args.split_first() {
        Some((first, words)) if first == complete::WORD => return complete::run(words),
        _ => {}
    }
    let args = &help_as_option(args)[..];
    let words = join_dash_values(args, looks_like_option);
    let matches = match parser::program(HelpDetail::Brief).try_get_matches_from(words) {
        Ok(matches) => matches,
        Err(error) if error.use_stderr() => return usage_error::report(&error, args),
        Err(help) => return print_help(&help),
    };
    let Some((command, matches)) = parser::find_command(&matches) else {
        return generate::print(&matches);
    };
    let typed = TypedCommand { command, matches };
    match typed.request() {
        Ok(request) => run::run(&request),
        Err(failure) => {
            terminal::print_failure(&failure);
            ExitCode::from(INVALID_CALL)
        }
    }
}

/// `mrp help machine` as `mrp machine --help`.
fn help_as_option(args: &[OsString]) -> Vec<OsString> {
    match args.split_first() {
        Some((first, words)) if first == "help" => {
            words.iter().cloned().chain(["--help".into()]).collect()
        }
        _ => args.to_vec(),
    }
}

/// Prints the help or the version that clap returns as an error.
fn print_help(help: &clap::Error) -> ExitCode {
    match help.print() {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
