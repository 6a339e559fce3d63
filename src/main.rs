//! `mrp`: one binary, which Ansible runs under the name of any of its modules.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use mr_provisioner::{ansible, cli, modules};

fn main() -> ExitCode {
    let args: Vec<OsString> = env::args_os().collect();
    let arg0 = args
        .first()
        .map_or_else(String::new, |arg0| arg0.to_string_lossy().into_owned());
    let rest = args.get(1..).unwrap_or_default();
    match args_file_of_module(&arg0, rest) {
        Some(args_file) => ansible::run_as_module(modules::ALL, &arg0, &args_file),
        None => cli::run(rest),
    }
}

/// The arguments file when the program was started as a module: under a module's name, or under any
/// name with nothing but a file, whose contents then name the module.
fn args_file_of_module(arg0: &str, rest: &[OsString]) -> Option<PathBuf> {
    let named = ansible::module_name_from_arg0(arg0, modules::ALL).is_some();
    match rest {
        [file] if named || Path::new(file).is_file() => Some(file.into()),
        [file, ..] if named => Some(file.into()),
        [] if named => Some(PathBuf::new()),
        _ => None,
    }
}
