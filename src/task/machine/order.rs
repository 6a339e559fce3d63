//! The order to provision a machine: given once, on a fresh look at its state, and followed until its effect is seen.

use std::time::Duration;

use crate::client::{
    self, Client, ErrorKind, Machine, MachineChanges, MachineId, MachineState, ReadOnlyClient,
    ReportedState,
};
use crate::task::machine::apply::report_state;
use crate::task::machine::milestones::MilestoneKind;
use crate::task::machine::{MachineReport, ProvisionOrder, machine_title, require_known_state};
use crate::task::wait::may_pass;
use crate::task::{Result, StepOutcome, StepResult, TaskError, verify};

/// The pauses before the state is read again after an order that does not show.
const LATER_LOOKS: [Duration; 3] = [
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
];

/// An order to provision that was given, or whose answer was lost, until its effect is seen.
#[derive(Debug)]
pub(super) struct UnconfirmedOrder {
    /// The state just before it.
    before: MachineState,
    given_at: Duration,
    /// Why its answer says nothing of its effect.
    lost: Option<client::Error>,
}

impl UnconfirmedOrder {
    pub(super) fn given_at(&self) -> Duration {
        self.given_at
    }

    /// Fails if the state shows that the order had no effect. After a report of `unknown` that was given up on, that state
    /// shows nothing: the report may have taken effect after the order.
    pub(super) fn require_effect(
        self,
        client: &Client,
        machine: &Machine,
        found: &MachineState,
    ) -> Result<()> {
        let is_confirmed = self.lost.is_none();
        let may_be_hidden = is_confirmed && client.states().may_change_late(machine.id);
        if *found != self.before || may_be_hidden {
            return Ok(());
        }
        Err(match self.lost {
            Some(source) => provision_error(machine, source, String::new()),
            None => TaskError::ReadBack {
                object: machine_title(machine),
                expected: format!("the state {}", MachineState::Provisioning),
                found: format!("the state {found}"),
            },
        })
    }
}

/// Looks at the preseed, where that was not possible before, and orders the reboot into the installer.
pub(super) fn provision(
    client: &Client,
    order: &ProvisionOrder,
    report: &mut MachineReport,
) -> StepResult {
    let warnings = match &order.preseed_check {
        Some(check) => check.run(client.read_only(), &report.machine.machine)?,
        None => Vec::new(),
    };
    if let Some(log) = &mut report.console_log {
        // What is printed before it is open is not seen.
        log.start(client, true);
    }
    match give_order(client, order, report)? {
        StepOutcome::Done if !warnings.is_empty() => Ok(StepOutcome::DoneWithWarnings(warnings)),
        outcome => Ok(outcome),
    }
}

/// Orders the reboot into the installer, unless another client has begun an installation or ended it since the plan was
/// made.
fn give_order(client: &Client, order: &ProvisionOrder, report: &mut MachineReport) -> StepResult {
    let mut before = client.states().get(report.machine.machine.id)?;
    if order.force && before == MachineState::Provisioning {
        // From `provisioning` to `provisioning`, nothing would show whether the order had an effect.
        report_state(client, ReportedState::Unknown, report)?;
        before = MachineState::Unknown;
    }
    let machine = &mut report.machine.machine;
    require_known_state(machine, &before)?;
    if !order.force && before != order.planned_state {
        let current = client.machines().get(machine.id)?;
        if let Some(reason) = reason_to_join(order, &before, &current)? {
            *machine = current;
            report.machine.state = before;
            return Ok(StepOutcome::Skipped(reason));
        }
    }
    let given_at = client.clock().now();
    let lost = match client.states().provision(machine.id) {
        Ok(_) => None,
        Err(error) if error.kind() != ErrorKind::Bmc && error.may_have_taken_effect() => {
            Some(error)
        }
        Err(source) => {
            let aftermath = undo_refused(client, machine, order, &before, &source);
            return Err(provision_error(machine, source, aftermath));
        }
    };
    report
        .milestones
        .reach(MilestoneKind::Ordered, None, client.clock());
    let unconfirmed = UnconfirmedOrder {
        before,
        given_at,
        lost,
    };
    let title = machine_title(machine);
    let Some(wait) = order.wait else {
        let state = match state_after(client, client.read_only(), &unconfirmed, machine.id) {
            Ok(state) => state,
            Err(source) => {
                return Err(match unconfirmed.lost {
                    Some(lost) => provision_error(machine, lost, String::new()),
                    None => TaskError::Unverified {
                        object: title,
                        source,
                    },
                });
            }
        };
        unconfirmed.require_effect(client, machine, &state)?;
        report.machine.state = state;
        *machine = verify::require_read_back(&title, client.machines().get(machine.id))?;
        return Ok(StepOutcome::Done);
    };
    // One look before other machines of a batch get their orders. The wait repeats it if it fails, up to its deadline.
    let poll = client.read_only().with_time_limit(wait.timeout);
    match state_after(client, &poll, &unconfirmed, machine.id) {
        Ok(MachineState::Other(_)) => report.unconfirmed = Some(unconfirmed),
        Ok(state) => {
            unconfirmed.require_effect(client, machine, &state)?;
            report.machine.state = state;
        }
        Err(error) if may_pass(&error) => report.unconfirmed = Some(unconfirmed),
        Err(source) => {
            return Err(TaskError::Unverified {
                object: title,
                source,
            });
        }
    }
    Ok(StepOutcome::Done)
}

/// The state after an order. An equal run that has reported `unknown` just after it is about to give its own order: so
/// `unknown` is read again before it means that the order had no effect.
fn state_after(
    client: &Client,
    poll: &ReadOnlyClient,
    order: &UnconfirmedOrder,
    machine: MachineId,
) -> client::Result<MachineState> {
    let mut state = poll.states().get(machine)?;
    for pause in LATER_LOOKS {
        if order.lost.is_some() || state != order.before || state != MachineState::Unknown {
            break;
        }
        client.clock().sleep(pause);
        state = poll.states().get(machine)?;
    }
    Ok(state)
}

/// Why no order is needed any more: another client has begun to install the machine with the same parameters, or it is
/// installed.
fn reason_to_join(
    order: &ProvisionOrder,
    state: &MachineState,
    current: &Machine,
) -> Result<Option<String>> {
    let name = &current.name;
    let reason = match state {
        MachineState::Provisioning => format!(
            "machine '{name}' is being installed by another client with these parameters, so it was not rebooted"
        ),
        // A machine with new parameters may be ready from an installation with the old ones.
        MachineState::Ready if !order.parameters_change => {
            format!("machine '{name}' became ready meanwhile, so it was not rebooted")
        }
        _ => return Ok(None),
    };
    if boots_alike(current, &order.machine) {
        return Ok(Some(reason));
    }
    Err(TaskError::Failed {
        object: Some(machine_title(&order.machine)),
        problem: format!(
            "is {state}, and another client has changed its parameters meanwhile, so it was not rebooted"
        ),
        hint: Some("Find out who else provisions the machine, or begin anew with O(force)."),
    })
}

/// Whether two machines boot the same; null and an empty text are the same to a machine.
fn boots_alike(one: &Machine, other: &Machine) -> bool {
    fn text(text: &Option<String>) -> &str {
        text.as_deref().unwrap_or_default()
    }
    text(&one.subarch) == text(&other.subarch)
        && text(&one.kernel_opts) == text(&other.kernel_opts)
        && one.kernel_id == other.kernel_id
        && one.initrd_id == other.initrd_id
        && one.preseed_id == other.preseed_id
}

fn provision_error(machine: &Machine, source: client::Error, aftermath: String) -> TaskError {
    TaskError::Provision {
        machine: machine.name.clone(),
        source,
        aftermath,
    }
}

/// Undoes what a failed BMC leaves: the server stores `provisioning` and netboot before it sends the order to the BMC. A
/// BMC whose address it cannot use is a 400, also after that. After any other error, the state is another client's.
fn undo_refused(
    client: &Client,
    machine: &Machine,
    order: &ProvisionOrder,
    before: &MachineState,
    error: &client::Error,
) -> String {
    let is_left = match (error.kind(), client.states().get(machine.id)) {
        (ErrorKind::Bmc, Ok(state)) => state == MachineState::Provisioning,
        (ErrorKind::Bmc, Err(_)) => true,
        (ErrorKind::InvalidRequest, Ok(state)) => {
            state == MachineState::Provisioning && *before != state
        }
        _ => false,
    };
    match is_left {
        true => undo_provision(client, machine, order.netboot_before),
        false => String::new(),
    }
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
