//! The command line, `mrp`.

mod docs;

use std::ffi::OsString;
use std::process::ExitCode;

use crate::streams::{complain, say};

const USAGE: &str = "\
mrp drives a Mr-Provisioner bare-metal provisioning server from Ansible.

Usage: mrp docs DIR     write the modules' documentation, NAME.yml each, into DIR
       mrp --version
       mrp --help
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
