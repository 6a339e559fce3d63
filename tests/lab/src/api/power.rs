//! `/machine/ID/power`: every user can read it; assigned users and administrators can change it.

use serde_json::json;

use super::machine_with;
use crate::bmc::{self, BootDevice, Chassis};
use crate::call::Call;
use crate::database::User;
use crate::lab_state::LabState;
use crate::reply::{HandlerResult, Reply};
use crate::routes::{Args, id};
use crate::schema::{FieldType, Schema, required};

const STATES: [&str; 6] = [
    "on",
    "off",
    "reboot",
    "pxe_reboot",
    "bios_reboot",
    "disk_reboot",
];

static CHANGE: Schema = Schema {
    fields: &[required(
        "state",
        FieldType::Text(|text| STATES.contains(&text)),
    )],
    ignore_unknown: false,
};

const POWER_EVENT: i64 = 2;

pub(crate) fn get(lab: &mut LabState, _: &User, _: &Call, args: &Args<'_>) -> HandlerResult {
    let machine = machine_with(lab, id(args, 0))?;
    let state = match Chassis::for_machine(lab, &machine)? {
        None => "unknown",
        Some(chassis) => chassis.power(lab).unwrap_or("Unknown (BMC error)"),
    };
    Ok(Reply::json(200, &json!({"state": state})))
}

pub(crate) fn post(lab: &mut LabState, user: &User, call: &Call, args: &Args<'_>) -> HandlerResult {
    let fields = call.fields(&CHANGE)?;
    let machine = machine_with(lab, id(args, 0))?;
    if !lab.db.holds(user, machine.id) {
        return Err(Reply::text(403, ""));
    }
    let chassis = Chassis::for_machine(lab, &machine)?
        .ok_or_else(|| Reply::invalid(400, "power state changes require a BMC"))?;
    let state = fields.text("state").unwrap_or_default();
    match state {
        "on" => chassis.on(lab)?,
        "off" => chassis.off(lab)?,
        "reboot" => chassis.reset(lab)?,
        "pxe_reboot" => chassis.reboot(lab, BootDevice::Pxe)?,
        "bios_reboot" => chassis.reboot(lab, BootDevice::Bios)?,
        _ => chassis.reboot(lab, BootDevice::Disk)?,
    }
    lab.db.add_event(
        machine.id,
        Some(&user.username),
        POWER_EVENT,
        json!({"power": state}),
    );
    if !lab.settings.kind.release.answers_power_orders() {
        return Ok(Reply::text(202, ""));
    }
    let power = chassis.power(lab).unwrap_or(bmc::UNKNOWN);
    Ok(Reply::json(202, &json!({"state": power})))
}
