//! The options by which a module is told which machine to act on.

use serde::Deserialize;

use crate::ansible::{Call, Failure, Kind, Opt, Return};
use crate::client::MachineId;
use crate::task::machine::MachineRef;

/// The machine's options, the same for every module that acts on one.
pub(crate) const OPTIONS: &[Opt] = &[
    Opt::new("name", Kind::Str)
        .aliases(&["machine", "machine_name"])
        .about(&["Exact name of the machine."]),
    Opt::new("id", Kind::Int)
        .minimum(1)
        .about(&["Id of the machine, instead of its name."]),
];

/// The option of modules whose requests the server itself refuses for machines of others.
pub(crate) const ALLOW_UNASSIGNED: Opt =
    Opt::new("allow_unassigned", Kind::Bool).default_bool(false).about(&[
        "Act also on a machine that is not assigned to the token's user. The server lets only administrators do so: \
         with any other token the task fails all the same.",
    ]);

/// The documentation of the key `machine`.
pub(crate) const RETURN: Return = Return::new("machine", "dict")
    .about("The machine as the server has it, with all fields that M(mrp_machine) returns except its state.")
    .contains(&[
        Return::new("id", "int").about("Its id.").sample("2"),
        Return::new("name", "str")
            .about("Its name.")
            .sample("\"qdc01\""),
        Return::new("netboot_enabled", "bool").about("Whether it boots over the network."),
    ]);

/// One of these must be given, and not both.
pub(crate) const EITHER: &[&str] = &["name", "id"];

#[derive(Deserialize)]
struct Target {
    name: Option<String>,
    id: Option<MachineId>,
}

/// The machine that is meant; the module's constraints have it that one is.
pub(crate) fn machine(call: &Call) -> Result<MachineRef, Failure> {
    let target: Target = call.options();
    match (target.name, target.id) {
        (Some(name), _) if name.is_empty() => Err(Failure::new("name must not be empty")),
        (Some(name), _) => Ok(MachineRef::Name(name)),
        (None, Some(id)) => Ok(MachineRef::Id(id)),
        (None, None) => Err(Failure::new("one of the following is required: name, id")),
    }
}

/// Whether a machine is named at all.
pub(crate) fn is_given(call: &Call) -> bool {
    EITHER.iter().any(|name| call.options.contains_key(*name))
}
