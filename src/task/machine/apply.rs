//! Applying one operation on a machine, and reading back whether it took effect.

use std::time::Duration;

use serde_json::json;

use crate::client::{
    self, Client, ErrorCode, ErrorKind, Machine, MachineChanges, MachineId, MachineState,
    ReadOnlyClient, ReportedState,
};
use crate::task::machine::milestones::MilestoneKind;
use crate::task::machine::{
    MachineReport, ProvisionOrder, machine_title, netboot_of, require_known_state,
};
use crate::task::verify::Change;
use crate::task::wait::may_pass;
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

    /// Fails if the state shows that the order had no effect.
    fn require_effect(self, machine: &Machine, found: &MachineState) -> Result<()> {
        if *found != self.before {
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
        let state = match client.states().get(machine.id) {
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
        unconfirmed.require_effect(machine, &state)?;
        report.machine.state = state;
        *machine = verify::require_read_back(&title, client.machines().get(machine.id))?;
        return Ok(StepOutcome::Done);
    };
    // One look before other machines of a batch get their orders. The wait repeats it if it fails, up to its deadline.
    let poll = client.read_only().with_time_limit(wait.timeout);
    match poll.states().get(machine.id) {
        Ok(MachineState::Other(_)) => report.unconfirmed = Some(unconfirmed),
        Ok(state) => {
            unconfirmed.require_effect(machine, &state)?;
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

/// Reads once whether the installed system has reported.
pub(super) fn poll_ready(
    client: &Client,
    wait: &mut OngoingWait,
    report: &mut MachineReport,
) -> StepResult {
    if let Some(order) = &report.unconfirmed {
        wait.start_at(order.given_at);
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
        order.require_effect(machine, state)?;
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
    client.states().set(id, ReportedState::Unknown)?;
    let found = verify::require_read_back(&title, client.states().get(id))?;
    report.machine.state = found.clone();
    match found {
        MachineState::Unknown => Ok(StepOutcome::Done),
        found if found == *planned_state => Err(TaskError::ReadBack {
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
