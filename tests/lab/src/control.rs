//! The control path `/_lab/`: outside the API, without a token, untouched by faults and by the log.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::net::parse_mac;
use crate::reply::Reply;
use crate::state::{Assignment, Interface, Machine};
use crate::world::{Shared, World};

pub(crate) const PREFIX: &str = "/_lab/";

pub(crate) fn answer(shared: &Arc<Shared>, method: &str, path: &str, body: &[u8]) -> Reply {
    let mut world = shared.world();
    match run(&mut world, method, path, body) {
        Ok(value) => Reply::json(200, &value),
        Err((status, sentence)) => Reply::json(status, &json!({"error": sentence})),
    }
}

type Failure = (u16, String);

fn run(world: &mut World, method: &str, path: &str, body: &[u8]) -> Result<Value, Failure> {
    let refused = |sentence| (400, sentence);
    match (method, path) {
        ("POST", "reset") => world
            .reset()
            .map_err(|error| (500, format!("the lab could not be reseeded: {error}.")))?,
        ("GET", "requests") => return Ok(json!(world.log.requests)),
        ("GET", "boots") => return Ok(json!(world.boots)),
        ("POST", "faults") => world.faults.add(&read(body)?).map_err(refused)?,
        ("DELETE", "faults") => world.faults = Default::default(),
        ("GET", "settings") => return Ok(world.settings.show()),
        ("POST", "settings") => {
            world.settings.merge(&read(body)?).map_err(refused)?;
            return Ok(world.settings.show());
        }
        ("POST", "machines") => {
            return add_machine(world, &read(body)?)
                .map(|id| json!({"id": id}))
                .map_err(refused);
        }
        _ => return Err((404, format!("there is no {method} {PREFIX}{path}."))),
    }
    Ok(json!({}))
}

fn read(body: &[u8]) -> Result<Value, Failure> {
    serde_json::from_slice(body).map_err(|error| (400, format!("the body is no JSON: {error}.")))
}

/// A machine to add; what is left out is as for a machine that was just wired up.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewMachine {
    name: String,
    arch: Option<String>,
    subarch: Option<String>,
    assignee: Option<String>,
    #[serde(default = "yes")]
    bmc: bool,
    #[serde(default)]
    interfaces: Vec<NewInterface>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewInterface {
    mac: Option<String>,
    identifier: Option<String>,
    network: Option<String>,
}

fn yes() -> bool {
    true
}

const STOCK_ARCH: &str = "arm64";
const STOCK_NETWORK: &str = "lab";

/// Adds a machine; returns its number.
pub(crate) fn add_machine(world: &mut World, value: &Value) -> Result<i64, String> {
    let new: NewMachine = serde_json::from_value(value.clone())
        .map_err(|error| format!("not a machine: {error}."))?;
    let db = &mut world.db;
    if db.machines.iter().any(|machine| machine.name == new.name) {
        return Err(format!("there is a machine {} already.", new.name));
    }
    let arch = new.arch.as_deref().unwrap_or(STOCK_ARCH);
    let arch_id = db
        .arch_named(arch)
        .map(|arch| arch.id)
        .ok_or_else(|| format!("there is no architecture {arch}."))?;
    let of_arch = |name: &&str| {
        db.subarchs
            .iter()
            .find(|subarch| subarch.arch_id == arch_id && subarch.name == **name)
            .map(|found| found.id)
    };
    let subarch = match new.subarch.as_deref() {
        Some(name) => Some(
            of_arch(&name)
                .ok_or_else(|| format!("there is no subarchitecture {name} of {arch}."))?,
        ),
        None => db
            .subarchs
            .iter()
            .find(|subarch| subarch.arch_id == arch_id && subarch.bootloader_id.is_some())
            .map(|found| found.id),
    };
    let user = new.assignee.as_deref().map(|name| {
        db.user_named(name)
            .map(|user| user.id)
            .ok_or_else(|| format!("there is no user {name}."))
    });
    let user_id = user.transpose()?;
    let interfaces = read_interfaces(world, &new.interfaces)?;
    let db = &mut world.db;
    let machine = db.machines.insert(Machine {
        id: 0,
        name: new.name,
        arch_id,
        subarch_id: subarch,
        kernel_id: None,
        kernel_opts: Some(String::new()),
        initrd_id: None,
        preseed_id: None,
        netboot_enabled: false,
        bmc_id: None,
        bmc_info: String::new(),
        state: "unknown".into(),
    });
    if new.bmc {
        let id = db.bmcs.next_id();
        let (ip, login) = (
            format!("10.99.1.{}", id % 256),
            ("ipmiuser".to_owned(), "ipmipass".to_owned()),
        );
        let bmc = db.bmcs.insert(crate::state::Bmc {
            id: 0,
            ip,
            username: login.0,
            password: login.1,
            bmc_type: "plain".into(),
        });
        db.machines.update(Machine {
            bmc_id: Some(bmc.id),
            ..machine.clone()
        });
    }
    for (mac, identifier, network_id) in interfaces {
        let machine_id = machine.id;
        db.interfaces.insert(Interface {
            id: 0,
            mac,
            identifier,
            static_ipv4: None,
            reserved_ipv4: None,
            machine_id,
            network_id,
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
    Ok(machine.id)
}

type Wire = (String, Option<String>, Option<i64>);

/// The interfaces of a new machine; without any it gets one on the stock network.
fn read_interfaces(world: &World, new: &[NewInterface]) -> Result<Vec<Wire>, String> {
    let stock = [NewInterface {
        mac: None,
        identifier: Some("eth0".into()),
        network: None,
    }];
    let new = if new.is_empty() { &stock } else { new };
    let mut wires: Vec<Wire> = Vec::new();
    for (index, interface) in new.iter().enumerate() {
        let free = format!(
            "52:54:00:01:{:02x}:{index:02x}",
            world.db.machines.iter().count() + 1
        );
        let text = interface.mac.as_deref().unwrap_or(&free);
        let mac = parse_mac(text).ok_or_else(|| format!("{text} is no MAC."))?;
        if world.db.interface_with(&mac).is_some()
            || wires.iter().any(|(known, _, _)| *known == mac)
        {
            return Err(format!("there is an interface with {mac} already."));
        }
        let name = interface.network.as_deref().unwrap_or(STOCK_NETWORK);
        let network = world
            .db
            .networks
            .iter()
            .find(|network| network.name == name);
        let network = network.ok_or_else(|| format!("there is no network {name}."))?;
        wires.push((mac, interface.identifier.clone(), Some(network.id)));
    }
    Ok(wires)
}
