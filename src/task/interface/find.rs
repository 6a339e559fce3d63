//! Finding the interface that a user names. Identifiers may be missing, empty, or occur twice within a machine.

use crate::client::{Interface, Machine};
use crate::task::interface::{InterfaceRef, InterfaceSpec};
use crate::task::machine::machine_title;
use crate::task::{TaskError, lookup};

const WHAT: &str = "interface";

impl InterfaceSpec {
    /// The interface that is named. One that an earlier run has renamed is found under its new identifier.
    pub(super) fn find<'a>(
        &self,
        machine: &Machine,
        interfaces: &'a [Interface],
    ) -> Result<&'a Interface, TaskError> {
        let name = match &self.interface {
            InterfaceRef::Name(name) => name,
            InterfaceRef::Id(id) => {
                return interfaces
                    .iter()
                    .find(|interface| interface.id == *id)
                    .ok_or_else(|| {
                        interface_not_found(machine, &format!("with id {id}"), Vec::new())
                    });
            }
        };
        let mut matching = all_with_name(interfaces, name);
        if matching.is_empty()
            && parse_mac(name).is_none()
            && let Some(new) = self.identifier.as_deref()
            && !new.is_empty()
        {
            matching = all_with_name(interfaces, new);
        }
        require_one(machine, interfaces, &matching, name)
    }
}

/// The interface with that identifier or MAC.
pub(in crate::task) fn find_by_name<'a>(
    machine: &Machine,
    interfaces: &'a [Interface],
    name: &str,
) -> Result<&'a Interface, TaskError> {
    let matching = all_with_name(interfaces, name);
    require_one(machine, interfaces, &matching, name)
}

fn require_one<'a>(
    machine: &Machine,
    interfaces: &[Interface],
    matching: &[&'a Interface],
    name: &str,
) -> Result<&'a Interface, TaskError> {
    match matching {
        [only] => Ok(only),
        [] => Err(name_not_found(machine, interfaces, name)),
        several => Err(TaskError::Ambiguous {
            what: WHAT.into(),
            name: format!("'{name}' of {}", machine_title(machine)),
            candidates: several
                .iter()
                .map(|interface| id_and_mac(interface))
                .collect(),
        }),
    }
}

fn all_with_name<'a>(interfaces: &'a [Interface], name: &str) -> Vec<&'a Interface> {
    let mac = parse_mac(name);
    interfaces
        .iter()
        .filter(|interface| {
            interface.identifier.as_deref() == Some(name) || (mac.is_some() && interface.mac == mac)
        })
        .collect()
}

/// A MAC as the server writes it, whatever its case and separators.
fn parse_mac(text: &str) -> Option<String> {
    let digits: Vec<char> = text
        .chars()
        .filter(|character| !":-. ".contains(*character))
        .map(|digit| digit.to_ascii_lowercase())
        .collect();
    let is_mac = digits.len() == 12 && digits.iter().all(char::is_ascii_hexdigit);
    is_mac.then(|| {
        digits
            .chunks(2)
            .map(String::from_iter)
            .collect::<Vec<_>>()
            .join(":")
    })
}

fn name_not_found(machine: &Machine, interfaces: &[Interface], name: &str) -> TaskError {
    let names = interfaces
        .iter()
        .flat_map(|interface| [interface.identifier.as_deref(), interface.mac.as_deref()])
        .flatten();
    let quoted = format!("'{name}'");
    let which = if is_base_60(name) {
        format!("{quoted} (in YAML a MAC of digits alone is a number unless it is in quotes)")
    } else if is_id(interfaces, name) {
        format!("{quoted} (that is the id of one, not its identifier or MAC)")
    } else {
        quoted
    };
    interface_not_found(machine, &which, lookup::similar_names(name, names))
}

fn interface_not_found(machine: &Machine, which: &str, near: Vec<String>) -> TaskError {
    TaskError::NotFound {
        what: WHAT.into(),
        name: format!("{which} of {}", machine_title(machine)),
        near,
    }
}

/// YAML 1.1 reads `52:54:00:00:01:02` as a number in base 60, which has these many digits.
fn is_base_60(name: &str) -> bool {
    (9..=11).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_id(interfaces: &[Interface], name: &str) -> bool {
    let mut ids = interfaces.iter().map(|interface| interface.id.to_string());
    ids.any(|id| id == name)
}

fn id_and_mac(interface: &Interface) -> String {
    let mac = interface.mac.as_deref().unwrap_or("no MAC");
    format!("id {} with {mac}", interface.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mac_is_parsed_in_any_notation() {
        for text in [
            "52:54:00:AB:01:02",
            "52-54-00-ab-01-02",
            "5254.00ab.0102",
            "525400AB0102",
        ] {
            assert_eq!(
                parse_mac(text).as_deref(),
                Some("52:54:00:ab:01:02"),
                "{text}"
            );
        }
        for text in [
            "",
            "eth0",
            "52:54:00:ab:01",
            "52:54:00:ab:01:0g",
            "52:54:00:ab:01:02:03",
        ] {
            assert_eq!(parse_mac(text), None, "{text}");
        }
    }
}
