//! Names of hosts and groups, without characters that mean something to Ansible.
//!
//! A host's name depends on its machine alone, never on which others are listed: a playbook that is limited to a host
//! means the same machine tomorrow, and with another query.

use crate::client::Machine;

/// The group of all machines, which has the variables of the inventory as a whole.
pub(super) const ALL: &str = "mrp";
/// Groups that exist even without a host, so that a playbook can always name them.
pub(super) const ALWAYS: [&str; 6] = [ALL, "mine", "assigned", "free", "netboot_on", "netboot_off"];
/// Groups that Ansible itself defines.
const BUILT_IN: [&str; 2] = ["all", "ungrouped"];

/// What a group is named after.
#[derive(Clone, Copy)]
pub(super) enum GroupKind {
    Arch,
    Subarch,
    Holder,
}

impl GroupKind {
    const ALL: [GroupKind; 3] = [GroupKind::Arch, GroupKind::Subarch, GroupKind::Holder];

    fn prefix(self) -> &'static str {
        match self {
            GroupKind::Arch => "arch_",
            GroupKind::Subarch => "subarch_",
            GroupKind::Holder => "holder_",
        }
    }

    /// The group of this kind with a name, such as `arch_arm64`.
    pub(super) fn group(self, name: &str) -> String {
        self.prefix().to_owned() + &replace_characters(name, "_", '_')
    }
}

/// The machine's own name where that is safe, and otherwise a changed one with the machine's id behind it, which no other
/// machine has.
pub(super) fn host_name(machine: &Machine, by_hostname: bool) -> String {
    let hostname = machine.hostname.as_deref().filter(|_| by_hostname);
    let name = replace_characters(hostname.unwrap_or(&machine.name), "-_.", '-');
    let name = match name.trim_start_matches(['-', '.']) {
        "" => "machine",
        name => name,
    };
    if name == machine.name && !is_group(name) && !is_address(name) && !ends_with_id(name) {
        name.to_owned()
    } else {
        format!("{name}--{}", machine.id)
    }
}

fn is_group(name: &str) -> bool {
    let has_prefix = |kind: GroupKind| name.starts_with(kind.prefix());
    ALWAYS.contains(&name) || BUILT_IN.contains(&name) || GroupKind::ALL.into_iter().any(has_prefix)
}

/// Whether a resolver takes the name for an address without asking a name server, or for the machine that runs Ansible.
/// `1`, `127.1` and `0x7f.1` are addresses as well.
fn is_address(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let is_number = |label: &str| match label.strip_prefix("0x") {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => label.bytes().all(|byte| byte.is_ascii_digit()),
    };
    lower.contains("localhost") || lower.contains("loopback") || lower.split('.').all(is_number)
}

/// Whether a name ends like a changed one.
fn ends_with_id(name: &str) -> bool {
    let rest = name.trim_end_matches(|character: char| character.is_ascii_digit());
    rest.len() < name.len() && rest.ends_with("--")
}

/// The name with everything but ASCII letters, digits and the `kept` characters replaced.
fn replace_characters(name: &str, kept: &str, replacement: char) -> String {
    let is_kept = |character: char| character.is_ascii_alphanumeric() || kept.contains(character);
    name.replace(|character| !is_kept(character), &replacement.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn host(id: u64, name: &str, by_hostname: bool) -> String {
        let machine = json!({
            "id": id, "name": name, "hostname": replace_characters(name, "", '-'), "arch": null, "subarch": null,
            "kernel_id": null, "kernel_opts": null, "initrd_id": null, "preseed_id": null, "netboot_enabled": null,
        });
        host_name(&serde_json::from_value(machine).unwrap(), by_hostname)
    }

    #[test]
    fn safe_name_is_unchanged() {
        for name in ["qdc01.lab", "x_1", "rack-1", "rack-1-10", "d05--a", "_meta"] {
            assert_eq!(host(7, name, false), name);
        }
        assert_eq!(host(1, "qdc01", true), "qdc01");
    }

    #[test]
    fn changed_name_ends_with_the_id() {
        for (name, expected) in [
            ("rack 7/\"q\"", "rack-7--q---5"),
            ("{{ x }}", "x-----5"),
            ("../../etc/x", "etc-x--5"),
            ("-oProxyCommand=x", "oProxyCommand-x--5"),
            ("ü", "machine--5"),
            ("", "machine--5"),
            ("a:&b,!c[0:9]*", "a--b--c-0-9----5"),
        ] {
            assert_eq!(host(5, name, false), expected);
        }
        assert_eq!(host(1, "qdc01.lab", true), "qdc01-lab--1");
    }

    #[test]
    fn name_that_looks_changed_is_changed() {
        assert_eq!(host(9, "a b", false), "a-b--9");
        assert_eq!(host(2, "a-b--9", false), "a-b--9--2");
    }

    #[test]
    fn name_of_a_possible_group_is_changed() {
        for name in [
            "all",
            "ungrouped",
            "mine",
            "mrp",
            "arch_riscv",
            "holder_bob",
        ] {
            assert_eq!(host(3, name, false), format!("{name}--3"));
        }
    }

    #[test]
    fn name_of_localhost_or_an_address_is_changed() {
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
            assert_eq!(host(4, name, false), format!("{name}--4"));
        }
        assert_eq!(host(4, "::1", false), "1--4");
    }

    #[test]
    fn group_names_are_identifiers() {
        assert_eq!(GroupKind::Arch.group("arm64"), "arch_arm64");
        assert_eq!(
            GroupKind::Subarch.group("efi-grub {{ x }}"),
            "subarch_efi_grub____x___"
        );
        assert_eq!(GroupKind::Holder.group("o'neil@lab"), "holder_o_neil_lab");
    }
}
