//! What the server says, as Ansible has to be handed it: data, never a template.
//!
//! Ansible evaluates templates in the variables of an inventory, and expressions where a playbook says `when:
//! "{{ variable }}"`. It does neither with a text that is marked as unsafe.

use serde_json::{Value, json};

/// Ansible's mark, which every release from 2.15 on understands in the output of an inventory.
const MARK: &str = "__ansible_unsafe";

/// The same value with every text marked that could be more than a text.
pub(super) fn data(value: Value) -> Value {
    match value {
        Value::String(text) if !is_plain(&text) => json!({ MARK: text }),
        Value::Array(items) => items.into_iter().map(data).collect(),
        Value::Object(fields) => {
            let marked = fields.into_iter().map(|(key, field)| (key, data(field)));
            Value::Object(marked.collect())
        }
        plain => plain,
    }
}

/// Whether a text has only characters of which neither a template nor a call can be made: names, addresses, dates.
fn is_plain(text: &str) -> bool {
    text.chars()
        .all(|character| character.is_ascii_alphanumeric() || " -_.,:/=@+".contains(character))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_be_evaluated_is_marked_wherever_it_stands() {
        let said = json!({ "a": ["{{ x }}", "10.0.0.1/8"], "b": { "c": "f('x') or y" }, "n": 1, "z": null });
        assert_eq!(
            data(said),
            json!({
                "a": [{ "__ansible_unsafe": "{{ x }}" }, "10.0.0.1/8"],
                "b": { "c": { "__ansible_unsafe": "f('x') or y" } },
                "n": 1,
                "z": null
            })
        );
    }

    #[test]
    fn every_delimiter_counts_as_one_even_half() {
        for text in [
            "{", "}", "%", "#", "{%", "(", "[", "|", "\"", "'", "~", "\\", "\n", "ä",
        ] {
            assert!(!is_plain(text), "{text}");
        }
        for text in [
            "",
            "console=ttyS0,115200",
            "52:54:00:00:01:01",
            "Tue, 05 Mar 2019 10:20:30 GMT",
        ] {
            assert!(is_plain(text), "{text}");
        }
    }
}
