//! `/machine/ID/console`: creates a token for the serial console, which the WebSocket helper verifies.

use serde_json::json;

use super::machine_with;
use crate::bmc::Chassis;
use crate::call::Call;
use crate::database::User;
use crate::lab_state::LabState;
use crate::random;
use crate::reply::{HandlerResult, Reply};
use crate::routes::{Args, id};

const CONSOLE_EVENT: i64 = 1;

pub(crate) fn post(lab: &mut LabState, user: &User, _: &Call, args: &Args<'_>) -> HandlerResult {
    let machine = machine_with(lab, id(args, 0))?;
    if !lab.db.holds(user, machine.id) {
        return Err(Reply::text(403, ""));
    }
    Chassis::for_machine(lab, &machine)?
        .ok_or_else(|| Reply::invalid(400, "console requires a BMC"))?;
    let token = random::hex(48);
    lab.db.consoles.insert(token.clone(), machine.id);
    lab.db
        .add_event(machine.id, Some(&user.username), CONSOLE_EVENT, json!({}));
    Ok(Reply::json(
        200,
        &json!({"host": null, "port": lab.db.config.ext_port, "token": token}),
    ))
}
