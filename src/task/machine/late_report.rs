//! A report of `unknown` that was given up on, and that takes effect after what the run has done since.

use crate::client::{Client, MachineState, ReportedState};
use crate::task::machine::{MachineReport, apply, machine_title};
use crate::task::{Result, TaskError, verify};

/// Sets a state again that such a report has replaced: otherwise the next run would install the machine again.
pub(super) fn settle(client: &Client, report: &mut MachineReport) -> Result<Vec<String>> {
    let machine = &report.machine.machine;
    if !client.states().may_change_late(machine.id) {
        return Ok(Vec::new());
    }
    let title = machine_title(machine);
    let found = verify::require_read_back(&title, client.states().get(machine.id))?;
    if found != MachineState::Unknown {
        return Ok(Vec::new());
    }
    let own = match report.machine.state {
        MachineState::Ready => ReportedState::Ready,
        MachineState::Error => ReportedState::Error,
        MachineState::Provisioning => return Err(hidden_installation(title)),
        MachineState::Unknown | MachineState::Other(_) => return Ok(Vec::new()),
    };
    apply::report_state(client, own, report)?;
    let state = &report.machine.state;
    Ok(vec![format!(
        "the state of {title} was set to unknown by an earlier request of this run, which had got no answer and arrived late; \
         it was set to {state} again"
    )])
}

/// Nobody can set the state `provisioning` but with an order to provision, which reboots.
fn hidden_installation(title: String) -> TaskError {
    TaskError::Failed {
        object: Some(title),
        problem: "is being installed, but an earlier request of this run, which had got no answer and arrived late, has set \
                  its state to unknown"
            .into(),
        hint: Some(
            "Let the installation end before the task runs again: at the state unknown it begins a new one. The installed \
             system reports the state ready by itself, or O(state=ready) reports it.",
        ),
    }
}
