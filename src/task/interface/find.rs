//! Finding the interface that a user names. Identifiers may be missing, empty, or occur twice within a machine.

use crate::client::{Interface, Machine};
use crate::task::interface::{InterfaceRef, InterfaceSpec};
use crate::task::machine::machine_title;
use crate::task::{Result, TaskError, lookup};

impl InterfaceSpec {
    pub(super) fn find<'a>(
        &self,
        machine: &Machine,
        interfaces: &'a [Interface],
    ) -> Result<&'a Interface> {
        match &self.interface {
            InterfaceRef::Name(name) => {
                find_by_name(machine, interfaces, name, self.identifier.as_deref())
            }
            InterfaceRef::Id(id) => interfaces
                .iter()
                .find(|interface| interface.id == *id)
                .ok_or_else(|| not_found(machine, &format!("with id {id}"), Vec::new())),
        }
    }
}

/// The interface with that identifier or MAC. One that an earlier run has renamed is found under its new identifier.
pub(in crate::task) fn find_by_name<'a>(
    machine: &Machine,
    interfaces: &'a [Interface],
    name: &str,
    new_identifier: Option<&str>,
) -> Result<&'a Interface> {
    let mut matching = all_with_name(interfaces, name);
    if matching.is_empty()
        && parse_mac(name).is_none()
        && let Some(new) = new_identifier.filter(|new| !new.is_empty())
    {
        matching = all_with_name(interfaces, new);
    }
    match matching.as_slice() {
        [only] => Ok(only),
        [] => Err(name_not_found(machine, interfaces, name)),
        several => Err(TaskError::Ambiguous {
            what: "interface".into(),
            name: format!("'{name}' of {}", machine_title(machine)),
            candidates: several
                .iter()
                .map(|interface| {
                    let mac = interface.mac.as_deref().unwrap_or("no MAC");
                    format!("id {} with {mac}", interface.id)
                })
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
    let near = lookup::similar_names(name, names);
    // YAML 1.1 reads `52:54:00:00:01:02` as a number in base 60, which has 9 to 11 digits.
    let is_base_60 =
        (9..=11).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_digit());
    let mut ids = interfaces.iter().map(|interface| interface.id.to_string());
    let explanation = if is_base_60 {
        " (in YAML a MAC of digits alone is a number unless it is in quotes)"
    } else if ids.any(|id| id == name) {
        " (that is the id of one, not its identifier or MAC)"
    } else {
        ""
    };
    not_found(machine, &format!("'{name}'{explanation}"), near)
}

fn not_found(machine: &Machine, which: &str, near: Vec<String>) -> TaskError {
    TaskError::NotFound {
        what: "interface".into(),
        name: format!("{which} of {}", machine_title(machine)),
        near,
    }
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
