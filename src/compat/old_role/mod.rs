//! The modules of the old Ansible role, under their old names. Each hands its options to its successor, tells the outcome
//! under the role's keys, and announces the successor with every result.

pub(crate) mod get_ip;
pub(crate) mod image;
pub(crate) mod machine_provision;
pub(crate) mod preseed;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::ansible::{Call, Failure, Module};
use crate::modules::run;

/// The call that asks its successor for the same, with these options.
fn hand_over(
    call: &Call,
    options: &Map<String, Value>,
    successor: &Module,
) -> Result<Call, Failure> {
    let mut handed_over = Call::new(successor.spec, options)?;
    handed_over.check_mode = call.check_mode;
    Ok(handed_over)
}

/// An object under the role's key for it, with the fields that the server itself tells.
fn json(object: &impl Serialize) -> Map<String, Value> {
    let mut fields = run::fields_of(object);
    fields.retain(|name, _| !matches!(name.as_str(), "sha256" | "size"));
    Map::from_iter([("json".to_owned(), fields.into())])
}
