//! Runs of the probe, as Ansible runs a module.

use mrp_test_support::module::ModuleRun;
use serde_json::Value;

const PROBE: &str = env!("CARGO_BIN_EXE_mrp-probe");

/// A run of one of the probe's modules, with these arguments.
pub(crate) fn run(module: &str, args: &Value) -> ModuleRun {
    with_home(ModuleRun::new(PROBE, module, args))
}

/// The same with an arguments file that need not be JSON.
pub(crate) fn run_with_text(module: &str, args: &str) -> ModuleRun {
    with_home(ModuleRun::with_text(PROBE, module, args))
}

/// The same without an arguments file.
pub(crate) fn run_without_file(module: &str) -> ModuleRun {
    with_home(ModuleRun::without_file(PROBE, module))
}

/// The cases were recorded with this home.
fn with_home(mut run: ModuleRun) -> ModuleRun {
    run.command.env("HOME", "/home/tester");
    run
}
