//! `/machine`: every user can read and change every machine. The list contains the user's machines unless a query is given.

use serde_json::{Value, json};

use super::owned::Owned;
use super::{at_most, machine_with, sendable, storable};
use crate::call::Call;
use crate::database::{Database, Machine, User};
use crate::lab_state::LabState;
use crate::query;
use crate::reply::{HandlerResult, Reply};
use crate::routes::{Args, id};
use crate::schema::{FieldType, Fields, Schema, optional};

static CHANGES: Schema = Schema {
    fields: &[
        optional("netboot_enabled", FieldType::Bool),
        optional("subarch", FieldType::TextOrNull(|text| at_most(text, 256))),
        optional("kernel_id", FieldType::IdOrNull),
        optional("initrd_id", FieldType::IdOrNull),
        optional("preseed_id", FieldType::IdOrNull),
        optional("kernel_opts", FieldType::Text(|text| at_most(text, 1024))),
    ],
    ignore_unknown: true,
};

pub(crate) fn show(db: &Database, machine: &Machine) -> Value {
    json!({
        "id": machine.id,
        "name": machine.name,
        "hostname": hostname(machine),
        "arch": db.arch_name(machine.arch_id),
        "subarch": db.subarch_of(machine).map(|subarch| &subarch.name),
        "kernel_id": machine.kernel_id,
        "kernel_opts": machine.kernel_opts,
        "initrd_id": machine.initrd_id,
        "preseed_id": machine.preseed_id,
        "netboot_enabled": machine.netboot_enabled,
    })
}

/// The name with everything but ASCII letters and digits replaced.
pub(crate) fn hostname(machine: &Machine) -> String {
    machine
        .name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect()
}

pub(crate) fn list(lab: &mut LabState, user: &User, call: &Call, _: &Args<'_>) -> HandlerResult {
    let db = &lab.db;
    let filter = query::parse(call.parameter("q").unwrap_or_default())?;
    filter.check()?;
    let assigned = |machine: &&Machine| {
        db.assignments_of(machine.id)
            .any(|assignment| assignment.user_id == user.id)
    };
    let machines = db
        .machines
        .iter()
        .filter(|machine| call.show_all() || assigned(machine));
    let found: Vec<_> = machines
        .filter(|machine| filter.accepts(db, machine))
        .map(|machine| show(db, machine))
        .collect();
    Ok(Reply::json(200, &json!(found)))
}

pub(crate) fn get(lab: &mut LabState, _: &User, _: &Call, args: &Args<'_>) -> HandlerResult {
    let machine = machine_with(lab, id(args, 0))?;
    Ok(Reply::json(200, &show(&lab.db, &machine)))
}

pub(crate) fn put(lab: &mut LabState, user: &User, call: &Call, args: &Args<'_>) -> HandlerResult {
    let fields = call.fields(&CHANGES)?;
    let mut machine = machine_with(lab, id(args, 0))?;
    apply(&lab.db, user, &mut machine, &fields)?;
    // The server changes the machine before it refuses, and does not roll back.
    lab.db.machines.update(machine.clone());
    if machine.netboot_enabled && lab.db.bootloader_of(&machine).is_none() {
        lab.db.keep_loaded(&machine);
        return Err(Reply::invalid(
            400,
            "Enabled netboot requires a subarch with a valid bootloader",
        ));
    }
    lab.db.commit();
    Ok(Reply::json(200, &show(&lab.db, &machine)))
}

fn apply(db: &Database, user: &User, machine: &mut Machine, fields: &Fields) -> Result<(), Reply> {
    machine.netboot_enabled = fields
        .flag("netboot_enabled")
        .unwrap_or(machine.netboot_enabled);
    if let Some(name) = fields.nullable("subarch") {
        machine.subarch_id = Some(subarch(db, machine.arch_id, name.as_deref())?);
    }
    if let Some(preseed) = fields.number("preseed_id") {
        machine.preseed_id = preseed
            .map(|preseed| usable_preseed(db, user, preseed))
            .transpose()?;
    }
    if let Some(kernel) = fields.number("kernel_id") {
        // The server's check fails on a null kernel.
        let kernel = kernel.ok_or_else(Reply::internal_error)?;
        machine.kernel_id = Some(usable_image(
            db, user, kernel, "kernel", "Kernel", "a kernel",
        )?);
    }
    if let Some(initrd) = fields.number("initrd_id") {
        machine.initrd_id = initrd
            .map(|initrd| usable_image(db, user, initrd, "initrd", "Initrd", "an initrd"))
            .transpose()?;
    }
    if let Some(opts) = fields.text("kernel_opts") {
        storable(opts)?;
        machine.kernel_opts = Some(opts.to_owned());
    }
    Ok(())
}

fn subarch(db: &Database, arch_id: i64, name: Option<&str>) -> Result<i64, Reply> {
    name.map_or(Ok(()), sendable)?;
    let found = db
        .subarchs
        .iter()
        .find(|subarch| subarch.arch_id == arch_id && Some(subarch.name.as_str()) == name);
    let none = || {
        Reply::invalid(
            400,
            &format!("no such subarch for architecture {}", db.arch_name(arch_id)),
        )
    };
    found.map(|subarch| subarch.id).ok_or_else(none)
}

fn usable_image(
    db: &Database,
    user: &User,
    id: i128,
    role: &str,
    file_type: &str,
    called: &str,
) -> Result<i64, Reply> {
    let image = i64::try_from(id).ok().and_then(|id| db.images.get(id));
    let image = image.ok_or_else(|| Reply::invalid(400, &format!("no such {role}")))?;
    if !image.visible_to(user) {
        return Err(Reply::invalid(403, &format!("not allowed to use {role}")));
    }
    if image.file_type != file_type {
        return Err(Reply::invalid(400, &format!("{role} is not {called}")));
    }
    Ok(image.id)
}

fn usable_preseed(db: &Database, user: &User, id: i128) -> Result<i64, Reply> {
    let preseed = i64::try_from(id).ok().and_then(|id| db.preseeds.get(id));
    let preseed = preseed.ok_or_else(|| Reply::invalid(400, "no such preseed"))?;
    match preseed.visible_to(user) {
        true => Ok(preseed.id),
        false => Err(Reply::invalid(403, "not allowed to use preseed")),
    }
}
