//! The command line, `mrp`.
//!
//! A command is a module with some of its options decided: what was typed becomes the same call that Ansible makes, so
//! names, checks and plans are the same. Only how the result is shown is of its own.
//!
//! It ends with 0 when all is done, with 1 when something failed, and with 2 when it was called wrongly.

pub(crate) mod commands;
pub(crate) mod dashes;
mod generate;
mod help;
mod missing;
mod not_found;
pub(crate) mod output;
mod parser;
pub(crate) mod profiles;
pub(crate) mod request;
mod run;
pub(crate) mod usage_error;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::ArgMatches;

use parser::Detail;
use request::Typed;

/// A call that makes no sense.
pub(crate) const USAGE: u8 = 2;

/// Does what stands behind the program's name.
pub fn run(args: &[OsString]) -> ExitCode {
    if crate::compat::old_client::is_meant(args) {
        return crate::compat::old_client::run(args);
    }
    let program = [OsString::from("mrp")];
    let words = program.iter().chain(args).cloned();
    let words = dashes::joined(words, dashes::looks_like_an_option);
    match parser::program(Detail::Brief).try_get_matches_from(words) {
        Ok(matches) => execute(&matches),
        Err(error) if error.use_stderr() => usage_error::refuse(&error, args),
        Err(help) => print_help(&help),
    }
}

/// Shows the help or the version that was asked for.
pub(crate) fn print_help(help: &clap::Error) -> ExitCode {
    match help.print() {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn execute(matches: &ArgMatches) -> ExitCode {
    let Some((command, behind)) = parser::typed(matches) else {
        return generate::print(matches);
    };
    let typed = Typed {
        command,
        front: matches,
        behind,
    };
    match typed.request() {
        Ok(request) => run::answer(&request),
        Err(failure) => {
            output::terminal::complain(&failure);
            ExitCode::from(USAGE)
        }
    }
}
