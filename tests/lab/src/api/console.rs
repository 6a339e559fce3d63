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

pub(crate) fn post(lab: &mut LabState, user: &User, _: &Call, args: &Args<'_>) -> HandlerResult {
    let machine = machine_with(lab, id(args, 0))?;
    if !lab.db.holds(user, machine.id) {
        return Err(Reply::text(403, ""));
    }
    Chassis::for_machine(lab, &machine)?
        .ok_or_else(|| Reply::invalid(400, "console requires a BMC"))?;
    let port = lab.settings.console_port.unwrap_or(lab.console_port);
    let token = random::hex(48);
    let console = (machine.id, user.username.clone());
    lab.db.consoles.insert(token.clone(), console);
    lab.db.commit();
    Ok(Reply::json(
        200,
        &json!({"host": null, "port": port, "token": token}),
    ))
}
