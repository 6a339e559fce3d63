//! The parser of the old client's options, with the rules of Python's argparse.

use std::ffi::OsString;

use clap::builder::PossibleValuesParser;
use clap::error::{ContextKind, ContextValue, Error, ErrorKind};
use clap::{Arg, ArgAction, ArgMatches, Command as Parser};

use crate::support::dash_values::join_dash_values;

pub(crate) const VERBOSE: &str = "verbose";
pub(crate) const ACTION: &str = "action";

const ABOUT: &str =
    "The command line of mrp_client.py, as it was; for what is new see `mrp --help`";
const USAGE: &str =
    "mrp [--verbose] --mrp-url URL --mrp-token TOKEN {image|preseed|state|net} --action ACTION ...";

/// Whether these words are a line for the old client. Commands of `mrp` have a verb behind their noun, where these lines
/// have options.
pub(crate) fn is_meant(args: &[OsString]) -> bool {
    let Some((command, behind)) = split(args) else {
        return false;
    };
    match command.as_str() {
        "state" => true,
        "image" | "preseed" | "net" => {
            behind.first().is_some_and(|word| word.starts_with('-'))
                && behind.iter().any(|word| is_action(word))
        }
        _ => false,
    }
}

/// The sub-command and the words behind it.
fn split(args: &[OsString]) -> Option<(String, Vec<String>)> {
    let front = front().allow_external_subcommands(true);
    let matches = front.try_get_matches_from(args).ok()?;
    let (command, behind) = matches.subcommand()?;
    let words = behind.get_many::<OsString>("").into_iter().flatten();
    let words = words.map(|word| word.to_string_lossy().into_owned());
    Some((command.to_owned(), words.collect()))
}

/// Whether a word is `--action`, or an abbreviation of it.
fn is_action(word: &str) -> bool {
    let name = word.split('=').next().unwrap_or(word);
    name.len() > "--".len() && "--action".starts_with(name)
}

/// Parses a line: every option as text, under the name that it has in the modules.
pub(crate) fn parse(args: &[OsString]) -> Result<ArgMatches, Error> {
    let mut program = program();
    // No sub-command has positional arguments, which would stand behind it.
    if args.iter().any(|word| word == "--") {
        return Err(program.error(ErrorKind::UnknownArgument, "unexpected argument '--' found"));
    }
    program.try_get_matches_from(join_dash_values(args, is_option))
}

/// The usage of the sub-command that was typed.
pub(crate) fn usage(args: &[OsString]) -> String {
    typed_parser(args).render_usage().to_string()
}

/// The options that an ambiguous abbreviation may mean; None for any other error.
pub(crate) fn ambiguous_flags(args: &[OsString], error: &Error) -> Option<String> {
    let Some(ContextValue::String(unknown)) = error.get(ContextKind::InvalidArg) else {
        return None;
    };
    let command = typed_parser(args);
    let flags = command.get_arguments().filter_map(dashed);
    let flags: Vec<String> = flags.filter(|flag| flag.starts_with(unknown)).collect();
    (flags.len() > 1).then(|| flags.join(", "))
}

/// An option of a sub-command as it is typed, by its name in the modules.
pub(crate) fn flag(command: &str, name: &str) -> String {
    let program = program();
    let command = program.find_subcommand(command).into_iter();
    let mut options = command.flat_map(Parser::get_arguments);
    let option = options.find(|option| option.get_id() == name);
    option.and_then(dashed).unwrap_or_default()
}

fn dashed(option: &Arg) -> Option<String> {
    Some(format!("--{}", option.get_long()?))
}

/// The parser of the sub-command that was typed, or the whole parser.
fn typed_parser(args: &[OsString]) -> Parser {
    let mut program = program();
    program.build();
    let command = split(args).and_then(|(command, _)| program.find_subcommand(command).cloned());
    command.unwrap_or(program)
}

/// Whether it is an option of any sub-command, or an abbreviation of one.
fn is_option(name: &str) -> bool {
    let program = program();
    let parsers = std::iter::once(&program).chain(program.get_subcommands());
    let mut flags = parsers
        .flat_map(Parser::get_arguments)
        .filter_map(Arg::get_long);
    let name = name.trim_start_matches('-');
    !name.is_empty() && flags.any(|flag| flag.starts_with(name))
}

fn program() -> Parser {
    let image = [
        text("image-type", "type").required(true),
        text("description", "description").required(true),
        text("arch", "arch").required(true),
        text("image-path", "path"),
        switch("public", "public"),
        switch("knowngood", "known_good"),
    ];
    let preseed = [
        text("preseed-name", "name").required(true),
        text("preseed-path", "path"),
        choice("type", "type", &["kickstart", "preseed", "autoyast"]),
        text("description", "description"),
        switch("knowngood", "known_good"),
        switch("public", "public"),
    ];
    let boolean_words = ["yes", "no", "true", "false", "t", "f", "y", "n", "1", "0"];
    let state = [
        text("machine", "name").required(true),
        text("preseed-name", "preseed"),
        text("initrd-desc", "initrd"),
        text("kernel-desc", "kernel"),
        text("kernel-opts", "kernel_opts"),
        text("arch", "arch"),
        text("subarch", "subarch"),
        choice("netboot", "netboot", &boolean_words)
            .ignore_case(true)
            .num_args(0..=1)
            .default_missing_value("yes"),
    ];
    let net = [
        text("machine", "name").required(true),
        text("interface", "interface").default_value("eth1"),
    ];
    front()
        .about(ABOUT)
        .override_usage(USAGE)
        .subcommand_required(true)
        .subcommands([
            sub_command("image", &["check", "upload"]).args(image),
            sub_command("preseed", &["check", "upload"]).args(preseed),
            sub_command("state", &["provision", "setparams", "getparams"]).args(state),
            sub_command("net", &["getip", "getmac", "getnetmask"]).args(net),
        ])
}

/// The options before the sub-command.
fn front() -> Parser {
    let verbose = Arg::new(VERBOSE).long("verbose").short('v');
    parser("mrp")
        .bin_name("mrp")
        .no_binary_name(true)
        .disable_version_flag(true)
        .disable_help_subcommand(true)
        .arg(verbose.action(ArgAction::Count))
        .args([text("mrp-url", "mrp_url"), text("mrp-token", "mrp_token")])
}

fn sub_command(name: &'static str, actions: &[&'static str]) -> Parser {
    parser(name).arg(choice("action", ACTION, actions).required(true))
}

/// As with argparse, options may be abbreviated, and the last of several values counts.
fn parser(name: &'static str) -> Parser {
    Parser::new(name)
        .infer_long_args(true)
        .args_override_self(true)
}

/// An option, and its name in the modules. Its value may be empty or a negative number.
fn text(flag: &'static str, name: &'static str) -> Arg {
    Arg::new(name)
        .long(flag)
        .value_name(name.to_uppercase())
        .allow_negative_numbers(true)
}

fn choice(flag: &'static str, name: &'static str, values: &[&'static str]) -> Arg {
    text(flag, name)
        .value_name(values.join("|"))
        .hide_possible_values(true)
        .value_parser(PossibleValuesParser::new(values.to_vec()))
}

/// A switch in the last version of the old client, an option with a value in earlier ones.
fn switch(flag: &'static str, name: &'static str) -> Arg {
    choice(flag, name, &["true", "false"])
        .ignore_case(true)
        .num_args(0..=1)
        .default_missing_value("true")
}
