//! `mrp console`: connects the terminal to the serial console of a machine, or only shows or logs what that prints.

use std::fs::File;
use std::io::{IsTerminal, stdin, stdout};
use std::path::PathBuf;

use serde::Deserialize;

use crate::ansible::{Attribute, Attributes, Failure, Kind, Module, ModuleSpec, Opt};
use crate::cli::command_request::CommandRequest;
use crate::cli::commands::View;
use crate::cli::console_session::{self, ConsoleSession};
use crate::cli::output::terminal;
use crate::client::{Interrupter, Machine};
use crate::modules;
use crate::modules::options::{connection, machine};
use crate::support::{append_file, io_error};
use crate::task::console;

/// With `--address`, and as JSON, the result is that of `mrp_console`.
pub(crate) const MODULE: Module = Module {
    spec: &SPEC,
    run: modules::CONSOLE.run,
};

static SPEC: ModuleSpec = ModuleSpec {
    name: "mrp console",
    options: &[machine::OPTIONS, OPTIONS, connection::OPTIONS],
    constraints: machine::CONSTRAINTS,
    attributes: Attributes {
        diff_mode: Attribute::none("", &[]),
        ..ModuleSpec::EMPTY.attributes
    },
    ..ModuleSpec::EMPTY
};

const OPTIONS: &[Opt] = &[
    Opt::new("follow", Kind::Bool).default_bool(false).about(&[
        "Only show what the machine prints; needs no terminal.",
    ]),
    Opt::new("log", Kind::Path).about(&[
        "Also append what the machine prints to this file, which is made for its owner alone.",
    ]),
    Opt::new("address", Kind::Bool).default_bool(false).about(&[
        "Print an address that opens the console for five minutes, for another program, and connect to nothing.",
    ]),
    machine::ALLOW_UNASSIGNED,
];

#[derive(Deserialize)]
struct ConsoleOptions {
    follow: bool,
    log: Option<PathBuf>,
    allow_unassigned: bool,
}

/// Whether a command connects to a console itself, and prints no result.
pub(crate) fn connects(request: &CommandRequest) -> bool {
    let is_console = matches!(request.command.view, View::Console);
    is_console
        && !request.format.is_data()
        && !request.call.check_mode
        && request.call.options.get("address") != Some(&true.into())
}

/// Connects until the user or the other side ends it.
pub(crate) fn run(request: &CommandRequest) -> Result<(), Failure> {
    let call = &request.call;
    let options: ConsoleOptions = call.options();
    let log = options.log.map(open_log).transpose()?;
    let client = connection::connect(call)?;
    let found = console::find_machine(
        client.read_only(),
        &machine::machine(call)?,
        options.allow_unassigned,
    )?;
    let types = !options.follow;
    if types && !(stdin().is_terminal() && stdout().is_terminal()) {
        return Err(no_terminal());
    }
    let opened = client.consoles().create(found.id)?;
    let interrupter = Interrupter::default();
    let connected = client.consoles().connect(found.id, &opened, &interrupter)?;
    request.progress.clear();
    let Some(stream) = connected else {
        return Ok(());
    };
    terminal::print_error(&greeting(&found, types));
    let session = ConsoleSession::new(stream, log);
    let ended = match types {
        true => console_session::attach(session, &interrupter),
        false => console_session::follow(session),
    };
    ended.map_err(|problem| {
        let hint = problem.hint;
        Failure {
            hint: hint.map(str::to_owned),
            ..Failure::new(format!(
                "the console of machine '{}' {}",
                found.name, problem.text
            ))
        }
    })
}

fn no_terminal() -> Failure {
    let hint = "O(follow) only shows what the machine prints, and O(address) prints an address for another program.";
    Failure {
        hint: Some(hint.into()),
        ..Failure::invalid_call(
            "what is typed on a console comes from a terminal, and this is none",
        )
    }
}

fn open_log(path: PathBuf) -> Result<File, Failure> {
    append_file::open(&path).map_err(|error| {
        let reason = io_error::text(&error);
        Failure::new(format!("cannot write to {}: {reason}", path.display()))
    })
}

fn greeting(machine: &Machine, types: bool) -> String {
    let end = match types {
        true => "type ~. after a line break to end",
        false => "Ctrl-C ends",
    };
    let name = crate::support::user_text::on_one_line(&machine.name);
    format!("connected to the console of {name}; {end}\n")
}
