//! Machines that tests add, with any name, BMC and interfaces.

use serde::Deserialize;
use serde_json::Value;

use crate::database::{Assignment, Bmc, Database, Interface, Machine};
use crate::lab_state::LabState;
use crate::network_address::parse_mac;

const DEFAULT_ARCH: &str = "arm64";
const DEFAULT_NETWORK: &str = "lab";

/// A machine to add. Omitted fields get the values of a newly registered machine.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewMachine {
    name: String,
    arch: Option<String>,
    subarch: Option<String>,
    assignee: Option<String>,
    #[serde(default = "yes")]
    bmc: bool,
    interfaces: Option<Vec<NewInterface>>,
}

fn yes() -> bool {
    true
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewInterface {
    mac: Option<String>,
    identifier: Option<String>,
    network: Option<String>,
}

/// Adds a machine and returns its id. On an error nothing is added.
pub(crate) fn add_machine(lab: &mut LabState, value: &Value) -> Result<i64, String> {
    let new: NewMachine = serde_json::from_value(value.clone())
        .map_err(|error| format!("not a machine: {error}."))?;
    let db = &mut lab.db;
    if db.machines.iter().any(|machine| machine.name == new.name) {
        return Err(format!("there is a machine {} already.", new.name));
    }
    let arch = new.arch.as_deref().unwrap_or(DEFAULT_ARCH);
    let arch_id = db
        .find_arch(arch)
        .map(|arch| arch.id)
        .ok_or_else(|| format!("there is no architecture {arch}."))?;
    let subarch_id = subarch(db, arch_id, new.subarch.as_deref())?;
    let user_id = new
        .assignee
        .as_deref()
        .map(|name| user(db, name))
        .transpose()?;
    let interfaces = interfaces(db, new.interfaces)?;
    let bmc_id = new.bmc.then(|| add_bmc(db));
    let machine = db.machines.insert(Machine {
        subarch_id,
        bmc_id,
        ..Machine::fresh(&new.name, arch_id)
    });
    for interface in interfaces {
        db.interfaces.insert(Interface {
            machine_id: machine.id,
            ..interface
        });
    }
    if let Some(user_id) = user_id {
        db.assignments.insert(Assignment {
            id: 0,
            machine_id: machine.id,
            user_id,
            reason: String::new(),
        });
    }
    db.commit_all();
    Ok(machine.id)
}

/// Finds a subarchitecture by name. Without a name it is the architecture's first one with a bootloader.
fn subarch(db: &Database, arch_id: i64, name: Option<&str>) -> Result<Option<i64>, String> {
    let mut of_arch = db
        .subarchs
        .iter()
        .filter(|subarch| subarch.arch_id == arch_id);
    let Some(name) = name else {
        return Ok(of_arch
            .find(|subarch| subarch.bootloader_id.is_some())
            .map(|subarch| subarch.id));
    };
    let found = of_arch.find(|subarch| subarch.name == name);
    found
        .map(|subarch| Some(subarch.id))
        .ok_or_else(|| format!("there is no subarchitecture {name} for it."))
}

fn user(db: &Database, name: &str) -> Result<i64, String> {
    db.find_user(name)
        .map(|user| user.id)
        .ok_or_else(|| format!("there is no user {name}."))
}

fn add_bmc(db: &mut Database) -> i64 {
    let number = db.bmcs.iter().count() + 1;
    let ip = format!("10.99.{}.{}", 1 + number / 256, number % 256);
    db.bmcs.insert(Bmc::plain(ip)).id
}

/// The interfaces of a new machine. If omitted, it gets one in the default network.
fn interfaces(db: &Database, new: Option<Vec<NewInterface>>) -> Result<Vec<Interface>, String> {
    let default_interfaces = || {
        vec![NewInterface {
            identifier: Some("eth0".into()),
            ..NewInterface::default()
        }]
    };
    let mut interfaces: Vec<Interface> = Vec::new();
    for (index, new) in new
        .unwrap_or_else(default_interfaces)
        .into_iter()
        .enumerate()
    {
        let [.., high, low] = (db.machines.iter().count() as u32).to_be_bytes();
        let text = new
            .mac
            .unwrap_or_else(|| format!("52:54:01:{high:02x}:{low:02x}:{index:02x}"));
        let mac = parse_mac(&text).ok_or_else(|| format!("{text} is no MAC."))?;
        if db.interface_with(&mac).is_some() || interfaces.iter().any(|known| known.mac == mac) {
            return Err(format!("there is an interface with {mac} already."));
        }
        let name = new.network.as_deref().unwrap_or(DEFAULT_NETWORK);
        let network = db.networks.iter().find(|network| network.name == name);
        let network_id = Some(
            network
                .ok_or_else(|| format!("there is no network {name}."))?
                .id,
        );
        let (static_ipv4, reserved_ipv4, identifier) = (None, None, new.identifier);
        interfaces.push(Interface {
            id: 0,
            mac,
            identifier,
            static_ipv4,
            reserved_ipv4,
            machine_id: 0,
            network_id,
        });
    }
    Ok(interfaces)
}
