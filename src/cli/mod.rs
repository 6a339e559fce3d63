//! The command line, `mrp`.
//!
//! A command is a module with some of its options decided: what was typed becomes the same call that Ansible makes, so
//! names, checks and plans are the same. Only how the result is shown is of its own.
//!
//! It ends with 0 when all is done, with 1 when something failed, and with 2 when it was called wrongly, or when the
//! check of [`old_client`] finds nothing.

mod commands;
mod diff;
mod docs;
mod given;
mod inventory;
mod labs;
mod pages;
mod parser;
mod prose;
mod show;
mod status;
mod style;
mod wait;

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use clap::ArgMatches;
use serde_json::Value;

use crate::ansible::Failure;
use crate::streams::say;
use given::{Request, Typed};
use parser::Detail;
use show::Page;

/// A call that makes no sense.
const USAGE: u8 = 2;

/// Does what stands behind the program's name.
pub fn run(args: &[OsString]) -> ExitCode {
    let program = [OsString::from("mrp")];
    let words = program.iter().chain(args);
    match parser::program(Detail::Brief).try_get_matches_from(words) {
        Ok(matches) => execute(&matches),
        Err(error) => {
            // Help and version are no errors, and go to standard output.
            let _ = error.print();
            ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(USAGE))
        }
    }
}

fn execute(matches: &ArgMatches) -> ExitCode {
    let Some((command, behind)) = parser::typed(matches) else {
        return pages::print(matches);
    };
    let typed = Typed {
        command,
        front: matches,
        behind,
    };
    match typed.request() {
        Ok(request) => answer(&request),
        Err(failure) => {
            complain(&failure);
            ExitCode::from(USAGE)
        }
    }
}

/// Asks the module and tells what came of it.
fn answer(request: &Request) -> ExitCode {
    let module = request.command.module;
    let outcome = module.answer(&request.call);
    let failed = outcome
        .as_ref()
        .err()
        .map(|failure| request.scrubbed(failure));
    let result = request.call.result(module.spec, outcome);
    if request.json {
        let told = say(&format!("{result:#}\n"));
        return if failed.is_some() {
            ExitCode::FAILURE
        } else {
            told
        };
    }
    warn(&result["warnings"]);
    match failed {
        None => print(&show::result(request.command, &result, request.page())),
        Some(failure) => {
            // What was done before it failed.
            if result["done"]
                .as_array()
                .is_some_and(|steps| !steps.is_empty())
            {
                print(&show::done(&result, request.page()));
            }
            complain(&failure);
            if let Some(response) = result["server_response"].as_str() {
                err(&format!(
                    "the server said: {}\n",
                    show::without_controls(response)
                ));
            }
            ExitCode::FAILURE
        }
    }
}

impl Request {
    /// The failure without secrets, its hint apart from its message.
    fn scrubbed(&self, failure: &Failure) -> Failure {
        let scrub = |text: &str| {
            let scrubbed = self.call.scrub(self.command.module.spec, text.into());
            show::text_of(&scrubbed)
        };
        Failure {
            hint: failure.hint.as_deref().map(scrub),
            ..Failure::new(scrub(&failure.message))
        }
    }

    fn page(&self) -> Page {
        Page {
            width: width(),
            is_check: self.call.check_mode,
            is_diff: self.call.diff_mode,
        }
    }
}

/// The columns of the terminal that is printed to.
fn width() -> Option<u16> {
    let stdout = std::io::stdout();
    let size = terminal_size::terminal_size_of(&stdout).filter(|_| stdout.is_terminal());
    size.map(|(width, _)| width.0)
}

/// Prints with colours where there are any.
fn print(text: &str) -> ExitCode {
    match anstream::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn err(text: &str) {
    // Nothing is left to tell when even standard error is closed.
    let _ = anstream::stderr().write_all(text.as_bytes());
}

/// One sentence, and what to do about it.
fn complain(failure: &Failure) {
    let error = style::paint(style::BAD, "mrp:");
    err(&format!("{error} {}\n", failure.message));
    if let Some(hint) = &failure.hint {
        err(&format!("{hint}\n"));
    }
}

fn warn(warnings: &Value) {
    for warning in warnings.as_array().into_iter().flatten() {
        let word = style::paint(style::CHANGED, "warning:");
        err(&format!("{word} {}\n", show::text_of(warning)));
    }
}
