//! `mrp reserve` and `mrp release`: `mrp_reservation`, for several machines by name too.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::ansible::{
    Attribute, Attributes, Call, Constraints, Failure, Kind, Module, ModuleSpec, Opt, RequiredIf,
    Return, Success,
};
use crate::client::Query;
use crate::modules::options::{connection, machine};
use crate::modules::{reservation, run};
use crate::task::list::{self, MachineFilter};
use crate::task::machine::MachineRef;
use crate::task::network::MachineSelection;
use crate::task::reservation::{ReservationPresence, ReservationSelection, ReservationSpec};

pub(crate) const MODULE: Module = Module { spec: &SPEC, run };

static SPEC: ModuleSpec = ModuleSpec {
    name: "mrp reserve",
    options: &[OPTIONS, reservation::OPTIONS, connection::OPTIONS],
    constraints: Constraints {
        mutually_exclusive: &[&["names", "id", "query"]],
        required_if: &[
            RequiredIf::any("state", "present", &["names", "id", "query"]),
            RequiredIf::any("state", "absent", &["names", "id", "query", "reason"]),
        ],
        required_by: &[("count", &["query"]), ("query", &["reason"])],
        ..connection::CONSTRAINTS
    },
    attributes: Attributes {
        diff_mode: Attribute::full(""),
        ..ModuleSpec::EMPTY.attributes
    },
    returns: &[Return::new("machines", "list")],
    ..ModuleSpec::EMPTY
};

const OPTIONS: &[Opt] = &[
    Opt::new("names", Kind::List(&Kind::Str))
        .aliases(&["name", "machine"])
        .about(&["Exact names of machines. Of several, all are held or none."]),
    machine::OPTIONS[1],
];

#[derive(Deserialize)]
struct NamedMachines {
    #[serde(default)]
    names: BTreeSet<String>,
}

fn run(call: &Call) -> Result<Success, Failure> {
    let names = call.options::<NamedMachines>().names;
    if names.contains("") {
        return Err(Failure::invalid_call(
            "the name of a machine must not be empty",
        ));
    }
    if names.len() > 1 {
        // Of several machines, the task would only count those that exist.
        let filter = MachineFilter {
            machines: MachineSelection::Names(names.into_iter().collect()),
            ..MachineFilter::default()
        };
        list::machines(connection::connect(call)?.read_only(), &filter)?;
    }
    run::run(call, to_task)
}

fn to_task(call: &Call) -> Result<ReservationSpec, Failure> {
    let names = Vec::from_iter(call.options::<NamedMachines>().names);
    let mut task = reservation::to_task(call)?;
    match (&names[..], &mut task.presence) {
        ([], _) => {}
        ([name], _) => {
            task.machines = ReservationSelection::Machine(MachineRef::Name(name.clone()));
        }
        (several, presence) => {
            let queries = several.iter().map(|name| Query::name_is(name));
            task.machines = ReservationSelection::Query(Query::or(queries));
            if let ReservationPresence::Present(desired) = presence {
                desired.count = several.len();
            }
        }
    }
    Ok(task)
}
