//! `mrp-ansible`: the program that Ansible runs, under the name of a module or of the inventory.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use mr_provisioner::inventory::{self, StartedBy};
use mr_provisioner::{MODULES, ansible, support::stdio};

const USAGE: &str = "\
mrp-ansible is run by Ansible, under the name of a module or of an inventory:
link it as library/mrp_image, library/mrp_machine and so on. library/mrp_inventory runs it as an inventory.
The command line is another program, mrp.
";

fn main() -> ExitCode {
    let args: Vec<OsString> = env::args_os().collect();
    let program = Path::new(args.first().map_or(OsStr::new(""), OsString::as_os_str));
    let rest = args.get(1..).unwrap_or_default();
    if program.file_name() == Some(inventory::NAME.as_ref()) {
        return inventory::run(program, rest, StartedBy::Link);
    }
    // What the script library/mrp_inventory gives.
    if let [name, link, rest @ ..] = rest
        && name == inventory::NAME
    {
        return inventory::run(Path::new(link), rest, StartedBy::Script);
    }
    let arg0 = program.to_string_lossy();
    match args_file_of_module(&arg0, rest) {
        Some(args_file) => ansible::run_as_module(MODULES, &arg0, &args_file),
        None => {
            stdio::print_stderr(USAGE);
            ExitCode::from(2)
        }
    }
}

/// The arguments file when the program was started as a module: under a module's name, or under any name with a file as
/// its only argument, which then names the module.
fn args_file_of_module(arg0: &str, rest: &[OsString]) -> Option<PathBuf> {
    let has_module_name = ansible::module_name_from_arg0(arg0, MODULES).is_some();
    match rest {
        [file] if has_module_name || Path::new(file).is_file() => Some(file.into()),
        [file, ..] if has_module_name => Some(file.into()),
        [] if has_module_name => Some(PathBuf::new()),
        _ => None,
    }
}
