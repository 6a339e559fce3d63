//! The options that name the machine to act on.

use serde::Deserialize;

use crate::ansible::{Call, Constraints, Failure, Kind, Opt};
use crate::client::MachineId;
use crate::modules::options::connection;
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

/// One of these must be given, and not both.
pub(crate) const EITHER: &[&str] = &["name", "id"];

/// The rules for modules that act on one machine.
pub(crate) const CONSTRAINTS: Constraints = Constraints {
    mutually_exclusive: &[EITHER],
    required_one_of: &[EITHER],
    ..connection::CONSTRAINTS
};

#[derive(Deserialize)]
struct MachineRefOptions {
    name: Option<String>,
    id: Option<MachineId>,
}

/// The machine that a call names. The module's rules require one; without them a call without one fails here.
pub(crate) fn machine(call: &Call) -> Result<MachineRef, Failure> {
    let options: MachineRefOptions = call.options();
    match (options.name, options.id) {
        (Some(name), _) if name.is_empty() => {
            Err(Failure::invalid_call("O(name) must not be empty"))
        }
        (Some(name), _) => Ok(MachineRef::Name(name)),
        (None, Some(id)) => Ok(MachineRef::Id(id)),
        (None, None) => Err(Failure::invalid_call(
            "one of the following is required: name, id",
        )),
    }
}

/// Whether a call names a machine.
pub(crate) fn is_given(call: &Call) -> bool {
    EITHER.iter().any(|name| call.options.contains_key(*name))
}
