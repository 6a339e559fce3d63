//! What the help of a command says below its usage, as much as fits a screen.

use crate::ansible::{Kind, Opt};
use crate::cli::commands::Command;
use crate::cli::output::markup;
use crate::cli::output::text::{width_of, wrapped};

/// How wide help is printed.
pub(crate) const WIDTH: usize = 80;
/// The lines of a screen that are left for the options by what stands around them, and by the prompt.
const LINES: usize = 16;
/// Up to this length the values of an option stand in place of a word for them.
const CHOICES: usize = 26;
/// Blanks before an option, and between it and what is said about it.
const GAP: usize = 2;

/// The options that are told in the manual alone.
const SELDOM: [&str; 2] = ["fail_fast", "wait_interval"];

/// The options, what there is besides, and the example.
pub(crate) fn body(command: &Command) -> String {
    let options: Vec<&Opt> = command
        .options()
        .filter(|option| !is_untold(option, command))
        .collect();
    let also = match command.plans() {
        true => "Also --check, --diff, --json, --lab and more, see `mrp --help`.",
        false => "Also --json, --lab and more, see `mrp --help`.",
    };
    let table = match &options[..] {
        [] => String::new(),
        options => table(options) + "\n",
    };
    format!("{table}{also}\nExample: {}", command.example)
}

/// Whether a screen is too small for it.
pub(crate) fn is_untold(option: &Opt, command: &Command) -> bool {
    command.is_operand(option) || SELDOM.contains(&option.name)
}

/// Whole sentences, or their beginnings where those would not fit.
fn table(options: &[&Opt]) -> String {
    let heads: Vec<String> = options.iter().map(|option| head(option)).collect();
    let longest = heads.iter().map(|head| width_of(head)).max().unwrap_or(0);
    let room = WIDTH - longest - 2 * GAP;
    let told = |say: fn(&Opt, usize) -> String| -> Vec<Vec<String>> {
        let texts = options.iter().map(|option| say(option, room));
        texts.map(|text| wrapped(&text, room)).collect()
    };
    let whole = told(|option, _| said(option, &markup::sentence(first_paragraph(option))));
    let texts = match whole.concat().len() <= LINES {
        true => whole,
        false => told(|option, room| {
            let sentence = markup::sentence(first_paragraph(option));
            said(option, markup::clause(&sentence, room))
        }),
    };
    let lines = heads.iter().zip(texts).flat_map(|(head, text)| {
        let heads = std::iter::once(head.as_str()).chain(std::iter::repeat(""));
        let lines = heads.zip(text);
        let lines = lines.map(|(head, text)| format!("  {head:longest$}  {text}\n"));
        lines.collect::<Vec<_>>()
    });
    lines.collect()
}

/// As it is typed.
fn head(option: &Opt) -> String {
    let (name, value) = (markup::flag(option.name), value_name(option));
    match option.kind {
        Kind::Bool => format!("{name}[=<{value}>]"),
        _ => format!("{name} <{value}>"),
    }
}

fn first_paragraph(option: &Opt) -> &'static str {
    option.description.first().unwrap_or(&"")
}

/// With the words that may be typed, where they do not stand beside the option.
fn said(option: &Opt, text: &str) -> String {
    match option.choices.join("|") {
        choices if choices.is_empty() || value_name(option) == choices => text.to_owned(),
        _ => format!("{text}: {}", option.choices.join(", ")),
    }
}

/// What stands for the value of an option.
pub(crate) fn value_name(option: &Opt) -> String {
    let choices = option.choices.join("|");
    match option.kind {
        Kind::Bool => "yes|no".to_owned(),
        Kind::List(_) => "A,B".to_owned(),
        _ if !choices.is_empty() && choices.len() <= CHOICES => choices,
        Kind::Int if option.name.ends_with("id") => "ID".to_owned(),
        Kind::Int => "N".to_owned(),
        Kind::Float => "SECONDS".to_owned(),
        Kind::Path => "FILE".to_owned(),
        _ => "TEXT".to_owned(),
    }
}
