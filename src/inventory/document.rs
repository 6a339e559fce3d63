//! The inventory as the JSON object that Ansible reads.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::inventory::config::InventoryConfig;
use crate::inventory::host_address::host_address;
use crate::inventory::names::{ALL, ALWAYS, ARCH, HOLDER, SUBARCH, group_name, host_name};
use crate::inventory::snapshot::LabSnapshot;
use crate::inventory::unsafe_text::mark_unsafe;
use crate::task::list::MachineInfo;
use crate::task::network;

const WARNINGS: &str = "mrp_warnings";
const STALE: &str = "mrp_stale";

/// The inventory of a lab.
pub(super) fn inventory(lab: &LabSnapshot, config: &InventoryConfig) -> Value {
    let groups = ALWAYS.map(|group| (group.to_owned(), Vec::new()));
    let mut groups: BTreeMap<String, Vec<String>> = groups.into();
    let mut hosts = Map::new();
    let mut warnings = Vec::new();
    let by_hostname = config.options.host_name == "hostname";
    for info in &lab.machines {
        let machine = &info.machine;
        let host = host_name(machine, by_hostname);
        for group in group_names(info, lab) {
            groups.entry(group).or_default().push(host.clone());
        }
        if machine.name != host {
            warnings.push(format!("machine '{}' is listed as {host}", machine.name));
        }
        let variables = variables(info, lab, config, &mut warnings);
        hosts.insert(host, variables.into());
    }
    let mut inventory = json!({ "_meta": { "hostvars": hosts } });
    for (group, hosts) in groups {
        inventory[group] = json!({ "hosts": hosts });
    }
    inventory[ALL]["vars"] = json!({ STALE: false, WARNINGS: [] });
    for warning in &warnings {
        add_warning(&mut inventory, warning);
    }
    inventory
}

/// Adds a warning where a playbook can read it.
pub(super) fn add_warning(inventory: &mut Value, sentence: &str) {
    if let Value::Array(warnings) = &mut inventory[ALL]["vars"][WARNINGS] {
        warnings.push(mark_unsafe(sentence.into()));
    }
}

/// Says to playbooks that the inventory is a copy, and the lab may have changed since.
pub(super) fn mark_stale(inventory: &mut Value) {
    inventory[ALL]["vars"][STALE] = true.into();
}

fn group_names(info: &MachineInfo, lab: &LabSnapshot) -> BTreeSet<String> {
    let machine = &info.machine;
    let netboot = match machine.netboot_enabled {
        Some(true) => "netboot_on",
        _ => "netboot_off",
    };
    let assigned = match lab.free.contains(&machine.id) {
        true => "free",
        false => "assigned",
    };
    let mine = lab.mine.contains(&machine.id).then_some("mine");
    let groups = [ALL, netboot, assigned].into_iter().chain(mine);
    let mut groups: BTreeSet<String> = groups.map(str::to_owned).collect();
    groups.extend(machine.arch.iter().map(|arch| group_name(ARCH, arch)));
    groups.extend(
        machine
            .subarch
            .iter()
            .map(|subarch| group_name(SUBARCH, subarch)),
    );
    for assignee in info.assignees.iter().flatten() {
        groups.extend(assignee.user.iter().map(|user| group_name(HOLDER, user)));
    }
    groups
}

/// Everything that is known of a machine, under `mrp_`, and `ansible_host` where the address is certain.
fn variables(
    info: &MachineInfo,
    lab: &LabSnapshot,
    config: &InventoryConfig,
    warnings: &mut Vec<String>,
) -> Map<String, Value> {
    let machine = &info.machine;
    let interfaces = info.interfaces.clone().unwrap_or_default();
    let (network, ambiguity) =
        network::facts(machine.clone(), interfaces, &config.options.interface);
    warnings.extend(ambiguity);
    let address = host_address(&network, &lab.machines).unwrap_or_else(|warning| {
        warnings.push(warning);
        None
    });
    let own = json!({
        "ipv4": address,
        "mac": network.mac,
        "netmask": network.netmask,
        "mine": lab.mine.contains(&machine.id),
        "assigned": !lab.free.contains(&machine.id),
    });
    let mut variables = Map::new();
    for fields in [json!(info), own] {
        for (name, value) in fields.as_object().into_iter().flatten() {
            variables.insert(format!("mrp_{name}"), mark_unsafe(value.clone()));
        }
    }
    if let Some(address) = address {
        variables.insert("ansible_host".into(), json!(address));
    }
    variables
}
