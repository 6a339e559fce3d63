//! `mrp machine report`: a state on behalf of machines. What `mrp_machine` does with the states that are reported.

use crate::ansible::{Attribute, Attributes, Constraints, Kind, Module, ModuleSpec, Opt, Return};
use crate::connection;
use crate::modules::{self, respond, target};

pub(super) const MODULE: Module = Module {
    spec: &SPEC,
    run: modules::MACHINE.run,
};

static SPEC: ModuleSpec = ModuleSpec {
    name: "mrp machine report",
    options: &[target::OPTIONS, OPTIONS, MANY, connection::OPTIONS],
    constraints: Constraints {
        mutually_exclusive: &[target::EITHER],
        required_one_of: &[target::EITHER],
        required_together: connection::REQUIRED_TOGETHER,
        ..Constraints::NONE
    },
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
    target::ALLOW_UNASSIGNED,
];

const MANY: &[Opt] = &[
    respond::items("machines", &[target::OPTIONS, OPTIONS]),
    respond::FAIL_FAST,
];
