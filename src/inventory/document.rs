//! The JSON object that Ansible reads.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::client::Machine;
use crate::inventory::address;
use crate::inventory::address::Owners;
use crate::inventory::config::Config;
use crate::inventory::data::data;
use crate::inventory::lab::Lab;
use crate::inventory::names;
use crate::inventory::names::{ALL, ALWAYS, Kind};
use crate::task::list::MachineInfo;
use crate::task::network;

const WARNINGS: &str = "mrp_warnings";
const STALE: &str = "mrp_stale";

/// The inventory of a lab.
pub(super) fn of(lab: &Lab, config: &Config) -> Value {
    let groups_of: Vec<BTreeSet<String>> = lab
        .machines
        .iter()
        .map(|info| groups_of(info, lab))
        .collect();
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let always = ALWAYS.iter().map(|group| (*group).to_owned());
    for group in always.chain(groups_of.iter().flatten().cloned()) {
        groups.insert(group, Vec::new());
    }
    let owners = Owners::among(&lab.machines);
    let mut hosts = Map::new();
    let mut warnings = Vec::new();
    for (info, groups_of) in lab.machines.iter().zip(groups_of) {
        let name = names::host(&info.machine, config.by_hostname);
        for group in groups_of {
            groups.entry(group).or_default().push(name.clone());
        }
        warnings.extend(renamed(&info.machine, &name));
        let variables = variables(info, lab, config, &owners, &mut warnings);
        hosts.insert(name, Value::Object(variables));
    }
    let mut inventory = Map::from_iter([("_meta".to_owned(), json!({ "hostvars": hosts }))]);
    for (group, hosts) in groups {
        inventory.insert(group, json!({ "hosts": hosts }));
    }
    let mut inventory = Value::Object(inventory);
    inventory[ALL]["vars"] = json!({ STALE: false, WARNINGS: [] });
    for warning in &warnings {
        add_warning(&mut inventory, warning);
    }
    inventory
}

/// Says something about the inventory where a playbook can read it.
pub(super) fn add_warning(inventory: &mut Value, sentence: &str) {
    if let Value::Array(warnings) = &mut inventory[ALL]["vars"][WARNINGS] {
        warnings.push(data(sentence.into()));
    }
}

/// Lets a playbook know that the server may be otherwise by now.
pub(super) fn mark_stale(inventory: &mut Value) {
    inventory[ALL]["vars"][STALE] = true.into();
}

fn groups_of(info: &MachineInfo, lab: &Lab) -> BTreeSet<String> {
    let machine = &info.machine;
    let netboot = machine.netboot_enabled == Some(true);
    let free = lab.is_free(machine);
    let fixed = [
        Some(ALL),
        Some(if netboot { "netboot_on" } else { "netboot_off" }),
        Some(if free { "free" } else { "assigned" }),
        lab.is_mine(machine).then_some("mine"),
    ];
    let holders = info.assignees.iter().flatten();
    let named = [
        (Kind::Arch, &machine.arch),
        (Kind::Subarch, &machine.subarch),
    ]
    .into_iter()
    .chain(holders.map(|holder| (Kind::Holder, &holder.user)))
    .filter_map(|(kind, name)| Some(kind.group(name.as_deref()?)));
    fixed
        .into_iter()
        .flatten()
        .map(str::to_owned)
        .chain(named)
        .collect()
}

/// Everything that is known of a machine, under `mrp_`; and the address to reach it at, where that is certain.
fn variables(
    info: &MachineInfo,
    lab: &Lab,
    config: &Config,
    owners: &Owners,
    warnings: &mut Vec<String>,
) -> Map<String, Value> {
    let machine = &info.machine;
    let interfaces = info.interfaces.clone().unwrap_or_default();
    let (network, unclear) = network::facts(machine.clone(), interfaces, &config.interface);
    warnings.extend(unclear);
    let address = address::certain(&network, owners).unwrap_or_else(|doubt| {
        warnings.push(doubt);
        None
    });
    let mut facts = fields(json!(info));
    facts.extend(fields(json!({
        "ipv4": address,
        "mac": network.mac,
        "netmask": network.netmask,
        "mine": lab.is_mine(machine),
        "assigned": !lab.is_free(machine),
    })));
    let mut variables: Map<String, Value> = facts
        .into_iter()
        .map(|(name, value)| (format!("mrp_{name}"), data(value)))
        .collect();
    if let Some(address) = address {
        variables.insert("ansible_host".into(), json!(address));
    }
    variables
}

fn fields(object: Value) -> Map<String, Value> {
    match object {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// Says so where a host is not called as its machine.
fn renamed(machine: &Machine, host: &str) -> Option<String> {
    (machine.name != host).then(|| format!("machine '{}' is listed as {host}", machine.name))
}
