//! What the server has at one moment, in a form that is the same for equal contents: without ids, dates and random names.

use serde::Serialize;
use serde_json::{Value, json};

use crate::database::{Database, Machine};
use crate::lab_state::LabState;

/// The contents of the server's tables as its clients see them, and what its BMCs were told.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Snapshot {
    /// Images, with their names as they were uploaded.
    pub images: Vec<Value>,
    /// Preseeds, with their content.
    pub preseeds: Vec<Value>,
    /// Machines, with the names of what they boot, their state and their power.
    pub machines: Vec<Value>,
    /// Interfaces, with the names of their machines.
    pub interfaces: Vec<Value>,
    /// Assignments, with the names of machine and user.
    pub assignments: Vec<Value>,
    /// The commands that BMCs carried out, in order: the machine's name and the arguments of `ipmitool`.
    pub bmc_orders: Vec<(String, String)>,
    /// How often a machine was started: switched on, reset or cycled.
    pub starts: usize,
}

impl Snapshot {
    pub(crate) fn new(lab: &LabState) -> Snapshot {
        let db = &lab.db;
        let interfaces = db.interfaces.iter().map(|interface| {
            json!({
                "machine": db.machines.get(interface.machine_id).map(|machine| &machine.name),
                "mac": interface.mac, "identifier": interface.identifier,
                "static": interface.static_ipv4, "reserved": interface.reserved_ipv4,
            })
        });
        let assignments = db.assignments.iter().map(|assignment| {
            json!({
                "machine": db.machines.get(assignment.machine_id).map(|machine| &machine.name),
                "user": user(db, Some(assignment.user_id)), "reason": assignment.reason,
            })
        });
        Snapshot {
            images: sorted(db.images.iter().map(|image| image_text(db, Some(image.id)))),
            preseeds: sorted(db.preseeds.iter().map(|preseed| {
                json!({
                    "name": preseed.filename, "user": user(db, Some(preseed.user_id)), "type": preseed.file_type,
                    "description": preseed.description, "content": preseed.file_content,
                    "known_good": preseed.known_good, "public": preseed.public,
                })
            })),
            machines: sorted(
                db.machines
                    .iter()
                    .map(|machine| machine_text(lab, machine)),
            ),
            interfaces: sorted(interfaces),
            assignments: sorted(assignments),
            bmc_orders: lab.bmc_orders.clone(),
            starts: lab.starts,
        }
    }

    /// Whether the tables and the power of the machines are the same; what the BMCs were told may differ.
    #[must_use]
    pub fn same_contents(&self, other: &Snapshot) -> bool {
        let contents = |snapshot: &Snapshot| Snapshot {
            bmc_orders: Vec::new(),
            starts: 0,
            ..snapshot.clone()
        };
        contents(self) == contents(other)
    }
}

fn user(db: &Database, id: Option<i64>) -> Option<&str> {
    db.user(id).map(|user| user.username.as_str())
}

/// An image without its id and the random end of its name.
fn image_text(db: &Database, id: Option<i64>) -> Value {
    let Some(image) = id.and_then(|id| db.images.get(id)) else {
        return Value::Null;
    };
    let name = image.filename.rsplit_once('.').map(|(name, _)| name);
    json!({
        "name": name.unwrap_or(&image.filename), "user": user(db, image.user_id), "type": image.file_type,
        "description": image.description, "arch": db.arch_name(image.arch_id),
        "known_good": image.known_good, "public": image.public,
    })
}

fn machine_text(lab: &LabState, machine: &Machine) -> Value {
    let db = &lab.db;
    let preseed = machine.preseed_id.and_then(|id| db.preseeds.get(id));
    let subarch = machine.subarch_id.and_then(|id| db.subarchs.get(id));
    json!({
        "name": machine.name, "state": machine.state, "netboot": machine.netboot_enabled,
        "kernel": image_text(db, machine.kernel_id), "initrd": image_text(db, machine.initrd_id),
        "preseed": preseed.map(|preseed| &preseed.filename), "kernel_opts": machine.kernel_opts,
        "subarch": subarch.map(|subarch| &subarch.name), "power": lab.is_on(machine),
    })
}

/// The order in tables has no meaning: an updated row moves to its end.
fn sorted(rows: impl Iterator<Item = Value>) -> Vec<Value> {
    let mut rows: Vec<Value> = rows.collect();
    rows.sort_by_key(Value::to_string);
    rows
}
