//! The parser of the command line, made from the commands and from the modules' tables of options.

use std::collections::BTreeSet;

use clap::builder::{PossibleValuesParser, TypedValueParser, ValueParser};
use clap::{Arg, ArgAction, ArgMatches, Command as Parser, ValueHint};
use clap_complete::Shell;

use crate::ansible::{Kind, Opt};
use crate::cli::commands::{self, Command};
use crate::cli::help;
use crate::cli::output::{format, markup};
use crate::modules::options::{connection, labs};

/// The ids of the options that belong to the program itself.
pub(crate) const CHECK: &str = "check";
pub(crate) const DIFF: &str = "diff";
pub(crate) const JSON: &str = "json";
pub(crate) const LAB: &str = "lab";
pub(crate) const NO_HEADERS: &str = "no-headers";
pub(crate) const OUTPUT: &str = "output";
pub(crate) const VERBOSE: &str = "verbose";
/// The id of an operand is this and the option's name.
pub(crate) const OPERAND: &str = "operand ";

/// The end of the program's help.
const PROGRAM_HELP: &str = "\
`mrp help COMMAND` explains a command. Each takes (more: `mrp man | man -l -`):
  --lab NAME       the lab of ~/.config/mrp/labs.cfg; else MRP_URL, MRP_TOKEN
  --check, --diff  only print what would be done; show what changes in each line
  --output FORMAT  table, json, yaml or names; -v shows each request
Example: mrp machine provision qdc01 --preseed debian-12-ci";

/// The notes of the manual.
const MANUAL_NOTES: &str = "\
Options of the program and of the connection stand before or behind a command. Long options may be shortened to what is \
still unique, and take their values behind a blank or a =.

The labs stand in mrp/labs.cfg below XDG_CONFIG_HOME (~/.config), or below a directory of XDG_CONFIG_DIRS (/etc/xdg): \
a line [NAME] for each, then lines such as mrp_url = URL and token_file = FILE. The lab to talk to is the one of --lab, \
of the variable MRP_LAB, the server of --mrp-url or MRP_URL, the lab of a line lab = NAME before the first, or the only one.

It ends with 0 when all is done, 1 when something failed, 2 when called wrongly.";

/// How much the help says.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum HelpDetail {
    /// What fits a screen.
    Brief,
    /// Like `Brief`, with the choices of options, which shells complete. The parser of a command line does not check
    /// them: the module does, whose message does not repeat a secret.
    Completion,
    /// Everything, for the manual.
    Manual,
}

/// The parser of the whole command line.
pub(crate) fn program(detail: HelpDetail) -> Parser {
    let is_manual = detail == HelpDetail::Manual;
    let mut program = group(
        "mrp",
        "Drive a Mr-Provisioner bare-metal provisioning server",
    )
    .version(env!("CARGO_PKG_VERSION"))
    .bin_name("mrp")
    .no_binary_name(true)
    .override_usage("mrp [OPTIONS] COMMAND")
    .args(general_options(detail))
    .after_help(MANUAL_NOTES);
    if !is_manual {
        program = program
            .help_template("{about}\n{usage-heading} {usage}\n\n{subcommands}{after-help}")
            .after_help(PROGRAM_HELP);
    }
    for (noun, about) in commands::NOUNS {
        let example = verbs(noun).next().map_or("", |verb| verb.example);
        let noun = group(noun, about).after_help(format!("Example: {example}"));
        // All verbs are 30 parsers, of which a command line needs those of its noun, or one of a single word.
        program = program.subcommand(match detail {
            HelpDetail::Brief => noun.defer(|noun| with_verbs(noun, HelpDetail::Brief)),
            HelpDetail::Completion | HelpDetail::Manual => with_verbs(noun, detail),
        });
    }
    let alone = commands::ALL
        .iter()
        .filter(|command| command.words.len() == 1);
    let alone = alone.map(|command| match detail {
        HelpDetail::Brief => command_head(command).defer(with_own_options),
        HelpDetail::Completion | HelpDetail::Manual => command_parser(command, detail),
    });
    program.subcommands(alone).subcommands(generated_texts())
}

/// The commands that begin with a noun.
fn verbs(noun: &str) -> impl Iterator<Item = &'static Command> {
    let is_of_noun = move |command: &&Command| command.words.len() == 2 && command.words[0] == noun;
    commands::ALL.iter().filter(is_of_noun)
}

fn with_verbs(noun: Parser, detail: HelpDetail) -> Parser {
    let name = noun.get_name().to_owned();
    let noun = noun.subcommands(verbs(&name).map(|command| command_parser(command, detail)));
    match name.as_str() {
        "lab" => noun.subcommands(lab_commands()),
        _ => noun,
    }
}

/// A parser with subcommands.
fn group(name: &'static str, about: &'static str) -> Parser {
    Parser::new(name)
        .about(about)
        .infer_long_args(true)
        .term_width(help::width())
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
}

/// The commands for the file of labs, which need no server.
fn lab_commands() -> [Parser; 2] {
    let list = Parser::new("list").about("List the labs of the configuration file");
    let choose = Parser::new("use").about("Make a lab of the configuration file the default");
    let name = Arg::new("name")
        .required(true)
        .value_name("NAME")
        .help("The lab, as the configuration file names it");
    [
        list.after_help("Example: mrp lab list"),
        choose
            .arg(name)
            .after_help("Example: mrp lab use cambridge"),
    ]
}

/// The commands of `generate`, which need no server.
fn generated_texts() -> [Parser; 3] {
    let shells = PossibleValuesParser::new(["bash", "zsh", "fish"]);
    let shells = shells.try_map(|name| name.parse::<Shell>());
    [
        Parser::new("completions")
            .about("Print what completes commands in a shell")
            .arg(Arg::new("shell").required(true).value_parser(shells))
            .after_help(
                "Example: mrp completions bash > ~/.local/share/bash-completion/completions/mrp",
            ),
        Parser::new("man")
            .about("Print the manual page")
            .after_help("Example: mrp man | man -l -"),
        Parser::new("docs")
            .about(
                "Write the documentation of the Ansible modules, NAME.yml each, into a directory",
            )
            .hide(true)
            .arg(Arg::new("directory").required(true))
            .after_help("Example: mrp docs library"),
    ]
}

fn command_parser(command: &'static Command, detail: HelpDetail) -> Parser {
    with_options(command_head(command), command, detail)
}

/// What the help of the program tells of a command.
fn command_head(command: &'static Command) -> Parser {
    let verb = command.words[command.words.len() - 1];
    Parser::new(verb)
        .about(command.about)
        .override_usage(usage(command))
        .infer_long_args(true)
        .term_width(help::width())
        .after_help(command.example)
}

/// With the options of the command that has this word alone.
fn with_own_options(parser: Parser) -> Parser {
    let name = [parser.get_name()];
    match commands::ALL.iter().find(|command| *command.words == name) {
        Some(command) => with_options(parser, command, HelpDetail::Brief),
        None => parser,
    }
}

fn with_options(mut parser: Parser, command: &'static Command, detail: HelpDetail) -> Parser {
    let is_manual = detail == HelpDetail::Manual;
    if !is_manual {
        // `--help` works, and takes no line of the screen.
        let help = Arg::new("help")
            .short('h')
            .long("help")
            .action(ArgAction::Help)
            .hide(true);
        parser = parser
            .help_template("{about}\n\n{usage-heading} {usage}{after-help}")
            .after_help(help::body(command))
            .disable_help_flag(true)
            .arg(help);
    }
    for option in command.options() {
        let is_hidden = !is_manual && help::is_hidden(option, command);
        parser = parser.arg(option_parser(option, detail).hide(is_hidden));
    }
    for (name, word) in command.operands {
        parser = parser.arg(operand(command, command.option(name), word));
    }
    parser
}

fn usage(command: &Command) -> String {
    let mut usage = format!("mrp {}", command.words.join(" "));
    for (name, word) in command.operands {
        usage.push_str(&format!(" [{word}]"));
        if command.takes_several(command.option(name)) {
            usage.push_str("...");
        }
    }
    usage + " [OPTIONS]"
}

fn option_parser(option: &'static Opt, detail: HelpDetail) -> Arg {
    let is_switch = matches!(option.kind, Kind::Bool);
    let mut arg = Arg::new(option.name)
        .long(markup::flag(option.name).trim_start_matches('-').to_owned())
        .aliases(aliases(option))
        .value_name(help::value_name(option))
        .value_hint(value_hint(option))
        .hide_possible_values(true)
        .action(ArgAction::Append)
        .allow_negative_numbers(matches!(option.kind, Kind::Int | Kind::Float))
        .help(match detail {
            HelpDetail::Brief | HelpDetail::Completion => markup::first_sentence(option),
            HelpDetail::Manual => manual_text(option),
        });
    if is_switch {
        arg = arg
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true");
    }
    let has_choices = matches!(option.kind, Kind::Str) && !option.choices.is_empty();
    if has_choices && detail == HelpDetail::Completion {
        arg = arg.value_parser(PossibleValuesParser::new(option.choices));
    }
    arg
}

fn value_hint(option: &Opt) -> ValueHint {
    match option.kind {
        Kind::Path => ValueHint::FilePath,
        _ => ValueHint::Other,
    }
}

/// The other spellings of an option: its aliases, and each name with `_` as in Ansible.
fn aliases(option: &Opt) -> BTreeSet<String> {
    let names = option.aliases.iter().chain([&option.name]);
    let spellings = names.flat_map(|name| [name.replace('_', "-"), (*name).to_owned()]);
    let mut spellings: BTreeSet<String> = spellings.collect();
    spellings.remove(&option.name.replace('_', "-"));
    spellings
}

fn manual_text(option: &Opt) -> String {
    let mut text = markup::description(option);
    if !option.choices.is_empty() {
        text.push_str(&format!(" One of {}.", option.choices.join(", ")));
    }
    if let Some(default) = option.default {
        let default = markup::literal(default);
        text.push_str(&format!(" {default} when not given."));
    }
    text
}

/// The place for an option's value without the option's name.
fn operand(command: &Command, option: &'static Opt, word: &'static str) -> Arg {
    let operand = Arg::new(format!("{OPERAND}{}", option.name))
        .value_name(word)
        .value_hint(value_hint(option))
        .hide(true);
    if command.takes_several(option) {
        operand.num_args(1..).action(ArgAction::Append)
    } else {
        // Clap allows another operand only behind one that takes a single value.
        operand.num_args(1).action(ArgAction::Set)
    }
}

/// The options of the program itself and of the connection, which may stand before a command or behind it.
fn general_options(detail: HelpDetail) -> Vec<Arg> {
    let switch = |name: &'static str, about: &'static str| {
        Arg::new(name)
            .long(name)
            .action(ArgAction::SetTrue)
            .help(about)
    };
    let lab = Arg::new(LAB)
        .long(LAB)
        .alias("mrp_lab")
        .visible_alias("mrp-lab")
        .value_name("NAME")
        .help("The lab of the configuration file to talk to; --mrp-lab, as in a playbook, is the same");
    let mut args = vec![
        lab,
        // Commands that only read take it as well, so that a script can pass it to all.
        switch(CHECK, "Print what would be done, and do nothing"),
        switch(DIFF, "Show what changes, line by line"),
        Arg::new(OUTPUT)
            .long(OUTPUT)
            .short('o')
            .value_name(format::WORDS.join("|"))
            .value_parser(output_words(detail))
            .help("The format of the result: for people, for programs, or the names alone"),
        switch(NO_HEADERS, "Print tables without their headings"),
        switch(
            JSON,
            "The same as --output json: what the Ansible module returns",
        ),
        switch(
            VERBOSE,
            "Show each request, and what the server said when something fails",
        )
        .short('v'),
    ];
    // `--lab` is the option of a lab.
    let connection = connection::OPTIONS
        .iter()
        .filter(|option| option.name != labs::NAME);
    args.extend(connection.map(|option| option_parser(option, detail)));
    let is_hidden = detail == HelpDetail::Brief;
    let args = args.into_iter();
    args.map(|arg| arg.global(true).hide(is_hidden)).collect()
}

/// Only shells need to know the words: the command's own check has the better message.
fn output_words(detail: HelpDetail) -> ValueParser {
    match detail {
        HelpDetail::Completion => PossibleValuesParser::new(format::WORDS).into(),
        HelpDetail::Brief | HelpDetail::Manual => ValueParser::string(),
    }
}

/// The command that was typed, with its matches; None for a command of `generate`.
pub(crate) fn find_command(matches: &ArgMatches) -> Option<(&'static Command, &ArgMatches)> {
    let (first, matches) = matches.subcommand()?;
    let (words, matches) = match matches.subcommand() {
        Some((second, matches)) => (vec![first, second], matches),
        None => (vec![first], matches),
    };
    let mut commands = commands::ALL.iter();
    let command = commands.find(|command| command.words == words)?;
    Some((command, matches))
}
