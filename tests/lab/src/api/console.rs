//! `/machine/ID/console`: creates a token for the serial console, which the WebSocket helper verifies.

use serde_json::json;

use super::machine_with;
use crate::bmc::Chassis;
use crate::call::Call;
use crate::random;
use crate::reply::{Outcome, Reply};
use crate::routes::{Args, id};
use crate::state::User;
use crate::world::World;

const CONSOLE_EVENT: i64 = 1;

pub(crate) fn post(world: &mut World, user: &User, _: &Call, args: &Args<'_>) -> Outcome {
    let machine = machine_with(world, id(args, 0))?;
    if !world.db.holds(user, machine.id) {
        return Err(Reply::text(403, ""));
    }
    Chassis::of(world, &machine)?.ok_or_else(|| Reply::invalid(400, "console requires a BMC"))?;
    let token = random::hex(48);
    world.db.consoles.insert(token.clone(), machine.id);
    world
        .db
        .note(machine.id, Some(&user.username), CONSOLE_EVENT, json!({}));
    Ok(Reply::json(
        200,
        &json!({"host": null, "port": world.db.config.ext_port, "token": token}),
    ))
}
