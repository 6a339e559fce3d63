//! The control path `/_lab/`: not part of the API, without a token, not affected by faults and not logged.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::crowd;
use crate::reply::Reply;
use crate::wiring;
use crate::world::{Shared, World};

pub(crate) const PREFIX: &str = "/_lab/";

pub(crate) fn answer(shared: &Arc<Shared>, method: &str, path: &str, body: &[u8]) -> Reply {
    let mut world = shared.world();
    match run(&mut world, method, path, body) {
        Ok(value) => Reply::json(200, &value),
        Err((status, sentence)) => Reply::json(status, &json!({"error": sentence})),
    }
}

type Failure = (u16, String);

fn run(world: &mut World, method: &str, path: &str, body: &[u8]) -> Result<Value, Failure> {
    let refused = |sentence| (400, sentence);
    match (method, path) {
        ("POST", "reset") => world
            .reset()
            .map_err(|error| (500, format!("the lab could not be reseeded: {error}.")))?,
        ("GET", "requests") => return Ok(json!(world.log.requests)),
        ("GET", "boots") => return Ok(json!(world.boots)),
        ("POST", "faults") => world.faults.add(&read(body)?).map_err(refused)?,
        ("DELETE", "faults") => world.faults = Default::default(),
        ("GET", "settings") => return Ok(world.settings.show()),
        ("POST", "settings") => {
            world.settings.merge(&read(body)?).map_err(refused)?;
            return Ok(world.settings.show());
        }
        ("POST", "machines") => {
            return wiring::add_machine(world, &read(body)?)
                .map(|id| json!({"id": id}))
                .map_err(refused);
        }
        ("POST", "machines/generated") => {
            let count = read(body)?["count"].as_u64();
            let count =
                count.ok_or_else(|| refused("count must be a number of machines.".into()))?;
            crowd::add(&mut world.db, usize::try_from(count).unwrap_or(usize::MAX))
                .map_err(refused)?;
        }
        _ => return Err((404, format!("there is no {method} {PREFIX}{path}."))),
    }
    Ok(json!({}))
}

fn read(body: &[u8]) -> Result<Value, Failure> {
    serde_json::from_slice(body).map_err(|error| (400, format!("the body is no JSON: {error}.")))
}
