//! The options and the example in the help of one command, short enough for a screen.

use crate::ansible::{Kind, Literal, Opt};
use crate::cli::commands::Command;
use crate::cli::output::text::{display_width, wrap};
use crate::cli::output::{markup, terminal};

/// The width of the help where it is not printed on a terminal.
const WIDTH: usize = 80;
/// The least width that has room for a description beside an option.
const LEAST_WIDTH: usize = 60;
/// The lines of a 24-line screen that the table of options may take.
const TABLE_LINES: usize = 16;
/// Longer lists of choices stand behind the description instead of in place of the value.
const LONGEST_CHOICES: usize = 26;
/// Blanks before an option, and between it and its description.
const GAP: usize = 2;

/// Options that only the manual has. An id is accepted in the place of a kernel's, an initrd's or a preseed's name.
const MANUAL_ONLY: [&str; 5] = [
    "fail_fast",
    "wait_interval",
    "kernel_id",
    "initrd_id",
    "preseed_id",
];

/// The width of the help: that of the terminal.
pub(crate) fn width() -> usize {
    let size = terminal::size();
    size.map_or(WIDTH, |(columns, _)| usize::from(columns).max(LEAST_WIDTH))
}

/// The table of options, a line on the general options, and the example.
pub(crate) fn body(command: &Command) -> String {
    let options = command.options();
    let options: Vec<&Opt> = options
        .filter(|option| !is_hidden(option, command))
        .collect();
    let mut table = option_table(&options);
    if !table.is_empty() {
        table.push('\n');
    }
    let general = match command.has_plan() {
        true => "--check, --diff, --json, --output, --lab",
        false => "--json, --output, --lab",
    };
    let example = command.example;
    format!("{table}Also {general} and more, see `mrp --help`.\nExample: {example}")
}

/// Whether only the manual has the option: a screen is too small for all. An id is accepted in the place of a machine's name, and
/// an installation switches netboot on whatever is asked for.
pub(crate) fn is_hidden(option: &Opt, command: &Command) -> bool {
    let takes_machine = command.operands.iter().any(|(_, word)| *word == "MACHINE");
    command.is_operand(option)
        || MANUAL_ONLY.contains(&option.name)
        || (option.name == "id" && takes_machine)
        || (option.name == "netboot" && command.fixed == Some(("state", "provisioned")))
}

/// Each option with the first sentence of its description; with its first clauses where that takes too many lines.
fn option_table(options: &[&Opt]) -> String {
    let names: Vec<String> = options.iter().map(|option| syntax(option)).collect();
    let name_width = names.iter().map(|name| display_width(name)).max();
    let name_width = name_width.unwrap_or(0);
    let room = width() - name_width - 2 * GAP;
    let descriptions = |longest: usize| -> Vec<Vec<String>> {
        let texts = options.iter().map(|option| summary(option, longest));
        texts.map(|text| wrap(&text, room)).collect()
    };
    let mut texts = descriptions(usize::MAX);
    if texts.concat().len() > TABLE_LINES {
        texts = descriptions(room);
    }
    let mut table = String::new();
    for (name, lines) in names.iter().zip(texts) {
        let mut name = name.as_str();
        for line in lines {
            table.push_str(&format!("  {name:name_width$}  {line}\n"));
            name = "";
        }
    }
    table
}

/// An option as it is typed: `--kernel-id <ID>`.
fn syntax(option: &Opt) -> String {
    let (name, value) = (markup::flag(option.name), value_name(option));
    match option.kind {
        Kind::Bool => format!("{name}[=<{value}>]"),
        _ => format!("{name} <{value}>"),
    }
}

/// The description of an option, its choices where they do not stand in place of the value, and its default.
fn summary(option: &Opt, longest: usize) -> String {
    let default = default_text(option);
    let sentence = markup::first_sentence(option);
    let text = markup::first_clauses(&sentence, longest.saturating_sub(default.len()));
    match option.choices.join("|") {
        choices if choices.is_empty() || value_name(option) == choices => {
            text.to_owned() + &default
        }
        _ => format!("{text}: {}{default}", option.choices.join(", ")),
    }
}

/// ` (3600)` behind the description; a switch is off unless it is said to be on.
fn default_text(option: &Opt) -> String {
    match option.default {
        None | Some(Literal::Bool(false)) => String::new(),
        Some(default) => format!(" ({})", markup::literal(default)),
    }
}

/// The word in place of an option's value.
pub(crate) fn value_name(option: &Opt) -> String {
    let choices = option.choices.join("|");
    match option.kind {
        Kind::Bool => "yes|no".to_owned(),
        Kind::List(_) => "A,B".to_owned(),
        _ if !choices.is_empty() && choices.len() <= LONGEST_CHOICES => choices,
        Kind::Int if option.name.ends_with("id") => "ID".to_owned(),
        Kind::Int => "N".to_owned(),
        Kind::Float => "SECONDS".to_owned(),
        Kind::Path => "FILE".to_owned(),
        _ => "TEXT".to_owned(),
    }
}
