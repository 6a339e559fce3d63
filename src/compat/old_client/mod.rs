//! The command line of `mrp_client.py`, the predecessor of `mrp`: the same lines print the same and end with the same exit
//! code. `docs/migration.md` lists the differences, with their reasons.
//!
//! Each action is a call of a module or two, as each command of `mrp` is.

mod actions;
mod parser;

use std::ffi::OsString;
use std::io::IsTerminal;
use std::process::ExitCode;

use clap::ArgMatches;
use serde_json::{Map, Value, json};

use crate::ansible::{Call, Failure, Module};
use crate::cli::output::{terminal, text};
use crate::cli::usage_error::sentence;
use crate::cli::{INVALID_CALL, VERBOSITY, print_help, profiles};
use crate::support::stdio::print_stdout;

pub(crate) use parser::is_meant;

/// The exit code of a check that finds nothing.
const NOT_FOUND: u8 = 2;

/// What an action prints.
enum ActionOutput {
    Nothing,
    /// `True` or `False`, with the exit code.
    Found(bool),
    Lines(String),
}

/// A line that was typed, and the options of the connection.
struct OldCommandLine<'a> {
    command: &'a str,
    matches: &'a ArgMatches,
    connection: Map<String, Value>,
    is_verbose: bool,
}

/// Runs a line for the old client.
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
    let line = OldCommandLine {
        command,
        matches: command_matches,
        connection,
        is_verbose: matches.get_count(parser::VERBOSE) > 0,
    };
    match actions::perform(&line) {
        Ok(output) => output.print(),
        Err(failure) => {
            terminal::print_failure(&failure);
            terminal::print_server_response(failure.server_response.as_deref());
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
        if let Some(value) = matches.get_one::<String>(name) {
            typed.insert(name.to_owned(), json!(value));
        }
    }
    let mut connection = profiles::options(None, &typed)?;
    connection.extend(typed);
    profiles::require_server(&connection)?;
    Ok(connection)
}

impl OldCommandLine<'_> {
    /// The value of an option as it was typed.
    fn typed(&self, option: &str) -> Option<&str> {
        self.matches.get_one(option).map(String::as_str)
    }

    /// The value of an option; None also for an empty one.
    fn value(&self, option: &str) -> Option<&str> {
        self.typed(option).filter(|value| !value.is_empty())
    }

    /// Fails where one of these options is empty: the modules would take that as not given.
    fn refuse_empty(&self, options: &[&str]) -> Result<(), Failure> {
        match options.iter().find(|name| self.typed(name) == Some("")) {
            Some(name) => Err(Failure::new(format!(
                "{} must not be empty",
                parser::flag(self.command, name)
            ))),
            None => Ok(()),
        }
    }

    /// Fails where one of these options is not given or empty.
    fn require(&self, options: &[&str]) -> Result<(), Failure> {
        let missing = options.iter().filter(|name| self.value(name).is_none());
        let missing: Vec<String> = missing
            .map(|name| parser::flag(self.command, name))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(Failure::new(format!(
            "{} --action {} needs {}",
            self.command,
            self.value(parser::ACTION).unwrap_or_default(),
            missing.join(" and ")
        )))
    }

    /// Those of these options that were given, for a module.
    fn options(&self, names: &[&str]) -> Map<String, Value> {
        let mut options = Map::new();
        for name in names {
            if let Some(value) = self.value(name) {
                options.insert((*name).to_owned(), json!(value));
            }
        }
        options
    }

    /// The result of a module that must not change anything.
    fn check(
        &self,
        module: &'static Module,
        options: Map<String, Value>,
    ) -> Result<Value, Failure> {
        self.call(module, options, true)
    }

    /// The result of a module that does what the options say.
    fn apply(
        &self,
        module: &'static Module,
        options: Map<String, Value>,
    ) -> Result<Value, Failure> {
        self.call(module, options, false)
    }

    fn call(
        &self,
        module: &'static Module,
        options: Map<String, Value>,
        check_mode: bool,
    ) -> Result<Value, Failure> {
        let options = self.connection.clone().into_iter().chain(options).collect();
        let verbosity = if self.is_verbose { VERBOSITY } else { 0 };
        let call = Call::new(module.spec, &options)?.in_mode(check_mode, false, verbosity);
        let outcome = module.answer(&call);
        let failure = outcome.as_ref().err();
        let failure = failure.map(|failure| terminal::scrub(module, &call, failure));
        let result = call.result(module.spec, outcome);
        let warnings = result["warnings"].as_array().filter(|_| self.is_verbose);
        for warning in warnings.into_iter().flatten().filter_map(Value::as_str) {
            terminal::print_warning(warning);
        }
        match failure {
            None => Ok(result),
            Some(failure) => Err(Failure {
                server_response: result["server_response"].as_str().map(str::to_owned),
                // These lines do not have the options of the modules.
                hint: failure.hint.filter(|_| !failure.hint_names_option),
                ..failure
            }),
        }
    }
}

impl ActionOutput {
    fn print(self) -> ExitCode {
        match self {
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
}
