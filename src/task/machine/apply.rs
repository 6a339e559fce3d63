//! Applying one operation on a machine, and reading back whether it took effect. The order to provision is in `order.rs`.

use serde_json::json;

use crate::client::{
    self, Client, ErrorCode, Machine, MachineChanges, MachineId, MachineState, ReadOnlyClient,
    ReportedState,
};
use crate::task::machine::milestones::MilestoneKind;
use crate::task::machine::{MachineReport, machine_title, netboot_of};
use crate::task::verify::Change;
use crate::task::{
    OngoingWait, Result, StepOutcome, StepResult, TaskError, known_names, lookup, verify,
};

pub(super) fn configure(
    client: &Client,
    change: &Change<MachineChanges>,
    report: &mut MachineReport,
) -> StepResult {
    let machine = &mut report.machine.machine;
    let (machines, id) = (client.machines(), machine.id);
    let title = machine_title(machine);
    let put = |fields: &_| machines.update(id, fields);
    let netboot_before = change.from.netboot_enabled.unwrap_or(netboot_of(machine));
    let put_back = |fields: &_| put_back(client, id, fields, netboot_before);
    let written = verify::write(&title, change, put, put_back, || machines.get(id));
    let written = match (written, &change.to.subarch) {
        (
            Err(TaskError::WriteRefused {
                source,
                was_kept: false,
                ..
            }),
            Some(subarch),
        ) if source.code() == Some(ErrorCode::NoSuchSubarch) => {
            let reader = client.read_only();
            return Err(known_names::refused_subarch(
                reader, machine, subarch, source,
            ));
        }
        (written, _) => written,
    };
    *machine = lookup::require_still_there(&title, written)?;
    verify::require_stored(&title, json!(change.to), json!(machine))?;
    Ok(StepOutcome::Done)
}

/// Puts back what the server kept of refused parameters. It keeps in memory which subarch it has refused until the next write
/// that it takes, and with netboot on it takes none: so netboot goes off first.
fn put_back(
    client: &Client,
    id: MachineId,
    fields: &MachineChanges,
    netboot_before: bool,
) -> Result<Machine, client::Error> {
    let netboot_off = MachineChanges {
        netboot_enabled: Some(false),
        ..fields.clone()
    };
    let machine = client.machines().update(id, &netboot_off)?;
    if !netboot_before {
        return Ok(machine);
    }
    let netboot_on = MachineChanges {
        netboot_enabled: Some(true),
        ..MachineChanges::default()
    };
    client.machines().update(id, &netboot_on)
}

/// Reads once whether the installed system has reported.
pub(super) fn poll_ready(
    client: &Client,
    wait: &mut OngoingWait,
    report: &mut MachineReport,
) -> StepResult {
    if let Some(order) = &report.unconfirmed {
        wait.start_at(order.given_at());
    }
    let poll = wait.poll_client(client);
    let found = read_state(client, &poll, wait, report)?;
    let machine = &mut report.machine.machine;
    match found {
        // The installed system may have changed more than its state.
        Ok(MachineState::Ready) => match poll.machines().get(machine.id) {
            Ok(current) => {
                *machine = current;
                report.machine.state = MachineState::Ready;
                Ok(StepOutcome::Done)
            }
            Err(error) => wait.not_reached(client, Err(error)),
        },
        Ok(state) => {
            let milestones = &mut report.milestones;
            if !milestones.has(MilestoneKind::Lease)
                && let Ok(interfaces) = poll.interfaces().list(machine.id)
            {
                milestones.look_at_leases(&interfaces, client.clock());
            }
            wait.not_reached(client, Ok(format!("{state}{}", milestones.summary())))
        }
        Err(error) => wait.not_reached(client, Err(error)),
    }
}

/// Reads the state while a machine installs, and fails if it is `error` or shows that the order had no effect.
pub(super) fn read_state(
    client: &Client,
    poll: &ReadOnlyClient,
    wait: &OngoingWait,
    report: &mut MachineReport,
) -> Result<client::Result<MachineState>> {
    let machine = &report.machine.machine;
    let found = poll.states().get(machine.id);
    if let Ok(state) = &found
        && !matches!(state, MachineState::Other(_))
        && let Some(order) = report.unconfirmed.take()
    {
        order.require_effect(client, machine, state)?;
    }
    let milestones = &mut report.milestones;
    match found {
        Ok(MachineState::Error) => {
            milestones.reach(MilestoneKind::Error, None, client.clock());
            let waited = match wait.elapsed(client.clock()).as_secs_f64() {
                whole if whole >= 10.0 => format!("{whole:.0} s"),
                short => format!("{short:.1} s"),
            };
            Err(TaskError::Failed {
                object: Some(machine_title(machine)),
                problem: format!("reported the state error after {waited}"),
                hint: Some(match report.has_record {
                    true => "The machine's console tells why.",
                    false => {
                        "The installer's own log on the machine's console tells why. Netboot is still on: a reboot \
                         starts the installer again."
                    }
                }),
            })
        }
        Ok(MachineState::Ready) => {
            milestones.reach(MilestoneKind::Ready, None, client.clock());
            Ok(Ok(MachineState::Ready))
        }
        found => Ok(found),
    }
}

/// Reports `unknown` if the state is still the planned one. What another client makes of it at the same time is no failure.
pub(super) fn invalidate(
    client: &Client,
    planned_state: &MachineState,
    report: &mut MachineReport,
) -> StepResult {
    let machine = &report.machine.machine;
    let (id, title) = (machine.id, machine_title(machine));
    let found = client.states().get(id)?;
    if found != *planned_state {
        let reason = format!("{title} became {found} meanwhile, so that state was kept");
        report.machine.state = found;
        return Ok(StepOutcome::Skipped(reason));
    }
    let answered = client.states().report(id, ReportedState::Unknown)?;
    let found = verify::require_read_back(&title, client.states().get(id))?;
    report.machine.state = found.clone();
    match found {
        MachineState::Unknown => Ok(StepOutcome::Done),
        found if found == *planned_state && answered.is_none() => Err(TaskError::ReadBack {
            object: title,
            expected: format!("the state {}", MachineState::Unknown),
            found: format!("the state {found}"),
        }),
        // The order that may follow looks at the state again, and joins the installation of another client.
        found => Ok(StepOutcome::DoneWithWarnings(vec![format!(
            "{title} became {found} just after its state was set to unknown: another client is at work on it"
        )])),
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
