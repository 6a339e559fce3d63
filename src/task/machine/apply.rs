//! Applying one operation on a machine, and reading back whether it took effect.

use serde_json::json;

use crate::client::{Client, Machine, MachineChanges, MachineState, ReportedState};
use crate::task::machine::{MachineReport, machine_title};
use crate::task::{OngoingWait, StepOutcome, StepResult, TaskError, verify};

pub(super) fn configure(
    client: &Client,
    changes: &MachineChanges,
    report: &mut MachineReport,
) -> StepResult {
    let machine = &mut report.machine.machine;
    client.machines().update(machine.id, changes)?;
    let title = machine_title(machine);
    *machine = verify::require_read_back(&title, client.machines().get(machine.id))?;
    verify::require_stored(&title, json!(changes), json!(machine))?;
    Ok(StepOutcome::Done)
}

/// The server stores `provisioning` and netboot before it sends an order to the BMC, and keeps both when the BMC fails.
pub(super) fn provision(
    client: &Client,
    netboot_before: bool,
    report: &mut MachineReport,
) -> StepResult {
    let machine = &mut report.machine.machine;
    let answer = client.states().provision(machine.id);
    let title = machine_title(machine);
    let state = verify::require_read_back(&title, client.states().get(machine.id));
    let is_provisioning = matches!(state, Ok(MachineState::Provisioning));
    match answer {
        // The wait shows whether the machine installs. To reboot it again would not make that clearer.
        Err(error) if error.is_outcome_unknown() && is_provisioning => {}
        Err(source) => {
            let stored = is_provisioning && !source.is_outcome_unknown();
            let aftermath = match stored {
                true => undo_provision(client, machine, netboot_before),
                false => String::new(),
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
    *machine = verify::require_read_back(&title, client.machines().get(machine.id))?;
    Ok(StepOutcome::Done)
}

/// With netboot on, the next reboot would install, and every client would see the state `provisioning`.
fn undo_provision(client: &Client, machine: &Machine, netboot_before: bool) -> String {
    let netboot = MachineChanges {
        netboot_enabled: Some(netboot_before),
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
    wait: &mut OngoingWait,
    report: &mut MachineReport,
) -> StepResult {
    let machine = &mut report.machine.machine;
    match client.states().get(machine.id) {
        Ok(MachineState::Error) => {
            let waited = match wait.elapsed(client.clock()).as_secs_f64() {
                whole if whole >= 10.0 => format!("{whole:.0} s"),
                short => format!("{short:.1} s"),
            };
            Err(TaskError::Failed {
                object: Some(machine_title(machine)),
                problem: format!("reported the state error after {waited}"),
                hint: Some(
                    "The installer's own log on the machine's console tells why. Netboot is still on: a reboot \
                     starts the installer again.",
                ),
            })
        }
        Ok(MachineState::Ready) => {
            // The installed system may have changed more than its state.
            *machine = client.machines().get(machine.id)?;
            report.machine.state = MachineState::Ready;
            Ok(StepOutcome::Done)
        }
        found => wait.not_reached(client, found.map(|state| state.to_string())),
    }
}

pub(super) fn report_state(
    client: &Client,
    reported: ReportedState,
    report: &mut MachineReport,
) -> StepResult {
    let machine = &report.machine.machine;
    client.states().set(machine.id, reported)?;
    let title = machine_title(machine);
    let expected = MachineState::from(reported);
    let found = verify::require_read_back(&title, client.states().get(machine.id))?;
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
