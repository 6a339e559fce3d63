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
use clap::error::{ContextKind, ContextValue};

use crate::ansible::Failure;
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
        Err(error) => refuse(&error),
    }
}

/// Answers what is no command: with the help that was asked for, or with what is wrong.
fn refuse(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        return match error.print() {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        };
    }
    terminal::complain(&Failure {
        hint: near(error).or_else(|| usage(error)),
        ..Failure::new(sentence(error))
    });
    ExitCode::from(USAGE)
}

/// What is wrong with a line, in one sentence.
fn sentence(error: &clap::Error) -> String {
    let text = error.to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let paragraph = text.split("\n\n").next().unwrap_or(text);
    // Behind it stand the commands, which the help tells better.
    let paragraph = paragraph
        .split("\n  [subcommands")
        .next()
        .unwrap_or(paragraph);
    let words: Vec<&str> = paragraph.split_whitespace().collect();
    words.join(" ")
}

/// How it is called that was called wrongly.
fn usage(error: &clap::Error) -> Option<String> {
    let text = error.to_string();
    let mut lines = text.lines();
    let usage = lines.find(|line| line.starts_with("Usage: "))?;
    Some(format!("{usage}, see --help."))
}

/// What may have been meant.
fn near(error: &clap::Error) -> Option<String> {
    let kinds = [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg];
    let suggested = kinds.iter().find_map(|kind| error.get(*kind))?;
    match suggested {
        ContextValue::String(name) => prose::did_you_mean(&[name]),
        ContextValue::Strings(names) => {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            prose::did_you_mean(&names)
        }
        _ => None,
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
