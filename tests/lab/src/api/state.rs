//! `/machine/ID/state`: provisioning switches netboot on and reboots. Only a PUT ends it.

use serde_json::json;

use super::machine_with;
use crate::bmc::{BootDevice, Chassis};
use crate::call::Call;
use crate::reply::{Outcome, Reply};
use crate::routes::{Args, id};
use crate::schema::{Kind, Schema, required};
use crate::state::{Machine, User};
use crate::world::World;

/// The check uses Python's `in`, so any part of the word passes.
static PROVISION: Schema = Schema {
    fields: &[required(
        "state",
        Kind::Text(|text| "provision".contains(text)),
    )],
    ignore_unknown: false,
};

static CHANGE: Schema = Schema {
    fields: &[required(
        "state",
        Kind::Text(|text| ["ready", "error", "unknown"].contains(&text)),
    )],
    ignore_unknown: false,
};

const STATE_EVENT: i64 = 6;

pub(crate) fn get(world: &mut World, _: &User, _: &Call, args: &Args<'_>) -> Outcome {
    let machine = machine_with(world, id(args, 0))?;
    Ok(Reply::json(200, &json!({"state": machine.state})))
}

fn held(world: &World, user: &User, args: &Args<'_>) -> Result<Machine, Reply> {
    let machine = machine_with(world, id(args, 0))?;
    match world.db.holds(user, machine.id) {
        true => Ok(machine),
        false => Err(Reply::text(403, "")),
    }
}

pub(crate) fn post(world: &mut World, user: &User, call: &Call, args: &Args<'_>) -> Outcome {
    let fields = call.fields(&PROVISION)?;
    let machine = held(world, user, args)?;
    if fields.text("state") != Some("provision") {
        return Err(Reply::text(400, ""));
    }
    require(machine.bmc_id.is_some(), "a BMC")?;
    require(machine.kernel_id.is_some(), "a kernel")?;
    require(machine.subarch_id.is_some(), "a subarch")?;
    require(
        world.db.bootloader_of(&machine).is_some(),
        "the subarch to have a bootloader",
    )?;
    // Stored before the BMC is asked, and kept when it fails.
    let machine = Machine {
        netboot_enabled: true,
        state: "provisioning".into(),
        ..machine
    };
    world.db.machines.update(machine.clone());
    if let Some(chassis) = Chassis::of(world, &machine)? {
        chassis.reboot(world, BootDevice::Pxe)?;
    }
    note(world, user, &machine);
    Ok(Reply::json(202, &json!({"state": machine.state})))
}

fn require(met: bool, what: &str) -> Result<(), Reply> {
    match met {
        true => Ok(()),
        false => Err(Reply::invalid(
            400,
            &format!("provisioning requires {what}"),
        )),
    }
}

fn note(world: &mut World, user: &User, machine: &Machine) {
    let info = json!({"state": machine.state, "reason": "api"});
    world
        .db
        .note(machine.id, Some(&user.username), STATE_EVENT, info);
}

pub(crate) fn put(world: &mut World, user: &User, call: &Call, args: &Args<'_>) -> Outcome {
    let fields = call.fields(&CHANGE)?;
    let machine = held(world, user, args)?;
    let machine = Machine {
        state: fields.text("state").unwrap_or_default().to_owned(),
        ..machine
    };
    world.db.machines.update(machine.clone());
    note(world, user, &machine);
    world.reported(machine.id, &machine.state);
    Ok(Reply::json(200, &json!({"state": machine.state})))
}
