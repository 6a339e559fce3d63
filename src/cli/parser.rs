//! What may be typed, made from the commands and from the modules' tables of options.

use clap::builder::{PossibleValuesParser, StringValueParser, ValueParser, ValueRange};
use clap::{Arg, ArgAction, ArgMatches, Command as Parser, ValueHint};

use crate::ansible::{Kind, Opt, Support};
use crate::cli::commands;
use crate::cli::commands::Command;
use crate::cli::help;
use crate::cli::output::markup;
use crate::modules::options::connection;

/// The identifiers of the options that are the program's own.
pub(crate) const CHECK: &str = "check";
pub(crate) const DIFF: &str = "diff";
pub(crate) const JSON: &str = "json";
pub(crate) const LAB: &str = "lab";
pub(crate) const VERBOSE: &str = "verbose";
/// The list of the operands of a command.
const OPERAND: &str = "operand ";

/// What the program's own help ends with.
const AFTER_ALL: &str = "\
Every command has --help, and takes (for more see `mrp man | man -l -`):
  --lab NAME       the lab of ~/.config/mrp/labs.cfg; else MRP_URL, MRP_TOKEN
  --check, --diff  only print what would be done; show what changes in each line
  --json, -v       print the module's result; show what the server said
It ends with 0 when all is done, 1 when something failed, 2 when called wrongly.
Example: mrp machine provision qdc01 --preseed debian-12-ci";

/// What the manual says about the program.
const NOTES: &str = "\
Options of the program and of the connection stand before or behind a command. Long options may be shortened to what is \
still unique, and take their values behind a blank or a =.

The labs stand in mrp/labs.cfg below XDG_CONFIG_HOME (~/.config), or below a directory of XDG_CONFIG_DIRS (/etc/xdg): \
a line [NAME] for each, then lines such as mrp_url = URL and token_file = FILE. The lab to talk to is the one of --lab, \
of the variable MRP_LAB, the server of --mrp-url or MRP_URL, the lab of a line lab = NAME before the first, or the only one.

It ends with 0 when all is done, 1 when something failed, 2 when called wrongly.";

/// How much the help says.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Detail {
    /// What fits a screen.
    Brief,
    /// The same, with the values that are known, for shells. What is typed is compared with them by the module, which
    /// knows what must not be repeated in a message.
    Shell,
    /// All there is, for the manual.
    Full,
}

/// The whole command line.
pub(crate) fn program(detail: Detail) -> Parser {
    let mut program = Parser::new("mrp")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Drive a Mr-Provisioner bare-metal provisioning server")
        .infer_long_args(true)
        .term_width(help::WIDTH)
        .subcommand_required(true)
        .disable_help_subcommand(true)
        .override_usage("mrp [OPTIONS] COMMAND")
        .args(general(detail, Place::Front))
        .after_help(match detail {
            Detail::Brief | Detail::Shell => AFTER_ALL,
            Detail::Full => NOTES,
        });
    if detail != Detail::Full {
        program =
            program.help_template("{about}\n{usage-heading} {usage}\n\n{subcommands}{after-help}");
    }
    for (noun, about) in commands::NOUNS {
        let verbs = commands::ALL
            .iter()
            .filter(|command| command.words.len() == 2 && command.words[0] == *noun);
        let verbs = verbs.map(|command| leaf(command, detail));
        program = program.subcommand(
            Parser::new(*noun)
                .about(*about)
                .infer_long_args(true)
                .term_width(help::WIDTH)
                .subcommand_required(true)
                .disable_help_subcommand(true)
                .after_help(example_of(noun))
                .subcommands(verbs),
        );
    }
    let alone = commands::ALL
        .iter()
        .filter(|command| command.words.len() == 1);
    program
        .subcommands(alone.map(|command| leaf(command, detail)))
        .subcommands(pages())
}

/// What tells about the program itself.
fn pages() -> [Parser; 3] {
    let shell = Arg::new("shell")
        .required(true)
        .value_parser(PossibleValuesParser::new(["bash", "zsh", "fish"]));
    [
        Parser::new("completions")
            .about("Print what completes commands in a shell")
            .arg(shell)
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

fn example_of(noun: &str) -> String {
    let first = commands::ALL
        .iter()
        .find(|command| command.words[0] == noun);
    first.map_or_else(String::new, |command| {
        format!("Example: {}", command.example)
    })
}

/// One command.
fn leaf(command: &'static Command, detail: Detail) -> Parser {
    let mut parser = Parser::new(command.verb())
        .about(command.about)
        .override_usage(usage(command))
        .infer_long_args(true)
        .term_width(help::WIDTH)
        .after_help(match detail {
            Detail::Brief | Detail::Shell => help::body(command),
            Detail::Full => command.example.to_owned(),
        });
    if detail != Detail::Full {
        parser = parser
            .help_template("{about}\n\n{usage-heading} {usage}{after-help}")
            .disable_help_flag(true)
            .arg(help_flag());
    }
    for option in command.options() {
        let arg = flag(option, detail);
        parser = parser.arg(match detail {
            Detail::Brief | Detail::Shell => arg.hide(help::is_untold(option, command)),
            Detail::Full => arg,
        });
    }
    for (name, word) in command.operands {
        parser = parser.arg(operand(command.option(name), word, command));
    }
    parser.args(general(detail, Place::Behind(command)))
}

fn usage(command: &Command) -> String {
    let words = command.words.join(" ");
    let operands = command.operands.iter().map(|(name, word)| {
        let several = takes_several(command.option(name), command);
        format!(" [{word}]{}", if several { "..." } else { "" })
    });
    format!("mrp {words}{} [OPTIONS]", operands.collect::<String>())
}

/// Known, and not worth a line of a screen.
fn help_flag() -> Arg {
    Arg::new("help")
        .short('h')
        .long("help")
        .action(ArgAction::Help)
        .hide(true)
}

fn flag(option: &'static Opt, detail: Detail) -> Arg {
    let mut arg = Arg::new(option.name)
        .long(markup::flag(option.name).trim_start_matches('-').to_owned())
        .value_name(help::value_name(option))
        .value_parser(value_parser(option, detail))
        .value_hint(hint(option))
        .hide_possible_values(true)
        .action(ArgAction::Append)
        .allow_negative_numbers(matches!(option.kind, Kind::Int | Kind::Float));
    for name in names(option) {
        arg = arg.alias(name);
    }
    arg = match option.kind {
        Kind::Bool => arg
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true"),
        _ => arg.num_args(1),
    };
    arg.help(match detail {
        Detail::Brief | Detail::Shell => {
            markup::sentence(option.description.first().unwrap_or(&""))
        }
        Detail::Full => told_in_full(option),
    })
}

/// Shells complete what is known.
fn value_parser(option: &Opt, detail: Detail) -> ValueParser {
    match option.kind {
        Kind::Str if detail == Detail::Shell && !option.choices.is_empty() => {
            PossibleValuesParser::new(option.choices.iter().copied()).into()
        }
        _ => StringValueParser::new().into(),
    }
}

fn hint(option: &Opt) -> ValueHint {
    match option.kind {
        Kind::Path => ValueHint::FilePath,
        _ => ValueHint::Other,
    }
}

/// The names that a module takes besides the one that is shown.
fn names(option: &Opt) -> Vec<String> {
    let shown = option.name.replace('_', "-");
    let all = option.aliases.iter().chain([&option.name]);
    let mut names: Vec<String> = all
        .flat_map(|name| [name.replace('_', "-"), (*name).to_owned()])
        .filter(|name| *name != shown)
        .collect();
    names.sort();
    names.dedup();
    names
}

fn told_in_full(option: &Opt) -> String {
    let mut text: Vec<String> = option
        .description
        .iter()
        .map(|paragraph| markup::plain(paragraph))
        .collect();
    if !option.choices.is_empty() {
        text.push(format!("One of {}.", option.choices.join(", ")));
    }
    if let Some(default) = option.default {
        text.push(format!(
            "{} when not given.",
            crate::cli::output::text::text_of(&default.to_json())
        ));
    }
    text.join(" ")
}

/// Whether a command takes several values of an operand.
fn takes_several(option: &Opt, command: &Command) -> bool {
    matches!(option.kind, Kind::List(_)) || command.list.is_some()
}

/// The place for an option's value without the option's name.
fn operand(option: &'static Opt, word: &'static str, command: &Command) -> Arg {
    let several = takes_several(option, command);
    // Another place may follow only one that takes a single value.
    let (count, action): (ValueRange, ArgAction) = match several {
        true => ((1..).into(), ArgAction::Append),
        false => (1.into(), ArgAction::Set),
    };
    Arg::new(format!("{OPERAND}{}", option.name))
        .value_name(word)
        .value_parser(StringValueParser::new())
        .value_hint(hint(option))
        .num_args(count)
        .action(action)
        .hide(true)
}

/// Where an option stands that every command has.
#[derive(Clone, Copy)]
enum Place {
    /// Between the program and its command.
    Front,
    /// Behind the command.
    Behind(&'static Command),
}

/// The options of the program itself and of the connection.
fn general(detail: Detail, place: Place) -> Vec<Arg> {
    let switch = |name: &'static str, about: &'static str| {
        Arg::new(name)
            .long(name)
            .action(ArgAction::SetTrue)
            .help(about)
    };
    let mut args = vec![
        Arg::new(LAB)
            .long(LAB)
            .value_name("NAME")
            .help("The lab of the configuration file to talk to"),
        // Whoever checks everything need not know what only reads.
        switch(CHECK, "Print what would be done, and do nothing"),
        switch(DIFF, "Show what changes, line by line"),
        switch(JSON, "Print the result as the Ansible module returns it"),
        switch(VERBOSE, "Show what the server said when something fails").short('v'),
    ];
    let own = match place {
        Place::Front => None,
        Place::Behind(command) => Some(command),
    };
    for option in connection::OPTIONS {
        if own.is_some_and(|command| command.has_own(option.name)) {
            continue;
        }
        let arg = flag(option, detail);
        args.push(
            arg.hide(detail != Detail::Full && !["mrp_url", "mrp_token"].contains(&option.name)),
        );
    }
    match place {
        Place::Front => args,
        Place::Behind(_) => args.into_iter().map(|arg| arg.hide(true)).collect(),
    }
}

impl Command {
    /// What is typed last.
    pub(crate) fn verb(&self) -> &'static str {
        self.words.last().copied().unwrap_or_default()
    }

    /// Whether it has a plan to show before it is carried out.
    pub(crate) fn plans(&self) -> bool {
        self.module.spec.attributes.diff_mode.support != Support::None
    }

    /// The options that may be given, besides those of the connection.
    pub(crate) fn options(&self) -> impl Iterator<Item = &'static Opt> {
        let spec = self.module.spec;
        spec.all_options()
            .filter(|option| !is_of_the_connection(option))
            .filter(|option| !matches!(option.kind, Kind::Items(_)))
            .filter(|option| option.name != "fail_fast" || self.list.is_some())
            .filter(|option| !self.without.contains(&option.name))
            .filter(|option| !self.fixed.iter().any(|(name, _)| *name == option.name))
    }

    /// The option of that name.
    ///
    /// # Panics
    ///
    /// When a command names an option that its module does not have.
    pub(crate) fn option(&self, name: &str) -> &'static Opt {
        self.module
            .spec
            .all_options()
            .find(|option| option.name == name)
            .unwrap_or_else(|| panic!("{:?} names {name}", self.words))
    }

    /// Whether its value is given without its name.
    pub(crate) fn is_operand(&self, option: &Opt) -> bool {
        self.operands.iter().any(|(name, _)| *name == option.name)
    }

    fn has_own(&self, name: &str) -> bool {
        self.options().any(|option| option.name == name)
    }
}

fn is_of_the_connection(option: &Opt) -> bool {
    connection::OPTIONS
        .iter()
        .any(|other| other.name == option.name)
}

/// The command that was typed, with what was typed before and behind it.
pub(crate) fn typed(matches: &ArgMatches) -> Option<(&'static Command, &ArgMatches)> {
    let (first, behind) = matches.subcommand()?;
    let (words, behind) = match behind.subcommand() {
        Some((second, behind)) => (vec![first, second], behind),
        None => (vec![first], behind),
    };
    let command = commands::ALL
        .iter()
        .find(|command| command.words == words)?;
    Some((command, behind))
}

/// The values of an option, whether they were given with its name or without.
pub(crate) fn values(matches: &ArgMatches, option: &str) -> Vec<String> {
    [option.to_owned(), format!("{OPERAND}{option}")]
        .iter()
        .filter_map(|id| matches.try_get_many::<String>(id).ok().flatten())
        .flatten()
        .cloned()
        .collect()
}

/// Whether a switch of the program's own was given.
pub(crate) fn is_on(matches: &ArgMatches, switch: &str) -> bool {
    matches.try_get_one::<bool>(switch).ok().flatten() == Some(&true)
}
