//! Carrying out one operation on a machine, and looking whether it took effect.

use serde_json::{Map, Value, json};

use super::{MachineReport, named, netboot_of};
use crate::api::{Machine, MachineChanges, MachineId, MachineState, ReportedState, Writer};
use crate::task::{TaskError, check};

pub(super) fn configure(
    writer: &Writer,
    id: MachineId,
    changes: &MachineChanges,
    report: &mut MachineReport,
) -> Result<(), TaskError> {
    writer.machines().update(id, changes)?;
    let found = writer.machines().get(id)?;
    let sent: Map<String, Value> = check::fields_sent(json!(changes));
    check::read_back(
        &named(&found),
        &sent,
        &check::same_fields(json!(found), &sent),
    )?;
    report.machine.machine = found;
    Ok(())
}

pub(super) fn provision(
    writer: &Writer,
    machine: &Machine,
    report: &mut MachineReport,
) -> Result<(), TaskError> {
    if let Err(source) = writer.states().provision(machine.id) {
        let aftermath = undo_provision(writer, machine);
        return Err(TaskError::Provision {
            machine: machine.name.clone(),
            source,
            aftermath,
        });
    }
    report.machine.machine = writer.machines().get(machine.id)?;
    report.machine.state = writer.states().get(machine.id)?;
    Ok(())
}

/// The server stores `provisioning` and netboot before it asks the BMC, and keeps both when the BMC fails.
/// Netboot left on would install at the next reboot, and a state left `ready` would pass for provisioned
/// with parameters that never booted.
fn undo_provision(writer: &Writer, machine: &Machine) -> String {
    let netboot_off = MachineChanges {
        netboot_enabled: Some(netboot_of(machine)),
        ..MachineChanges::default()
    };
    let netboot = writer.machines().update(machine.id, &netboot_off);
    let state = writer.states().set(machine.id, ReportedState::Error);
    match (netboot, state) {
        (Ok(_), Ok(_)) => "its state was set to error and netboot back to what it was".into(),
        (Ok(_), Err(_)) => "netboot was set back to what it was, the state could not be set".into(),
        (Err(_), Ok(_)) => "its state was set to error, netboot may have been left on".into(),
        (Err(_), Err(_)) => {
            "netboot and the state provisioning may have been left as they are".into()
        }
    }
}

pub(super) fn set_state(
    writer: &Writer,
    id: MachineId,
    wanted: ReportedState,
    report: &mut MachineReport,
) -> Result<(), TaskError> {
    writer.states().set(id, wanted)?;
    let found = writer.states().get(id)?;
    if found != MachineState::from(wanted) {
        return Err(TaskError::ReadBack {
            object: named(&report.machine.machine),
            expected: format!("the state {}", MachineState::from(wanted)),
            found: format!("the state {found}"),
        });
    }
    report.machine.state = found;
    Ok(())
}
