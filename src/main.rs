//! `mrp`: the command line.

use std::env;
use std::ffi::OsString;
use std::process::ExitCode;

use mr_provisioner::cli;

fn main() -> ExitCode {
    let args: Vec<OsString> = env::args_os().skip(1).collect();
    cli::run(&args)
}
