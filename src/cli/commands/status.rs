//! `mrp lab status`: the whole lab, a line for each machine.

use std::collections::HashMap;
use std::fmt::Display;
use std::hash::Hash;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::ansible::{Call, Constraints, Failure, Kind, Module, ModuleSpec, Opt, Return, Success};
use crate::cli::output::text::holder_text;
use crate::client::{ImageId, MachineState, PreseedId, ReadOnlyClient, Scope};
use crate::modules::options::connection;
use crate::modules::options::info;
use crate::support::glob::Glob;
use crate::task::TaskError;
use crate::task::list;
use crate::task::list::{MachineDetails, MachineFilter, MachineInfo};
use crate::task::network;

pub(crate) const MODULE: Module = Module { spec: &SPEC, run };

static SPEC: ModuleSpec = ModuleSpec {
    name: "mrp lab status",
    options: &[OPTIONS, connection::OPTIONS],
    constraints: Constraints {
        mutually_exclusive: &[&["query", "mine"]],
        required_together: connection::REQUIRED_TOGETHER,
        ..Constraints::NONE
    },
    returns: &[Return::new("machines", "list")],
    ..ModuleSpec::EMPTY
};

const OPTIONS: &[Opt] = &[
    Opt::new("name", Kind::Str).about(&["Pattern for the name, for example V(qdc*)."]),
    Opt::new("arch", Kind::Str).about(&["Name of the architecture, for example V(arm64)."]),
    Opt::new("query", Kind::Str).about(info::QUERY),
    Opt::new("mine", Kind::Bool)
        .default_bool(false)
        .about(&["Only the machines that are assigned to you."]),
    Opt::new("interface", Kind::List(&Kind::Str)).about(&[
        "Interface identifiers in order of preference, for machines with several addresses.",
    ]),
    Opt::new(WATCH, Kind::Bool)
        .default_bool(false)
        .about(&["Show it again and again, until Ctrl-C."]),
    Opt::new(INTERVAL, Kind::Float)
        .default_float("5")
        .about(&["Seconds between two looks."]),
];

/// The option that repeats the command.
pub(crate) const WATCH: &str = "watch";
/// The option for the pause between two repetitions.
pub(crate) const INTERVAL: &str = "interval";

#[derive(Deserialize)]
struct StatusOptions {
    name: Option<String>,
    arch: Option<String>,
    query: Option<String>,
    mine: bool,
    #[serde(default)]
    interface: Vec<String>,
}

/// One machine.
#[derive(Serialize)]
struct StatusRow {
    name: String,
    state: Option<MachineState>,
    /// Who holds it, each with the reason.
    holders: Vec<String>,
    /// The address that is certain, else all there are.
    addresses: Vec<String>,
    /// The description of its kernel, and the name of its preseed.
    boots: Vec<String>,
    netboot_enabled: bool,
}

fn run(call: &Call) -> Result<Success, Failure> {
    let options: StatusOptions = call.options();
    let filter = filter(&options)?;
    let client = connection::connect(call)?;
    let rows = read_rows(client.read_only(), &filter, &options.interface)?;
    Ok(Success::with_fields([("machines", json!(rows))]))
}

fn filter(options: &StatusOptions) -> Result<MachineFilter, Failure> {
    Ok(MachineFilter {
        machines: info::selection(None, options.query.clone())?,
        scope: info::scope(options.mine),
        name: options.name.as_deref().map(Glob::new),
        arch: options.arch.clone(),
        details: MachineDetails {
            state: true,
            interfaces: true,
            assignees: true,
            power: false,
        },
        ..MachineFilter::default()
    })
}

fn read_rows(
    client: &ReadOnlyClient,
    filter: &MachineFilter,
    preference: &[String],
) -> Result<Vec<StatusRow>, TaskError> {
    let images = client.images().list(Scope::Visible)?.into_iter();
    let preseeds = client.preseeds().list(Scope::Visible)?.into_iter();
    let names = BootNames {
        kernels: images
            .filter_map(|image| Some((image.id, image.description?)))
            .collect(),
        preseeds: preseeds.map(|preseed| (preseed.id, preseed.name)).collect(),
    };
    let machines = list::machines(client, filter)?;
    let rows = machines.iter();
    Ok(rows
        .map(|info| status_row(info, &names, preference))
        .collect())
}

/// What machines boot, by id.
struct BootNames {
    kernels: HashMap<ImageId, String>,
    preseeds: HashMap<PreseedId, String>,
}

fn status_row(info: &MachineInfo, names: &BootNames, preference: &[String]) -> StatusRow {
    let machine = &info.machine;
    let interfaces = info.interfaces.clone().unwrap_or_default();
    let (facts, _) = network::facts(machine.clone(), interfaces, preference);
    let addresses = match facts.ipv4 {
        Some(address) => vec![address],
        None => {
            let all = facts.interfaces.iter().filter_map(network::address);
            all.map(str::to_owned).collect()
        }
    };
    let kernel = machine
        .kernel_id
        .map(|id| name_or_id(&names.kernels, "kernel", id));
    let preseed = machine
        .preseed_id
        .map(|id| name_or_id(&names.preseeds, "preseed", id));
    let holders = info.assignees.iter().flatten();
    StatusRow {
        name: machine.name.clone(),
        state: info.state.clone(),
        holders: holders
            .map(|holder| holder_text(holder.user.as_deref(), holder.reason.as_deref()))
            .collect(),
        addresses,
        boots: kernel.into_iter().chain(preseed).collect(),
        netboot_enabled: machine.netboot_enabled == Some(true),
    }
}

/// The name of a kernel or preseed. One that is not visible to the user has only its id.
fn name_or_id<Id: Hash + Eq + Display>(names: &HashMap<Id, String>, what: &str, id: Id) -> String {
    let name = names.get(&id).cloned();
    name.unwrap_or_else(|| format!("{what} {id}"))
}
