//! Applying one operation on a machine, and reading back whether it took effect.

use serde_json::json;

use crate::client::{Client, Machine, MachineChanges, MachineId, MachineState, ReportedState};
use crate::task::machine::{MachineOp, MachineReport, machine_title, netboot_of};
use crate::task::wait::{Observation, OngoingWait};
use crate::task::{StepOutcome, TaskError, verify};

pub(super) fn configure(
    client: &Client,
    id: MachineId,
    changes: &MachineChanges,
    report: &mut MachineReport,
) -> Result<StepOutcome<MachineOp>, TaskError> {
    client.machines().update(id, changes)?;
    let title = machine_title(&report.machine.machine);
    let found = verify::require_read_back(&title, client.machines().get(id))?;
    verify::require_stored(&title, json!(changes), json!(found))?;
    report.machine.machine = found;
    Ok(StepOutcome::Done)
}

/// The server stores `provisioning` and netboot before it sends an order to the BMC, and keeps both when the BMC fails.
pub(super) fn provision(
    client: &Client,
    machine: &Machine,
    report: &mut MachineReport,
) -> Result<StepOutcome<MachineOp>, TaskError> {
    let answer = client.states().provision(machine.id);
    let title = machine_title(machine);
    let state = verify::require_read_back(&title, client.states().get(machine.id));
    let is_provisioning = matches!(state, Ok(MachineState::Provisioning));
    match answer {
        // The wait shows whether the machine installs. To reboot it again would not make that clearer.
        Err(error) if error.is_outcome_unknown() && is_provisioning => {}
        Err(source) => {
            let stored = is_provisioning && !source.is_outcome_unknown();
            let aftermath = if stored {
                undo_provision(client, machine)
            } else {
                String::new()
            };
            return Err(TaskError::Provision {
                machine: machine.name.clone(),
                source,
                aftermath,
            });
        }
        Ok(_) => {}
    }
    report.machine.state = state?;
    report.machine.machine = verify::require_read_back(&title, client.machines().get(machine.id))?;
    Ok(StepOutcome::Done)
}

/// With netboot on, the next reboot would install, and every client would see the state `provisioning`.
fn undo_provision(client: &Client, machine: &Machine) -> String {
    let netboot = MachineChanges {
        netboot_enabled: Some(netboot_of(machine)),
        ..MachineChanges::default()
    };
    let netboot = match client.machines().update(machine.id, &netboot) {
        Ok(_) => "netboot was set back to what it was",
        Err(_) => "netboot could not be set back and may be on",
    };
    match client.states().set(machine.id, ReportedState::Error) {
        Ok(_) => format!("{netboot}, and the state to error"),
        Err(_) => format!("{netboot}, and the state provisioning could not be ended"),
    }
}

/// Reads once whether the installed system has reported.
pub(super) fn poll_ready(
    client: &Client,
    machine: Machine,
    wait: OngoingWait,
    report: &mut MachineReport,
) -> Result<StepOutcome<MachineOp>, TaskError> {
    let observation = match client.states().get(machine.id) {
        Ok(MachineState::Error) => {
            return Err(TaskError::InstallFailed {
                waited: wait.elapsed(client.clock()),
                machine: machine.name,
            });
        }
        Ok(MachineState::Ready) => {
            // The installed system may have changed more than its state.
            report.machine.machine = client.machines().get(machine.id)?;
            report.machine.state = MachineState::Ready;
            Ok(Observation::Reached)
        }
        Ok(state) => Ok(Observation::NotYet(state.to_string())),
        Err(error) => Err(error),
    };
    wait.step_outcome(client, observation, |wait| {
        MachineOp::AwaitReady(machine, wait)
    })
}

pub(super) fn report_state(
    client: &Client,
    id: MachineId,
    reported: ReportedState,
    report: &mut MachineReport,
) -> Result<StepOutcome<MachineOp>, TaskError> {
    client.states().set(id, reported)?;
    let title = machine_title(&report.machine.machine);
    let expected = MachineState::from(reported);
    let found = verify::require_read_back(&title, client.states().get(id))?;
    if found != expected {
        return Err(TaskError::ReadBack {
            object: title,
            expected: format!("the state {expected}"),
            found: format!("the state {found}"),
        });
    }
    report.machine.state = found;
    Ok(StepOutcome::Done)
}
