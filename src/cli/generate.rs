//! What tells about the program itself: completions, the manual page, and the documentation of the modules.

use std::path::Path;
use std::process::ExitCode;

use clap::{ArgMatches, Command as Parser};
use clap_complete::Shell;
use clap_mangen::Man;

use crate::ansible::Failure;
use crate::ansible::docs::sidecar;
use crate::cli::output::{markup, terminal};
use crate::cli::parser;
use crate::cli::parser::Detail;
use crate::cli::{USAGE, profiles};
use crate::modules::options::connection;
use crate::support::io_error;
use crate::support::stdio::say;

/// Prints the page that was asked for.
pub(crate) fn print(matches: &ArgMatches) -> ExitCode {
    match matches.subcommand() {
        Some(("completions", page)) => {
            let shell = page
                .get_one::<String>("shell")
                .and_then(|name| name.parse().ok());
            shell.map_or(ExitCode::from(USAGE), |shell| say(&completions(shell)))
        }
        Some(("man", _)) => say(&manual()),
        Some(("docs", page)) => {
            let directory = page
                .get_one::<String>("directory")
                .map_or("", String::as_str);
            match write_documentation(directory.as_ref()) {
                Ok(written) => say(&written),
                Err(sentence) => {
                    terminal::complain(&Failure::new(sentence));
                    ExitCode::FAILURE
                }
            }
        }
        _ => ExitCode::from(USAGE),
    }
}

/// Writes `NAME.yml` for every module into `dir`, and tells their names.
fn write_documentation(dir: &Path) -> Result<String, String> {
    let mut told = String::new();
    for module in crate::MODULES {
        let path = dir.join(format!("{}.yml", module.spec.name));
        std::fs::write(&path, sidecar(module.spec)).map_err(|error| {
            format!(
                "{} cannot be written: {}",
                path.display(),
                io_error::of(&error)
            )
        })?;
        told.push_str(&format!("{}\n", path.display()));
    }
    Ok(told)
}

fn completions(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(
        shell,
        &mut parser::program(Detail::Shell),
        "mrp",
        &mut script,
    );
    String::from_utf8_lossy(&script).into_owned()
}

/// One page with all commands: a section for each, behind the program's own.
fn manual() -> String {
    let mut program = parser::program(Detail::Full);
    program.build();
    let man = Man::new(program.clone());
    let mut page = Vec::new();
    // Writing to memory does not fail.
    let _ = man.render_title(&mut page);
    let _ = man.render_name_section(&mut page);
    let _ = man.render_synopsis_section(&mut page);
    let _ = man.render_options_section(&mut page);
    page.extend(environment().as_bytes());
    let _ = man.render_extra_section(&mut page);
    let mut text = String::from_utf8_lossy(&page).replace("\n.SH EXTRA\n", "\n.SH NOTES\n");
    let shown = program.get_subcommands().filter(|noun| !noun.is_hide_set());
    for leaf in shown.flat_map(leaves) {
        text.push_str(&section(leaf));
    }
    text
}

/// The variables that are looked at.
fn environment() -> String {
    let options = connection::OPTIONS.iter().filter_map(|option| {
        let what = format!("What {} is when not given.", markup::flag(option.name));
        Some((option.env?, what))
    });
    let own = [
        (profiles::VARIABLE, "What --lab is when not given."),
        ("NO_COLOR", "Where it is set, nothing is coloured."),
    ];
    let own = own.map(|(name, what)| (name, what.to_owned()));
    let variables = options.chain(own).map(|(name, what)| {
        // A hyphen is what may be copied.
        format!(".TP\n\\fB{name}\\fR\n{}\n", what.replace('-', "\\-"))
    });
    format!(".SH ENVIRONMENT\n{}", variables.collect::<String>())
}

fn leaves(parser: &Parser) -> Vec<&Parser> {
    match parser.has_subcommands() {
        true => parser.get_subcommands().collect(),
        false => vec![parser],
    }
}

fn section(leaf: &Parser) -> String {
    let man = Man::new(leaf.clone());
    let mut page = Vec::new();
    let name = leaf
        .get_display_name()
        .unwrap_or(leaf.get_name())
        .replace('-', " ")
        .to_uppercase();
    let _ = man.render_synopsis_section(&mut page);
    let _ = man.render_description_section(&mut page);
    let _ = man.render_options_section(&mut page);
    let _ = man.render_extra_section(&mut page);
    let text = String::from_utf8_lossy(&page)
        .replace("\n.SH EXTRA\nExample: ", "\n.SH EXTRA\n")
        .replace("\n.SH EXTRA\n", "\n.SH EXAMPLE\n")
        .replace("\n.SH ", "\n.SS ");
    let text = text
        .strip_prefix(".SH ")
        .map_or(text.clone(), |rest| format!(".SS {rest}"));
    format!(".SH \"{name}\"\n{text}")
}
