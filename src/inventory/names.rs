//! Names of hosts and groups that Ansible takes as names and as nothing else.

use std::collections::{BTreeMap, BTreeSet};

use crate::api::Machine;
use crate::order::sorted;
use crate::task::info::MachineInfo;

/// Hosts that Ansible knows before any inventory is read, and groups that it always has.
const ANSIBLES_OWN: [&str; 4] = ["localhost", "127.0.0.1", "all", "ungrouped"];

/// The group of a kind and a name of the server, such as `arch_arm64`.
pub(super) fn group(kind: &str, name: &str) -> String {
    format!("{kind}_{}", replaced(name, "_", '_'))
}

/// The hosts' names in the order of the machines, unique, and none of `groups`. A machine whose name needs no change
/// keeps it before one whose name does; of several with the same changed name the oldest keeps it, and the others get
/// their id behind it.
pub(super) fn hosts(
    machines: &[MachineInfo],
    by_hostname: bool,
    groups: &BTreeMap<String, Vec<String>>,
) -> Vec<String> {
    let mut names: Vec<String> = machines
        .iter()
        .map(|info| host(&info.machine, by_hostname))
        .collect();
    let turns = sorted((0..names.len()).collect(), |&turn| {
        let machine = &machines[turn].machine;
        let rank = if names[turn] == machine.name {
            "as it is"
        } else {
            "changed"
        };
        (rank.to_owned(), machine.id.0)
    });
    let mut taken = BTreeSet::from(ANSIBLES_OWN.map(str::to_owned));
    taken.extend(groups.keys().cloned());
    for turn in turns {
        while !taken.insert(names[turn].clone()) {
            names[turn].push_str(&format!("-{}", machines[turn].machine.id));
        }
    }
    names
}

/// A name that means the same in a pattern, a path and a command line as in the inventory.
fn host(machine: &Machine, by_hostname: bool) -> String {
    let hostname = machine.hostname.as_deref().filter(|_| by_hostname);
    let name = replaced(hostname.unwrap_or(&machine.name), "-_.", '-');
    match name.trim_start_matches(['-', '.']) {
        "" => "machine".to_owned(),
        name => name.to_owned(),
    }
}

fn replaced(name: &str, kept: &str, by: char) -> String {
    name.chars()
        .map(|character| {
            if character.is_ascii_alphanumeric() || kept.contains(character) {
                character
            } else {
                by
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn named(machines: &[(u64, &str)], by_hostname: bool) -> Vec<String> {
        let machines: Vec<MachineInfo> = machines
            .iter()
            .map(|(id, name)| MachineInfo {
                machine: serde_json::from_value(
                    json!({ "id": id, "name": name, "hostname": replaced(name, "", '-') }),
                )
                .unwrap(),
                state: None,
                interfaces: None,
                assignees: None,
                power: None,
            })
            .collect();
        let groups = BTreeMap::from([("mine".to_owned(), Vec::new())]);
        hosts(&machines, by_hostname, &groups)
    }

    #[test]
    fn a_plain_name_is_the_hosts_name() {
        assert_eq!(
            named(&[(1, "qdc01.lab"), (2, "x_1")], false),
            ["qdc01.lab", "x_1"]
        );
        assert_eq!(named(&[(1, "qdc01.lab")], true), ["qdc01-lab"]);
    }

    #[test]
    fn other_characters_become_dashes() {
        let names = [
            (1, "rack 7/\"q\""),
            (2, "{{ x }}"),
            (3, "../../etc/x"),
            (4, "-oProxyCommand=x"),
            (5, "ü"),
            (6, "a:&b,!c[0:9]*"),
        ];
        assert_eq!(
            named(&names, false),
            [
                "rack-7--q-",
                "x---",
                "etc-x",
                "oProxyCommand-x",
                "machine",
                "a--b--c-0-9--"
            ]
        );
    }

    #[test]
    fn names_stay_unique_and_the_older_machine_keeps_its_own() {
        assert_eq!(
            named(&[(9, "a b"), (2, "a/b"), (7, "a-b"), (5, "a-b-2")], false),
            ["a-b-9", "a-b-2-2", "a-b", "a-b-2"]
        );
        assert_eq!(named(&[(1, "a b"), (2, "a.b")], true), ["a-b", "a-b-2"]);
    }

    #[test]
    fn no_machine_takes_the_place_of_localhost_or_of_a_group() {
        assert_eq!(
            named(
                &[(1, "localhost"), (2, "all"), (3, "mine"), (4, "127.0.0.1")],
                false
            ),
            ["localhost-1", "all-2", "mine-3", "127.0.0.1-4"]
        );
    }

    #[test]
    fn groups_are_identifiers() {
        assert_eq!(group("arch", "arm64"), "arch_arm64");
        assert_eq!(
            group("subarch", "efi-grub {{ x }}"),
            "subarch_efi_grub____x___"
        );
        assert_eq!(group("holder", "o'neil@lab"), "holder_o_neil_lab");
    }
}
