//! Commands that need no server: texts about the program itself (completions, the manual page, the documentation of the
//! Ansible modules) and the labs of the configuration file.

use std::path::Path;
use std::process::ExitCode;

use clap::{ArgMatches, Command as Parser};
use clap_complete::Shell;
use clap_mangen::Man;

use crate::ansible::Failure;
use crate::ansible::docs::sidecar;
use crate::cli::output::{markup, terminal};
use crate::cli::parser::{self, HelpDetail};
use crate::cli::{INVALID_CALL, completion_scripts, labs};
use crate::modules::options::{connection, labs as labs_file};
use crate::support::io_error;
use crate::support::stdio::print_stdout;

/// Runs one of these commands.
pub(crate) fn print(matches: &ArgMatches) -> ExitCode {
    match matches.subcommand() {
        Some(("completions", matches)) => print_stdout(&completions(matches)),
        Some(("man", _)) => print_stdout(&manual()),
        Some(("docs", matches)) => match write_documentation(matches) {
            Ok(paths) => print_stdout(&paths),
            Err(failure) => {
                terminal::print_failure(&failure);
                ExitCode::FAILURE
            }
        },
        Some(("lab", matches)) => match matches.subcommand() {
            Some(("list", matches)) => labs::list(matches),
            Some(("use", matches)) => labs::choose(matches),
            _ => ExitCode::from(INVALID_CALL),
        },
        _ => ExitCode::from(INVALID_CALL),
    }
}

/// Writes `NAME.yml` for every module into the directory, and returns a line with each path.
fn write_documentation(matches: &ArgMatches) -> Result<String, Failure> {
    let directory: &String = matches.get_one("directory").expect("it is required");
    let mut paths = String::new();
    for module in crate::MODULES {
        let path = Path::new(directory).join(format!("{}.yml", module.spec.name));
        std::fs::write(&path, sidecar(module.spec)).map_err(|error| {
            let (path, error) = (path.display(), io_error::text(&error));
            Failure::new(format!("{path} cannot be written: {error}"))
        })?;
        paths.push_str(&format!("{}\n", path.display()));
    }
    Ok(paths)
}

fn completions(matches: &ArgMatches) -> String {
    let shell: Shell = *matches.get_one("shell").expect("it is required");
    let mut script = Vec::new();
    let mut program = parser::program(HelpDetail::Completion);
    clap_complete::generate(shell, &mut program, "mrp", &mut script);
    completion_scripts::with_names(shell, String::from_utf8_lossy(&script).into_owned())
}

/// One manual page: the program's own sections, then a section for each command.
fn manual() -> String {
    let mut program = parser::program(HelpDetail::Manual);
    program.build();
    let man = Man::new(program.clone());
    let mut page = Vec::new();
    // Writing to memory does not fail.
    let _ = man.render_title(&mut page);
    let _ = man.render_name_section(&mut page);
    let _ = man.render_synopsis_section(&mut page);
    let _ = man.render_options_section(&mut page);
    page.extend(environment_section().as_bytes());
    let _ = man.render_extra_section(&mut page);
    let mut text = String::from_utf8_lossy(&page).replace("\n.SH EXTRA\n", "\n.SH NOTES\n");
    for noun in program.get_subcommands().filter(|noun| !noun.is_hide_set()) {
        if noun.has_subcommands() {
            text.extend(noun.get_subcommands().map(command_section));
        } else {
            text.push_str(&command_section(noun));
        }
    }
    text
}

/// The environment variables that the command line reads.
fn environment_section() -> String {
    let options = connection::OPTIONS.iter().filter_map(|option| {
        let flag = markup::flag(option.name);
        Some((option.env?, format!("What {flag} is when not given.")))
    });
    let others = [
        (labs_file::VARIABLE, "What --lab is when not given.".into()),
        ("NO_COLOR", "Where it is set, nothing is coloured.".into()),
    ];
    let mut section = ".SH ENVIRONMENT\n".to_owned();
    for (name, text) in options.chain(others) {
        // An escaped hyphen is one that can be copied.
        let text = text.replace('-', "\\-");
        section.push_str(&format!(".TP\n\\fB{name}\\fR\n{text}\n"));
    }
    section
}

/// The section of a command, with clap's sections as subsections.
fn command_section(command: &Parser) -> String {
    // The program's own section has the general options.
    let command = command.clone();
    let command = command.mut_args(|arg| match arg.is_global_set() {
        true => arg.hide(true),
        false => arg,
    });
    let man = Man::new(command.clone());
    let mut page = Vec::new();
    let _ = man.render_synopsis_section(&mut page);
    let _ = man.render_description_section(&mut page);
    let _ = man.render_options_section(&mut page);
    let _ = man.render_extra_section(&mut page);
    let name = command.get_display_name().unwrap_or(command.get_name());
    let name = name.replace('-', " ").to_uppercase();
    let text = format!("\n{}", String::from_utf8_lossy(&page))
        .replace("\n.SH EXTRA\nExample: ", "\n.SH EXTRA\n")
        .replace("\n.SH EXTRA\n", "\n.SH EXAMPLE\n")
        .replace("\n.SH ", "\n.SS ");
    format!(".SH \"{name}\"{text}")
}
