//! Names of hosts and groups that Ansible takes as names and as nothing else.
//!
//! A host's name depends on its machine alone, never on which others are listed: who limits a playbook to a host means the
//! same machine tomorrow, and with another query.

use crate::client::Machine;

/// The group of all machines, which carries what is said about the inventory as a whole.
pub(super) const ALL: &str = "mrp";
/// Groups that are there even when nobody is in them, so that no playbook names one in vain.
pub(super) const ALWAYS: [&str; 6] = [ALL, "mine", "assigned", "free", "netboot_on", "netboot_off"];
/// Groups that Ansible always has.
const ANSIBLES_OWN: [&str; 2] = ["all", "ungrouped"];

/// What groups of a name of the server are named after.
pub(super) enum Kind {
    Arch,
    Subarch,
    Holder,
}

impl Kind {
    const PREFIXES: [&str; 3] = [
        Kind::Arch.prefix(),
        Kind::Subarch.prefix(),
        Kind::Holder.prefix(),
    ];

    const fn prefix(&self) -> &'static str {
        match self {
            Kind::Arch => "arch_",
            Kind::Subarch => "subarch_",
            Kind::Holder => "holder_",
        }
    }

    /// The group of this kind and a name, such as `arch_arm64`.
    pub(super) fn group(&self, name: &str) -> String {
        self.prefix().to_owned() + &replaced(name, "_", '_')
    }
}

/// A name that means the same in a pattern, a path and a command line as in the inventory, and that no other machine of
/// the server has: the machine's own where that will do, and otherwise one with its id behind it.
pub(super) fn host(machine: &Machine, by_hostname: bool) -> String {
    let hostname = machine.hostname.as_deref().filter(|_| by_hostname);
    let name = replaced(hostname.unwrap_or(&machine.name), "-_.", '-');
    let name = match name.trim_start_matches(['-', '.']) {
        "" => "machine",
        name => name,
    };
    if name == machine.name && !is_group(name) && !is_an_address(name) && !has_an_id(name) {
        name.to_owned()
    } else {
        format!("{name}--{}", machine.id)
    }
}

fn is_group(name: &str) -> bool {
    let has = |prefix: &&str| name.starts_with(prefix);
    ALWAYS.contains(&name) || ANSIBLES_OWN.contains(&name) || Kind::PREFIXES.iter().any(has)
}

/// Whether a name leads to a place that nobody asks a name server for: to whoever runs Ansible, or to an address, of which
/// a resolver takes `1`, `127.1` and `0x7f.1` for one as well.
fn is_an_address(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let is_number = |label: &str| match label.strip_prefix("0x") {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => label.bytes().all(|byte| byte.is_ascii_digit()),
    };
    lower.contains("localhost") || lower.contains("loopback") || lower.split('.').all(is_number)
}

/// Whether a name looks like one that was changed.
fn has_an_id(name: &str) -> bool {
    let rest = name.trim_end_matches(|character: char| character.is_ascii_digit());
    rest.len() < name.len() && rest.ends_with("--")
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

    fn named(id: u64, name: &str, by_hostname: bool) -> String {
        let machine = json!({ "id": id, "name": name, "hostname": replaced(name, "", '-') });
        host(&serde_json::from_value(machine).unwrap(), by_hostname)
    }

    #[test]
    fn a_plain_name_is_the_hosts_name() {
        for name in ["qdc01.lab", "x_1", "rack-1", "rack-1-10", "d05--a", "_meta"] {
            assert_eq!(named(7, name, false), name);
        }
        assert_eq!(named(1, "qdc01", true), "qdc01");
    }

    #[test]
    fn a_changed_name_has_its_id_whatever_else_is_listed() {
        for (name, host) in [
            ("rack 7/\"q\"", "rack-7--q---5"),
            ("{{ x }}", "x-----5"),
            ("../../etc/x", "etc-x--5"),
            ("-oProxyCommand=x", "oProxyCommand-x--5"),
            ("ü", "machine--5"),
            ("", "machine--5"),
            ("a:&b,!c[0:9]*", "a--b--c-0-9----5"),
        ] {
            assert_eq!(named(5, name, false), host);
        }
        assert_eq!(named(1, "qdc01.lab", true), "qdc01-lab--1");
    }

    #[test]
    fn no_name_can_be_taken_for_a_changed_one() {
        assert_eq!(named(9, "a b", false), "a-b--9");
        assert_eq!(named(2, "a-b--9", false), "a-b--9--2");
    }

    #[test]
    fn no_machine_takes_the_place_of_a_group_even_of_one_that_is_not_there() {
        for name in [
            "all",
            "ungrouped",
            "mine",
            "mrp",
            "arch_riscv",
            "holder_bob",
        ] {
            assert_eq!(named(3, name, false), format!("{name}--3"));
        }
    }

    #[test]
    fn no_machine_is_called_like_whoever_runs_ansible_or_like_an_address() {
        for name in [
            "localhost",
            "LOCALHOST",
            "localhost.",
            "localhost.localdomain",
            "localhost6.localdomain6",
            "x.localhost",
            "ip6-loopback",
            "127.0.0.1",
            "10.40.5.12",
            "127.1",
            "0",
            "2130706433",
            "0x7f.1",
        ] {
            assert_eq!(named(4, name, false), format!("{name}--4"));
        }
        assert_eq!(named(4, "::1", false), "1--4");
    }

    #[test]
    fn groups_are_identifiers() {
        assert_eq!(Kind::Arch.group("arm64"), "arch_arm64");
        assert_eq!(
            Kind::Subarch.group("efi-grub {{ x }}"),
            "subarch_efi_grub____x___"
        );
        assert_eq!(Kind::Holder.group("o'neil@lab"), "holder_o_neil_lab");
    }
}
