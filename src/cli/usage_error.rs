//! Reports command lines that the parser rejects.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command as Parser};

use crate::ansible::Failure;
use crate::cli::output::{markup, terminal};
use crate::cli::parser::{self, HelpDetail};
use crate::cli::{INVALID_CALL, foreign_words};
use crate::support::suggest::{did_you_mean, near};

/// Prints the error with a suggestion, or with the usage.
pub(crate) fn report(error: &clap::Error, args: &[OsString]) -> ExitCode {
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        // Where standard error is closed, nobody can read it.
        let _ = error.print();
        return ExitCode::from(INVALID_CALL);
    }
    let meant = || match error.kind() {
        ErrorKind::InvalidSubcommand => match &foreign_words::lines_to_type(args)[..] {
            [] => None,
            [line] => Some(format!("Type: {line}")),
            lines => Some(format!("Type one of these:\n  {}", lines.join("\n  "))),
        },
        _ => None,
    };
    terminal::print_failure(&Failure {
        hint: meant()
            .or_else(|| suggestion(error, args))
            .or_else(|| usage(error)),
        ..Failure::invalid_call(sentence(error))
    });
    ExitCode::from(INVALID_CALL)
}

/// The error as one sentence. Clap's text goes on with a list of commands and the usage.
pub(crate) fn sentence(error: &clap::Error) -> String {
    let text = error.to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let paragraph = text.split("\n\n").next().unwrap_or_default();
    let sentence = paragraph.split("\n  [subcommands").next();
    let words: Vec<&str> = sentence.unwrap_or_default().split_whitespace().collect();
    words.join(" ")
}

fn usage(error: &clap::Error) -> Option<String> {
    let text = error.to_string();
    let mut lines = text.lines();
    let usage = lines.find(|line| line.starts_with("Usage: "))?;
    Some(format!("{usage}, see --help."))
}

/// Similar commands, or similar options of the command that was typed.
fn suggestion(error: &clap::Error, args: &[OsString]) -> Option<String> {
    let typed = |kind| match error.get(kind) {
        Some(ContextValue::String(typed)) => Some(typed.as_str()),
        _ => None,
    };
    let parser = typed_parser(args);
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let commands = parser.get_subcommands().map(Parser::get_name);
            did_you_mean(&near(typed(ContextKind::InvalidSubcommand)?, commands))
        }
        ErrorKind::UnknownArgument => {
            let name = typed(ContextKind::InvalidArg)?.strip_prefix("--")?;
            did_you_mean(&similar_options(&parser, &name.replace('_', "-")))
        }
        _ => None,
    }
}

/// The parser of the command that was typed, as far as its words are known. Of the others nothing is built.
fn typed_parser(args: &[OsString]) -> Parser {
    let mut parser = parser::program(HelpDetail::Brief);
    let general: Vec<Arg> = parser.get_arguments().cloned().collect();
    for word in args {
        if let Some(subcommand) = parser.find_subcommand(word) {
            let is_known = subcommand.get_arguments().any(Arg::is_global_set);
            let subcommand = subcommand.clone();
            parser = match is_known {
                true => subcommand,
                false => subcommand.args(&general),
            };
            parser.build();
        }
    }
    parser
}

/// The options of which `typed` is an ambiguous beginning, else those that are similar to it.
fn similar_options(parser: &Parser, typed: &str) -> Vec<String> {
    let names = parser.get_arguments().filter_map(Arg::get_long);
    let names: Vec<&str> = names.collect();
    let longer = names.iter().filter(|name| name.starts_with(typed));
    let mut similar: Vec<&str> = longer.copied().collect();
    if similar.is_empty() {
        similar = near(typed, names);
    }
    similar.iter().map(|name| markup::flag(name)).collect()
}
