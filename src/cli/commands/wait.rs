//! `mrp machine wait`: waits until machines are ready.

use serde::Deserialize;

use crate::ansible::{Call, Failure, Kind, Module, ModuleSpec, Opt, Return, Success};
use crate::modules::options::{connection, machine, wait};
use crate::modules::run;
use crate::task::WaitLimits;
use crate::task::machine::ReadinessSpec;

pub(crate) const MODULE: Module = Module { spec: &SPEC, run };

static SPEC: ModuleSpec = ModuleSpec {
    name: "mrp machine wait",
    options: &[machine::OPTIONS, OPTIONS, LIST, connection::OPTIONS],
    constraints: machine::CONSTRAINTS,
    returns: &[Return::new("machine", "dict")],
    ..ModuleSpec::EMPTY
};

const OPTIONS: &[Opt] = &[
    Opt::new("wait_timeout", Kind::Float)
        .default_float("3600")
        .about(&["Seconds before it fails and tells the last state seen."]),
    wait::INTERVAL,
];

const LIST: &[Opt] = &[
    run::items("machines", &[machine::OPTIONS, OPTIONS]),
    run::FAIL_FAST,
];

#[derive(Deserialize)]
struct MachineWaitOptions {
    wait_timeout: f64,
    wait_interval: f64,
}

fn run(call: &Call) -> Result<Success, Failure> {
    run::run(call, readiness)
}

fn readiness(call: &Call) -> Result<ReadinessSpec, Failure> {
    let options: MachineWaitOptions = call.options();
    Ok(ReadinessSpec {
        machine: machine::machine(call)?,
        wait: WaitLimits {
            timeout: connection::seconds("wait_timeout", options.wait_timeout)?,
            interval: connection::seconds("wait_interval", options.wait_interval)?,
        },
    })
}
