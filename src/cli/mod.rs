//! The command line, `mrp`.
//!
//! A command is a module with some of its options decided: what was typed becomes the same call that Ansible makes, so
//! names, checks and plans are the same. Only how the result is shown is of its own.
//!
//! It ends with 0 when all is done, with 1 when something failed, and with 2 when it was called wrongly.

mod answer;
mod commands;
mod dashes;
mod diff;
mod docs;
mod found;
mod gaps;
mod given;
mod help;
mod inventory;
mod labs;
mod live;
mod old_client;
mod pages;
mod parser;
mod prose;
mod refusal;
mod report;
mod show;
mod status;
mod style;
mod table;
mod terminal;
mod text;
mod wait;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::ArgMatches;

use given::Typed;
use parser::Detail;

/// A call that makes no sense.
const USAGE: u8 = 2;

/// Does what stands behind the program's name.
pub fn run(args: &[OsString]) -> ExitCode {
    if old_client::is_meant(args) {
        return old_client::run(args);
    }
    let program = [OsString::from("mrp")];
    let words = program.iter().chain(args).cloned();
    let words = dashes::joined(words, dashes::looks_like_an_option);
    match parser::program(Detail::Brief).try_get_matches_from(words) {
        Ok(matches) => execute(&matches),
        Err(error) if error.use_stderr() => refusal::refuse(&error, args),
        Err(help) => print_help(&help),
    }
}

/// Shows the help or the version that was asked for.
fn print_help(help: &clap::Error) -> ExitCode {
    match help.print() {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
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
        Ok(request) => answer::answer(&request),
        Err(failure) => {
            terminal::complain(&failure);
            ExitCode::from(USAGE)
        }
    }
}
