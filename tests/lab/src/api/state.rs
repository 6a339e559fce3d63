//! `/machine/ID/state`: provisioning switches netboot on and reboots. Only a PUT ends it.

use serde_json::json;

use super::machine_with;
use crate::bmc::{BootDevice, Chassis};
use crate::call::Call;
use crate::database::{Machine, User};
use crate::lab_state::LabState;
use crate::reply::{HandlerResult, Reply};
use crate::routes::{Args, id};
use crate::schema::{FieldType, Schema, required};

/// The check uses Python's `in`, so any part of the word passes.
static PROVISION: Schema = Schema {
    fields: &[required(
        "state",
        FieldType::Text(|text| "provision".contains(text)),
    )],
    ignore_unknown: false,
};

static CHANGE: Schema = Schema {
    fields: &[required(
        "state",
        FieldType::Text(|text| ["ready", "error", "unknown"].contains(&text)),
    )],
    ignore_unknown: false,
};

const STATE_EVENT: i64 = 6;

pub(crate) fn get(lab: &mut LabState, _: &User, _: &Call, args: &Args<'_>) -> HandlerResult {
    let machine = machine_with(lab, id(args, 0))?;
    Ok(Reply::json(200, &json!({"state": machine.state})))
}

fn held(lab: &LabState, user: &User, args: &Args<'_>) -> Result<Machine, Reply> {
    let machine = machine_with(lab, id(args, 0))?;
    match lab.db.holds(user, machine.id) {
        true => Ok(machine),
        false => Err(Reply::text(403, "")),
    }
}

pub(crate) fn post(lab: &mut LabState, user: &User, call: &Call, args: &Args<'_>) -> HandlerResult {
    let fields = call.fields(&PROVISION)?;
    let machine = held(lab, user, args)?;
    if fields.text("state") != Some("provision") {
        return Err(Reply::text(400, ""));
    }
    require(machine.bmc_id.is_some(), "a BMC")?;
    require(machine.kernel_id.is_some(), "a kernel")?;
    require(lab.db.subarch_of(&machine).is_some(), "a subarch")?;
    require(
        lab.db.bootloader_of(&machine).is_some(),
        "the subarch to have a bootloader",
    )?;
    // Stored before the BMC is asked, and kept when it fails.
    let machine = Machine {
        netboot_enabled: true,
        state: "provisioning".into(),
        ..machine
    };
    lab.db.machines.update(machine.clone());
    lab.db.commit();
    if let Some(chassis) = Chassis::for_machine(lab, &machine)? {
        chassis.reboot(lab, BootDevice::Pxe)?;
    }
    add_state_event(lab, user, &machine);
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

fn add_state_event(lab: &mut LabState, user: &User, machine: &Machine) {
    let info = json!({"state": machine.state, "reason": "api"});
    lab.db
        .add_event(machine.id, Some(&user.username), STATE_EVENT, info);
}

pub(crate) fn put(lab: &mut LabState, user: &User, call: &Call, args: &Args<'_>) -> HandlerResult {
    let fields = call.fields(&CHANGE)?;
    let machine = held(lab, user, args)?;
    let machine = Machine {
        state: fields.text("state").unwrap_or_default().to_owned(),
        ..machine
    };
    lab.db.machines.update(machine.clone());
    lab.db.commit();
    add_state_event(lab, user, &machine);
    lab.record_reported_state(machine.id, &machine.state);
    Ok(Reply::json(200, &json!({"state": machine.state})))
}
