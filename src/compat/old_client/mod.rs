//! The command line of `mrp_client.py`, the program that came before this one: the same lines print the same and end
//! the same. `docs/migration.md` tells where they do not, and why.
//!
//! Each action is a call of a module or two, as each command of the new command line is.

mod actions;
mod parser;

use std::ffi::OsString;
use std::io::IsTerminal;
use std::process::ExitCode;

use clap::ArgMatches;
use serde_json::{Map, Value, json};

use crate::ansible::{Call, Failure, Module};
use crate::cli::output::{terminal, text};
use crate::cli::request::{VERBOSE_LEVEL, refuse_without_server};
use crate::cli::usage_error::sentence;
use crate::cli::{USAGE, print_help, profiles};
use crate::support::stdio::say;

pub(crate) use parser::is_meant;

/// How a check ends that finds nothing.
const NOT_FOUND: u8 = 2;

/// What an action prints.
enum Told {
    /// Nothing, when all is done.
    Nothing,
    /// Whether there is what was asked for.
    Found(bool),
    /// Lines, as they are.
    Lines(String),
}

/// What was typed, and how to reach the server.
struct Line<'a> {
    command: &'a str,
    given: &'a ArgMatches,
    connection: Map<String, Value>,
    verbose: bool,
}

/// Does what a line for the old client says.
pub(crate) fn run(args: &[OsString]) -> ExitCode {
    let matches = match parser::parse(args) {
        Ok(matches) => matches,
        Err(error) if error.use_stderr() => {
            let meanings = parser::meanings(args, &error);
            return refuse_line(
                args,
                &Failure {
                    hint: meanings.map(|flags| format!("It could be any of {flags}.")),
                    ..Failure::new(sentence(&error))
                },
            );
        }
        Err(help) => return print_help(&help),
    };
    let Some((command, given)) = matches.subcommand() else {
        return ExitCode::from(USAGE);
    };
    let connection = match connection(&matches) {
        Ok(connection) => connection,
        Err(failure) => return refuse_line(args, &failure),
    };
    let line = Line {
        command,
        given,
        connection,
        verbose: matches.get_count(parser::VERBOSE) > 0,
    };
    match actions::perform(&line) {
        Ok(told) => told.print(),
        Err(failure) => {
            terminal::complain(&failure);
            terminal::tell_response(failure.server_response.as_deref());
            ExitCode::FAILURE
        }
    }
}

/// As argparse does: the usage, and what is wrong.
fn refuse_line(args: &[OsString], failure: &Failure) -> ExitCode {
    terminal::tell(&format!("{}\n", parser::usage(args)));
    terminal::complain(failure);
    ExitCode::from(USAGE)
}

/// Server and token: typed, or from the environment, or of a lab.
fn connection(front: &ArgMatches) -> Result<Map<String, Value>, Failure> {
    let typed = ["mrp_url", "mrp_token"].map(|name| Some((name, front.get_one::<String>(name)?)));
    let typed = typed.into_iter().flatten();
    let typed = typed
        .map(|(name, value)| (name.to_owned(), json!(value)))
        .collect();
    let mut connection = profiles::options(None, &typed)?;
    connection.extend(typed);
    refuse_without_server(&connection)?;
    Ok(connection)
}

impl Line<'_> {
    /// What was typed for an option.
    fn typed(&self, option: &str) -> Option<&str> {
        self.given.get_one(option).map(String::as_str)
    }

    /// The value of an option; an empty one is none.
    fn value(&self, option: &str) -> Option<&str> {
        self.typed(option).filter(|value| !value.is_empty())
    }

    /// Fails where one of these was given with nothing in it, for which the modules would take something else.
    fn refuse_empty(&self, options: &[&str]) -> Result<(), Failure> {
        match options.iter().find(|name| self.typed(name) == Some("")) {
            Some(name) => Err(Failure::new(format!(
                "{} must not be empty",
                parser::flag(self.command, name)
            ))),
            None => Ok(()),
        }
    }

    /// Fails where one of these was not given, or with nothing in it.
    fn refuse_without(&self, options: &[&str]) -> Result<(), Failure> {
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

    /// The options among these that were given, for a module.
    fn options(&self, names: &[&str]) -> Map<String, Value> {
        let given = names
            .iter()
            .filter_map(|name| Some((*name, self.value(name)?)));
        given
            .map(|(name, value)| (name.to_owned(), json!(value)))
            .collect()
    }

    /// What a module answers that is to look, and to change nothing.
    fn look(&self, module: &'static Module, options: Map<String, Value>) -> Result<Value, Failure> {
        self.ask(module, options, true)
    }

    /// What a module answers that has brought about what the options say.
    fn act(&self, module: &'static Module, options: Map<String, Value>) -> Result<Value, Failure> {
        self.ask(module, options, false)
    }

    fn ask(
        &self,
        module: &'static Module,
        options: Map<String, Value>,
        check_mode: bool,
    ) -> Result<Value, Failure> {
        let options = self.connection.clone().into_iter().chain(options).collect();
        let verbosity = if self.verbose { VERBOSE_LEVEL } else { 0 };
        let call = Call::new(module.spec, &options)?.in_mode(check_mode, false, verbosity);
        let outcome = module.answer(&call);
        let failed = outcome
            .as_ref()
            .err()
            .map(|failure| terminal::scrubbed(module, &call, failure));
        let result = call.result(module.spec, outcome);
        if self.verbose {
            terminal::warn(&result["warnings"]);
        }
        match failed {
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

impl Told {
    fn print(self) -> ExitCode {
        match self {
            Told::Nothing => ExitCode::SUCCESS,
            Told::Found(true) => say("True\n"),
            Told::Found(false) => match say("False\n") {
                ExitCode::SUCCESS => ExitCode::from(NOT_FOUND),
                failed => failed,
            },
            Told::Lines(text) if std::io::stdout().is_terminal() => {
                say(&text::without_controls(&text))
            }
            Told::Lines(text) => say(&text),
        }
    }
}
