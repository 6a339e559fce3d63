//! The modules of the old Ansible role, under their old names. Each gives its options to its successor, returns the result
//! under the role's keys, and announces the successor with every result.

pub(crate) mod get_ip;
pub(crate) mod image;
pub(crate) mod machine_provision;
pub(crate) mod preseed;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::ansible::{Call, Failure, Module};
use crate::modules::result::serialize_fields;

/// The call of the successor, with these options.
fn successor_call(
    call: &Call,
    options: &Map<String, Value>,
    successor: &Module,
) -> Result<Call, Failure> {
    Ok(Call {
        check_mode: call.check_mode,
        yaml_texts: call.yaml_texts.clone(),
        ..Call::new(successor.spec, options)?
    })
}

/// The role has no option that a hint could name; the successor has it.
fn with_successors_hint(failure: Failure, successor: &str) -> Failure {
    match failure.hint {
        Some(hint) if failure.hint_names_option => Failure {
            hint: Some(format!("{hint} {successor} has that option.")),
            ..failure
        },
        hint => Failure { hint, ..failure },
    }
}

/// An object under the role's key for it, with the fields that the server itself has.
fn json_field(object: &impl Serialize) -> Map<String, Value> {
    let mut fields = serialize_fields(object);
    fields.retain(|name, _| !matches!(name.as_str(), "sha256" | "size"));
    Map::from_iter([("json".to_owned(), fields.into())])
}
