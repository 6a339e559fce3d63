//! Texts of the server, marked so that Ansible does not evaluate them.
//!
//! Ansible evaluates templates in the variables of an inventory, and expressions where a playbook says `when:
//! "{{ variable }}"`. It does neither with a text that is marked as unsafe.

use std::net::Ipv4Addr;

use serde_json::{Value, json};

/// Ansible's mark, which every release from 2.15 on understands in the output of an inventory.
const MARK: &str = "__ansible_unsafe";

/// The value with its texts marked, except addresses, networks and MACs. A text without braces is marked too: in an
/// expression, Ansible takes a single word as the name of a variable.
pub(super) fn mark_unsafe(value: Value) -> Value {
    match value {
        Value::String(text) if !is_address(&text) => json!({ MARK: text }),
        Value::Array(items) => items.into_iter().map(mark_unsafe).collect(),
        Value::Object(fields) => {
            let fields = fields.into_iter();
            fields
                .map(|(key, field)| (key, mark_unsafe(field)))
                .collect()
        }
        other => other,
    }
}

/// Whether a text is an IPv4 address, a network or a MAC.
fn is_address(text: &str) -> bool {
    let (address, prefix) = text.split_once('/').unwrap_or((text, "0"));
    let is_prefix = !prefix.is_empty() && prefix.bytes().all(|byte| byte.is_ascii_digit());
    is_prefix && address.parse::<Ipv4Addr>().is_ok() || is_mac(text)
}

fn is_mac(text: &str) -> bool {
    let is_byte =
        |part: &str| part.len() == 2 && part.bytes().all(|digit| digit.is_ascii_hexdigit());
    text.split(':').count() == 6 && text.split(':').all(is_byte)
}
