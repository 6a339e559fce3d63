//! `mrp lab status`: the whole lab, a line for each machine.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::ansible::{Call, Constraints, Failure, Kind, Module, ModuleSpec, Opt, Return, Success};
use crate::cli::output::text::holder_text;
use crate::client::{Image, Machine, Preseed, ReadOnlyClient, Scope};
use crate::modules::options::{connection, info};
use crate::support::glob::Glob;
use crate::task::list::{self, MachineDetails, MachineFilter, MachineInfo};
use crate::task::{TaskError, network};

pub(crate) const MODULE: Module = Module { spec: &SPEC, run };

static SPEC: ModuleSpec = ModuleSpec {
    name: "mrp lab status",
    options: &[OPTIONS, connection::OPTIONS],
    constraints: Constraints {
        mutually_exclusive: &[&["query", "mine"]],
        ..connection::CONSTRAINTS
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

pub(crate) const WATCH: &str = "watch";
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

fn run(call: &Call) -> Result<Success, Failure> {
    let options: StatusOptions = call.options();
    let filter = MachineFilter {
        machines: info::selection(None, options.query)?,
        scope: info::scope(options.mine),
        name: options.name.as_deref().map(Glob::new),
        arch: options.arch,
        details: MachineDetails {
            state: true,
            interfaces: true,
            assignees: true,
            power: false,
        },
        ..MachineFilter::default()
    };
    let client = connection::connect(call)?;
    let rows = read_rows(client.read_only(), &filter, &options.interface)?;
    Ok(Success::with_fields([("machines", json!(rows))]))
}

fn read_rows(
    client: &ReadOnlyClient,
    filter: &MachineFilter,
    preference: &[String],
) -> Result<Vec<Value>, TaskError> {
    let images = client.images().list(Scope::Visible)?;
    let preseeds = client.preseeds().list(Scope::Visible)?;
    let machines = list::machines(client, filter)?;
    let rows = machines.into_iter().map(|info| {
        let boots = boot_names(&info.machine, &images, &preseeds);
        status_row(info, &boots, preference)
    });
    Ok(rows.collect())
}

/// What a machine boots. A kernel or preseed that is not visible to the user has only its id.
fn boot_names(machine: &Machine, images: &[Image], preseeds: &[Preseed]) -> Vec<String> {
    let kernel = machine.kernel_id.map(|id| {
        let image = images.iter().find(|image| image.id == id);
        let description = image.and_then(|image| image.description.clone());
        description.unwrap_or_else(|| format!("kernel {id}"))
    });
    let preseed = machine.preseed_id.map(|id| {
        let preseed = preseeds.iter().find(|preseed| preseed.id == id);
        preseed.map_or_else(|| format!("preseed {id}"), |found| found.name.clone())
    });
    kernel.into_iter().chain(preseed).collect()
}

fn status_row(info: MachineInfo, boots: &[String], preference: &[String]) -> Value {
    let holders = info.assignees.iter().flatten();
    let holders: Vec<String> = holders
        .map(|holder| holder_text(holder.user.as_deref(), holder.reason.as_deref()))
        .collect();
    let netboot_enabled = info.machine.netboot_enabled == Some(true);
    let interfaces = info.interfaces.unwrap_or_default();
    let (facts, _) = network::facts(info.machine, interfaces, preference);
    // The address that is certain, else all there are.
    let addresses: Vec<&str> = match &facts.ipv4 {
        Some(address) => vec![address],
        None => facts
            .interfaces
            .iter()
            .flatten()
            .filter_map(network::address)
            .collect(),
    };
    json!({
        "name": facts.name,
        "state": info.state,
        "holders": holders,
        "addresses": addresses,
        "boots": boots,
        "netboot_enabled": netboot_enabled,
    })
}
