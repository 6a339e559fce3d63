//! Carrying out one operation on a machine, and looking whether it took effect.

use serde_json::json;

use crate::client::{Client, Machine, MachineChanges, MachineId, MachineState, ReportedState};
use crate::task::machine::{MachineOp, MachineReport, named, netboot_of};
use crate::task::wait::{Awaited, Seen, Waiting};
use crate::task::{StepOutcome, TaskError, verify};

const NOT_READY_HINT: &str = "Nothing on the server ends the state provisioning: the installed system must set the state \
    ready; check that its preseed does so. Netboot is still on, and the next run provisions again.";

pub(super) fn configure(
    client: &Client,
    id: MachineId,
    changes: &MachineChanges,
    report: &mut MachineReport,
) -> Result<StepOutcome<MachineOp>, TaskError> {
    client.machines().update(id, changes)?;
    let machine = named(&report.machine.machine);
    let found = verify::looked_at(&machine, client.machines().get(id))?;
    let sent = verify::fields_sent(json!(changes));
    verify::read_back(&machine, &sent, &verify::same_fields(json!(found), &sent))?;
    report.machine.machine = found;
    Ok(StepOutcome::Done)
}

/// The server stores `provisioning` and netboot before it asks the BMC, and keeps both when the BMC fails.
pub(super) fn provision(
    client: &Client,
    machine: &Machine,
    report: &mut MachineReport,
) -> Result<StepOutcome<MachineOp>, TaskError> {
    let answer = client.states().provision(machine.id);
    let state = verify::looked_at(&named(machine), client.states().get(machine.id));
    let begun = matches!(state, Ok(MachineState::Provisioning));
    match answer {
        // What the machine does from here on shows; rebooting it again would not make that clearer.
        Err(error) if error.is_outcome_unknown() && begun => {}
        Err(source) => {
            let stored = begun && !source.is_outcome_unknown();
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
    report.machine.machine = verify::looked_at(&named(machine), client.machines().get(machine.id))?;
    Ok(StepOutcome::Done)
}

/// Netboot left on would install at the next reboot, and `provisioning` would tell everyone that it does.
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

/// One look whether the installed system has reported.
pub(super) fn look(
    client: &Client,
    machine: Machine,
    waiting: Waiting,
    report: &mut MachineReport,
) -> Result<StepOutcome<MachineOp>, TaskError> {
    let seen = match client.states().get(machine.id) {
        Ok(MachineState::Error) => {
            let waited = waiting.elapsed(client.clock());
            return Err(TaskError::InstallFailed {
                machine: machine.name,
                waited,
            });
        }
        Ok(MachineState::Ready) => {
            // The installed system may have changed more than its state.
            report.machine.machine = client.machines().get(machine.id)?;
            report.machine.state = MachineState::Ready;
            Ok(Seen::AsAwaited)
        }
        Ok(state) => Ok(Seen::NotYet(state.to_string())),
        Err(error) => Err(error),
    };
    let awaited = Awaited {
        who: named(&machine),
        state: MachineState::Ready.to_string(),
        hint: NOT_READY_HINT,
    };
    waiting.after(client, seen, awaited, |waiting| {
        MachineOp::Await(machine, waiting)
    })
}

pub(super) fn report(
    client: &Client,
    id: MachineId,
    wanted: ReportedState,
    report: &mut MachineReport,
) -> Result<StepOutcome<MachineOp>, TaskError> {
    client.states().set(id, wanted)?;
    let machine = named(&report.machine.machine);
    let found = verify::looked_at(&machine, client.states().get(id))?;
    if found != MachineState::from(wanted) {
        return Err(TaskError::ReadBack {
            object: machine,
            expected: format!("the state {}", MachineState::from(wanted)),
            found: format!("the state {found}"),
        });
    }
    report.machine.state = found;
    Ok(StepOutcome::Done)
}
