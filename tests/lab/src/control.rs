//! The control path `/_lab/`: not part of the API, without a token, not affected by faults and not logged.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::console;
use crate::generated_machines;
use crate::lab_state::{LabState, Shared};
use crate::new_machine;
use crate::reply::Reply;

pub(crate) const PREFIX: &str = "/_lab/";

pub(crate) fn answer(shared: &Arc<Shared>, method: &str, path: &str, body: &[u8]) -> Reply {
    let mut lab = shared.lock();
    match run(&mut lab, method, path, body) {
        Ok(value) => Reply::json(200, &value),
        Err((status, sentence)) => Reply::json(status, &json!({"error": sentence})),
    }
}

type ControlError = (u16, String);

fn run(lab: &mut LabState, method: &str, path: &str, body: &[u8]) -> Result<Value, ControlError> {
    let refused = |sentence| (400, sentence);
    match (method, path) {
        ("POST", "reset") => lab
            .reset()
            .map_err(|error| (500, format!("the lab could not be reseeded: {error}.")))?,
        ("POST", "restart") => lab.restart(),
        ("GET", "requests") => return Ok(json!(lab.log.requests)),
        ("GET", "boots") => return Ok(json!(lab.boots)),
        ("POST", "faults") => lab.faults.add(&read(body)?).map_err(refused)?,
        ("DELETE", "faults") => lab.faults = Default::default(),
        ("GET", "settings") => return Ok(lab.settings.show()),
        ("POST", "settings") => {
            lab.change_settings(&read(body)?).map_err(refused)?;
            return Ok(lab.settings.show());
        }
        ("POST", "console") => return console::control(lab, &read(body)?).map_err(refused),
        ("POST", "machines") => {
            return new_machine::add_machine(lab, &read(body)?)
                .map(|id| json!({"id": id}))
                .map_err(refused);
        }
        ("POST", "machines/generated") => {
            let count = read(body)?["count"].as_u64();
            let count =
                count.ok_or_else(|| refused("count must be a number of machines.".into()))?;
            generated_machines::add(&mut lab.db, usize::try_from(count).unwrap_or(usize::MAX))
                .map_err(refused)?;
        }
        _ => return Err((404, format!("there is no {method} {PREFIX}{path}."))),
    }
    Ok(json!({}))
}

fn read(body: &[u8]) -> Result<Value, ControlError> {
    serde_json::from_slice(body).map_err(|error| (400, format!("the body is no JSON: {error}.")))
}
