//! `/machine/ID/power`: every user can read it; assigned users and administrators can change it.

use serde_json::json;

use super::machine_with;
use crate::bmc::{self, BootDevice, Chassis};
use crate::call::Call;
use crate::reply::{Outcome, Reply};
use crate::routes::{Args, id};
use crate::schema::{Kind, Schema, required};
use crate::state::User;
use crate::world::World;

const STATES: [&str; 6] = [
    "on",
    "off",
    "reboot",
    "pxe_reboot",
    "bios_reboot",
    "disk_reboot",
];

static CHANGE: Schema = Schema {
    fields: &[required("state", Kind::Text(|text| STATES.contains(&text)))],
    ignore_unknown: false,
};

const POWER_EVENT: i64 = 2;

pub(crate) fn get(world: &mut World, _: &User, _: &Call, args: &Args<'_>) -> Outcome {
    let machine = machine_with(world, id(args, 0))?;
    let state = match Chassis::of(world, &machine)? {
        None => "unknown",
        Some(chassis) => chassis.power(world).unwrap_or("Unknown (BMC error)"),
    };
    Ok(Reply::json(200, &json!({"state": state})))
}

pub(crate) fn post(world: &mut World, user: &User, call: &Call, args: &Args<'_>) -> Outcome {
    let fields = call.fields(&CHANGE)?;
    let machine = machine_with(world, id(args, 0))?;
    if !world.db.holds(user, machine.id) {
        return Err(Reply::text(403, ""));
    }
    let chassis = Chassis::of(world, &machine)?
        .ok_or_else(|| Reply::invalid(400, "power state changes require a BMC"))?;
    let state = fields.text("state").unwrap_or_default();
    match state {
        "on" => chassis.on(world)?,
        "off" => chassis.off(world)?,
        "reboot" => chassis.reset(world)?,
        "pxe_reboot" => chassis.reboot(world, BootDevice::Pxe)?,
        "bios_reboot" => chassis.reboot(world, BootDevice::Bios)?,
        _ => chassis.reboot(world, BootDevice::Disk)?,
    }
    world.db.note(
        machine.id,
        Some(&user.username),
        POWER_EVENT,
        json!({"power": state}),
    );
    let power = chassis.power(world).unwrap_or(bmc::UNKNOWN);
    Ok(Reply::json(202, &json!({"state": power})))
}
