//! `mrp lab status`: the whole lab, a line for each machine.

use serde::{Deserialize, Serialize};
use serde_json::{Map, json};

use crate::ansible::{Call, Constraints, Failure, Kind, Module, ModuleSpec, Opt, Return, Success};
use crate::client::{Image, ImageId, MachineState, PreseedId, ReadOnlyClient, Scope};
use crate::modules::options::connection;
use crate::modules::options::info;
use crate::modules::run;
use crate::support::glob::Glob;
use crate::support::user_text::user_with_reason;
use crate::task::TaskError;
use crate::task::list;
use crate::task::list::{ImageFilter, MachineDetails, MachineFilter, MachineInfo, PreseedFilter};
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

/// The option that asks for it again and again.
pub(crate) const WATCH: &str = "watch";
/// The option with the pause between.
pub(crate) const INTERVAL: &str = "interval";

#[derive(Deserialize)]
struct Options {
    name: Option<String>,
    arch: Option<String>,
    query: Option<String>,
    mine: bool,
    #[serde(default)]
    interface: Vec<String>,
}

/// One machine's line.
#[derive(Serialize)]
struct Line {
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
    let options: Options = call.options();
    let filter = filter(&options)?;
    let client = connection::connect(call)?;
    let lines = gather(client.read_only(), &filter, &options.interface);
    let lines = lines.map_err(run::failure)?;
    Ok(Success {
        fields: Map::from_iter([("machines".to_owned(), json!(lines))]),
        ..Success::default()
    })
}

fn filter(options: &Options) -> Result<MachineFilter, Failure> {
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

fn gather(
    client: &ReadOnlyClient,
    filter: &MachineFilter,
    preference: &[String],
) -> Result<Vec<Line>, TaskError> {
    let bootable = Bootable::read(client)?;
    let machines = list::machines(client, filter)?;
    let line = |info: &MachineInfo| bootable.line(info, preference);
    Ok(machines.iter().map(line).collect())
}

/// What machines can boot, to tell it by its name.
struct Bootable {
    images: Vec<Image>,
    preseeds: Vec<(Option<PreseedId>, String)>,
}

impl Bootable {
    fn read(client: &ReadOnlyClient) -> Result<Bootable, TaskError> {
        let images = list::images(
            client,
            &ImageFilter {
                scope: Scope::Visible,
                ..ImageFilter::default()
            },
        )?;
        let preseeds = list::preseeds(
            client,
            &PreseedFilter {
                scope: Scope::Visible,
                ..PreseedFilter::default()
            },
        )?;
        Ok(Bootable {
            images,
            preseeds: preseeds
                .into_iter()
                .map(|preseed| (preseed.facts.id, preseed.facts.name))
                .collect(),
        })
    }

    fn line(&self, info: &MachineInfo, preference: &[String]) -> Line {
        let machine = &info.machine;
        let interfaces = info.interfaces.clone().unwrap_or_default();
        let (facts, _) = network::facts(machine.clone(), interfaces, preference);
        let each = facts.interfaces.iter().filter_map(network::address);
        let all = || each.map(str::to_owned).collect();
        Line {
            name: machine.name.clone(),
            state: info.state.clone(),
            holders: info.assignees.iter().flatten().map(holder).collect(),
            addresses: facts.ipv4.clone().map_or_else(all, |address| vec![address]),
            boots: machine
                .kernel_id
                .map(|id| self.kernel(id))
                .into_iter()
                .chain(machine.preseed_id.map(|id| self.preseed(id)))
                .collect(),
            netboot_enabled: machine.netboot_enabled == Some(true),
        }
    }

    /// One that is not visible has nothing but its id.
    fn kernel(&self, id: ImageId) -> String {
        let known = self.images.iter().find(|image| image.id == id);
        known
            .and_then(|image| image.description.clone())
            .unwrap_or_else(|| format!("kernel {id}"))
    }

    fn preseed(&self, id: PreseedId) -> String {
        let known = self.preseeds.iter().find(|(known, _)| *known == Some(id));
        known.map_or_else(|| format!("preseed {id}"), |(_, name)| name.clone())
    }
}

fn holder(assignee: &crate::client::Assignee) -> String {
    let user = assignee.user.as_deref().unwrap_or("?");
    user_with_reason(user, assignee.reason.as_deref())
}
