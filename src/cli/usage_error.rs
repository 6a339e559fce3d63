//! What is said to a line that is no command.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Command as Parser;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::ansible::Failure;
use crate::cli::USAGE;
use crate::cli::output::{markup, terminal};
use crate::cli::parser;
use crate::cli::parser::Detail;
use crate::support::suggest::near;

/// Says what is wrong, and what may have been meant.
pub(crate) fn refuse(error: &clap::Error, args: &[OsString]) -> ExitCode {
    terminal::complain(&Failure {
        hint: meant(error, args).or_else(|| usage(error)),
        ..Failure::new(sentence(error))
    });
    ExitCode::from(USAGE)
}

/// What is wrong with a line, in one sentence.
pub(crate) fn sentence(error: &clap::Error) -> String {
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

/// What may have been meant: a command, or an option of the command that was typed.
fn meant(error: &clap::Error, args: &[OsString]) -> Option<String> {
    let typed = |kind| match error.get(kind) {
        Some(ContextValue::String(typed)) => Some(typed.as_str()),
        _ => None,
    };
    let parser = reached(args);
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let commands = parser.get_subcommands().map(Parser::get_name);
            markup::did_you_mean(&near(typed(ContextKind::InvalidSubcommand)?, commands))
        }
        ErrorKind::UnknownArgument => {
            let name = typed(ContextKind::InvalidArg)?.strip_prefix("--")?;
            markup::did_you_mean(&options_like(&parser, &name.replace('_', "-")))
        }
        _ => None,
    }
}

/// The parser of the command that the words lead to.
fn reached(args: &[OsString]) -> Parser {
    let program = parser::program(Detail::Brief);
    args.iter().fold(program, |parser, word| {
        parser.find_subcommand(word).cloned().unwrap_or(parser)
    })
}

/// Those that begin with what was typed, which is then the beginning of several; else those that look like it.
fn options_like(parser: &Parser, typed: &str) -> Vec<String> {
    let names: Vec<&str> = parser
        .get_arguments()
        .filter_map(clap::Arg::get_long)
        .collect();
    let begun = names.iter().filter(|name| name.starts_with(typed));
    let mut found: Vec<&str> = begun.copied().collect();
    if found.is_empty() {
        found = near(typed, names);
    }
    found.iter().map(|name| markup::flag(name)).collect()
}
