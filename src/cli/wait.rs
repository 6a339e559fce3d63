//! `mrp machine wait`: until machines are ready.

use serde::Deserialize;

use crate::ansible::{Call, Constraints, Failure, Kind, Module, ModuleSpec, Opt, Return, Success};
use crate::connection;
use crate::modules::{respond, target, waiting};
use crate::task::Wait;
use crate::task::machine::Readiness;

pub(super) const MODULE: Module = Module { spec: &SPEC, run };

static SPEC: ModuleSpec = ModuleSpec {
    name: "mrp machine wait",
    options: &[target::OPTIONS, OPTIONS, MANY, connection::OPTIONS],
    constraints: Constraints {
        mutually_exclusive: &[target::EITHER],
        required_one_of: &[target::EITHER],
        required_together: connection::REQUIRED_TOGETHER,
        ..Constraints::NONE
    },
    returns: &[Return::new("machine", "dict")],
    ..ModuleSpec::EMPTY
};

const OPTIONS: &[Opt] = &[
    Opt::new("wait_timeout", Kind::Float)
        .default_float("3600")
        .about(&["Seconds before it fails and tells the last state seen."]),
    waiting::INTERVAL,
];

const MANY: &[Opt] = &[
    respond::items("machines", &[target::OPTIONS, OPTIONS]),
    respond::FAIL_FAST,
];

#[derive(Deserialize)]
struct Options {
    wait_timeout: f64,
    wait_interval: f64,
}

/// Whoever only waits changes nothing.
fn run(call: &Call) -> Result<Success, Failure> {
    let unchanged = |success| Success {
        changed: false,
        ..success
    };
    let failed = |failure| Failure {
        changed: false,
        ..failure
    };
    respond::run(call, readiness).map(unchanged).map_err(failed)
}

fn readiness(call: &Call) -> Result<Readiness, Failure> {
    let options: Options = call.options();
    Ok(Readiness {
        machine: target::machine(call)?,
        wait: Wait {
            timeout: connection::seconds("wait_timeout", options.wait_timeout)?,
            interval: connection::seconds("wait_interval", options.wait_interval)?,
        },
    })
}
