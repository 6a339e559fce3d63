//! `mrp machine report`: reports a state on behalf of machines. It is `mrp_machine` with the states that machines report.

use crate::ansible::{Attribute, Attributes, Kind, Module, ModuleSpec, Opt, Return};
use crate::modules::options::{connection, machine};
use crate::modules::{self, run};

pub(crate) const MODULE: Module = Module {
    spec: &SPEC,
    run: modules::MACHINE.run,
};

static SPEC: ModuleSpec = ModuleSpec {
    name: "mrp machine report",
    options: &[machine::OPTIONS, OPTIONS, LIST, connection::OPTIONS],
    constraints: machine::CONSTRAINTS,
    attributes: Attributes {
        diff_mode: Attribute::full(""),
        ..ModuleSpec::EMPTY.attributes
    },
    returns: &[Return::new("machine", "dict")],
    ..ModuleSpec::EMPTY
};

const OPTIONS: &[Opt] = &[
    Opt::new("state", Kind::Str)
        .required()
        .choices(&["ready", "error", "unknown"])
        .about(&["The state to report."]),
    machine::ALLOW_UNASSIGNED,
];

const LIST: &[Opt] = &[
    run::items("machines", &[machine::OPTIONS, OPTIONS]),
    run::FAIL_FAST,
];
