//! Names of hosts and groups, without characters that mean something to Ansible.
//!
//! A host's name depends on its machine alone, never on which others are listed: a playbook that is limited to a host
//! means the same machine tomorrow, and with another query.

use crate::client::{Machine, MachineId};

/// The group of all machines, which has the variables of the inventory as a whole.
pub(super) const ALL: &str = "mrp";
/// Groups that exist even without a host, so that a playbook can always name them.
pub(super) const ALWAYS: [&str; 6] = [ALL, "mine", "assigned", "free", "netboot_on", "netboot_off"];
/// Groups that Ansible itself defines.
const BUILT_IN: [&str; 2] = ["all", "ungrouped"];

/// The prefixes of groups that are named after what the server has.
pub(super) const ARCH: &str = "arch_";
pub(super) const SUBARCH: &str = "subarch_";
pub(super) const HOLDER: &str = "holder_";

/// The name of such a group: `arch_arm64`.
pub(super) fn group_name(prefix: &str, name: &str) -> String {
    prefix.to_owned() + &replace_characters(name, "_", '_')
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
    let mut prefixes = [ARCH, SUBARCH, HOLDER].iter();
    ALWAYS.contains(&name)
        || BUILT_IN.contains(&name)
        || prefixes.any(|prefix| name.starts_with(prefix))
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

/// The id at the end of a name that was changed; None for one that is the machine's own.
pub(super) fn id_in(host: &str) -> Option<MachineId> {
    let (_, id) = host.rsplit_once("--").filter(|_| ends_with_id(host))?;
    id.parse().ok().map(MachineId)
}

/// The name with everything but ASCII letters, digits and the `kept` characters replaced.
fn replace_characters(name: &str, kept: &str, replacement: char) -> String {
    let is_kept = |character: char| character.is_ascii_alphanumeric() || kept.contains(character);
    name.replace(|character| !is_kept(character), &replacement.to_string())
}
