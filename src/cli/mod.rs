//! The command line: what `mrp` does when it is called by its own name.

mod docs;

use std::ffi::OsString;
use std::process::ExitCode;

const USAGE: &str = "\
mrp drives a Mr-Provisioner bare-metal provisioning server from Ansible.

Usage: mrp docs DIR     write the modules' documentation, NAME.yml each, into DIR
       mrp --version
       mrp --help

Ansible runs the same program under the name of a module:
link it as library/mrp_image, library/mrp_machine and so on.
Under the name mrp_inventory it is an inventory.
";

/// Runs a command with what stands behind the program's name.
pub fn run(args: &[OsString]) -> ExitCode {
    let args: Vec<&str> = args.iter().filter_map(|arg| arg.to_str()).collect();
    match args.as_slice() {
        ["docs", dir] => report(docs::write(dir.as_ref())),
        ["--version"] => say(&format!("mrp {}\n", env!("CARGO_PKG_VERSION"))),
        ["--help" | "-h" | "help"] => say(USAGE),
        _ => {
            complain(USAGE);
            ExitCode::from(2)
        }
    }
}

fn report(outcome: Result<String, String>) -> ExitCode {
    match outcome {
        Ok(text) => say(&text),
        Err(sentence) => {
            complain(&format!("mrp: {sentence}\n"));
            ExitCode::FAILURE
        }
    }
}

/// A closed or full standard output is a failure, not a panic.
pub(crate) fn say(text: &str) -> ExitCode {
    use std::io::Write;
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Nothing is left to tell when even standard error is closed.
pub(crate) fn complain(text: &str) {
    use std::io::Write;
    let _ = std::io::stderr().write_all(text.as_bytes());
}
