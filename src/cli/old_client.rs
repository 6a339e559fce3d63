//! Runs a line for the old client: `compat::old_client` parses it and performs its action.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::process::ExitCode;

use clap::ArgMatches;
use serde_json::{Map, Value, json};

use crate::ansible::Failure;
use crate::cli::output::{terminal, text};
use crate::cli::usage_error::sentence;
use crate::cli::{INVALID_CALL, VERBOSITY, print_help, profiles};
use crate::compat::old_client::{ActionOutput, OldCommandLine, parser, perform};
use crate::support::stdio::print_stdout;

/// The exit code of a check that finds nothing.
const NOT_FOUND: u8 = 2;

pub(crate) fn run(args: &[OsString]) -> ExitCode {
    let matches = match parser::parse(args) {
        Ok(matches) => matches,
        Err(error) if error.use_stderr() => {
            let flags = parser::ambiguous_flags(args, &error);
            let failure = Failure {
                hint: flags.map(|flags| format!("It could be any of {flags}.")),
                ..Failure::new(sentence(&error))
            };
            return print_usage_error(args, &failure);
        }
        Err(help) => return print_help(&help),
    };
    let Some((command, command_matches)) = matches.subcommand() else {
        return ExitCode::from(INVALID_CALL);
    };
    let connection = match connection(&matches) {
        Ok(connection) => connection,
        Err(failure) => return print_usage_error(args, &failure),
    };
    let is_verbose = matches.get_count(parser::VERBOSE) > 0;
    let line = OldCommandLine {
        command,
        matches: command_matches,
        connection,
        verbosity: if is_verbose { VERBOSITY } else { 0 },
        // The old client printed no warnings, and scripts may read what it printed.
        warn: if is_verbose {
            terminal::print_warning
        } else {
            |_| {}
        },
    };
    match perform(&line) {
        Ok(output) => print(output),
        Err(failure) => {
            terminal::print_failure(&failure);
            ExitCode::FAILURE
        }
    }
}

/// The usage and what is wrong, as argparse prints them.
fn print_usage_error(args: &[OsString], failure: &Failure) -> ExitCode {
    terminal::print_error(&format!("{}\n", parser::usage(args)));
    terminal::print_failure(failure);
    ExitCode::from(INVALID_CALL)
}

/// The server and the token: typed, from the environment, or of a lab.
fn connection(matches: &ArgMatches) -> Result<Map<String, Value>, Failure> {
    let mut typed = Map::new();
    for name in ["mrp_url", "mrp_token"] {
        let value = matches.get_one::<String>(name);
        typed.extend(value.map(|value| (name.to_owned(), json!(value))));
    }
    let mut connection = profiles::options(None, &typed)?;
    connection.extend(typed);
    profiles::require_server(&connection)?;
    Ok(connection)
}

fn print(output: ActionOutput) -> ExitCode {
    match output {
        ActionOutput::Nothing => ExitCode::SUCCESS,
        ActionOutput::Found(true) => print_stdout("True\n"),
        ActionOutput::Found(false) => match print_stdout("False\n") {
            ExitCode::SUCCESS => ExitCode::from(NOT_FOUND),
            failed => failed,
        },
        ActionOutput::Lines(text) if std::io::stdout().is_terminal() => {
            print_stdout(&text::without_controls(&text))
        }
        ActionOutput::Lines(text) => print_stdout(&text),
    }
}
