//! Putting back what a machine booted before: each field that nobody else has changed since.

use crate::client::{Client, Machine, MachineChanges, MachineState, ReportedState};
use crate::support::io_error;
use crate::task::machine::boot_once::KeptSettings;
use crate::task::machine::boot_once::record::{BootSettings, Record, RecordFile};
use crate::task::machine::{MachineReport, apply, machine_title, plan};
use crate::task::verify::Change;
use crate::task::{Result, StepOutcome, StepResult, TaskError};

/// The values to write back; None where all are there already, or somebody else has changed what is not.
pub(super) fn changes(record: &Record, current: &Machine) -> Option<MachineChanges> {
    let (before, once) = (&record.before, &record.once);
    let current = BootSettings::of(current);
    let back = |is_before: bool, is_once: bool| !is_before && is_once;
    macro_rules! value {
        ($field:ident, $value:expr) => {
            back(
                current.$field == before.$field,
                current.$field == once.$field,
            )
            .then(|| $value)
        };
    }
    let changes = MachineChanges {
        subarch: value!(subarch, before.subarch.clone()).flatten(),
        kernel_id: value!(kernel_id, before.kernel_id).flatten(),
        kernel_opts: value!(kernel_opts, before.kernel_opts.clone()),
        initrd_id: value!(initrd_id, before.initrd_id),
        preseed_id: value!(preseed_id, before.preseed_id),
        netboot_enabled: value!(netboot_enabled, before.netboot_enabled),
    };
    (changes != MachineChanges::default()).then_some(changes)
}

/// The state to report; None where it is right, or the state is not that of the boot any more.
///
/// The parameters tell whose the state is: one that is written after they were put back is another client's.
pub(super) fn state_to_report(
    record: &Record,
    machine: &Machine,
    state: &MachineState,
) -> Option<ReportedState> {
    let current = BootSettings {
        netboot_enabled: true,
        ..BootSettings::of(machine)
    };
    let before = match MachineState::from(record.state_before.as_str()) {
        MachineState::Ready => ReportedState::Ready,
        MachineState::Error => ReportedState::Error,
        // An installation that the boot has ended does not go on.
        MachineState::Provisioning | MachineState::Unknown | MachineState::Other(_) => {
            ReportedState::Unknown
        }
    };
    let is_of_boot = current == record.once && *state != MachineState::from(before);
    is_of_boot.then_some(before)
}

/// Writes back what is to be put back, reads it back, and then deletes the record.
///
/// The state first: what is left of a run that is cut short between the two is known by the parameters.
pub(in crate::task::machine) fn put_back(
    client: &Client,
    kept: &KeptSettings,
    report: &mut MachineReport,
) -> StepResult {
    write_back(client, &kept.record, report).map_err(|error| TaskError::NotPutBack {
        machine: report.machine.machine.name.clone(),
        file: kept.file.title(),
        source: Box::new(error),
    })?;
    report.has_record = false;
    let left = others_changes(&kept.record, &report.machine.machine);
    let warnings: Vec<String> = left.into_iter().chain(delete(&kept.file)).collect();
    Ok(match warnings.is_empty() {
        true => StepOutcome::Done,
        false => StepOutcome::DoneWithWarnings(warnings),
    })
}

fn write_back(client: &Client, record: &Record, report: &mut MachineReport) -> Result<()> {
    let id = report.machine.machine.id;
    report.machine.machine = client.machines().get(id)?;
    report.machine.state = client.states().get(id)?;
    let machine = &report.machine.machine;
    let reported = state_to_report(record, machine, &report.machine.state);
    let state = reported.map_or(Ok(StepOutcome::Done), |state| {
        apply::report_state(client, state, report)
    });
    if let Some(to) = changes(record, &report.machine.machine) {
        let from = plan::replaced_values(&report.machine.machine, &to);
        apply::configure(client, &Change { to, from }, report)?;
    }
    state.map(|_| ())
}

/// What differs from before although all was put back that could be.
fn others_changes(record: &Record, machine: &Machine) -> Option<String> {
    let (found, before) = (BootSettings::of(machine), &record.before);
    let fields = [
        ("subarch", found.subarch != before.subarch),
        ("kernel", found.kernel_id != before.kernel_id),
        ("kernel_opts", found.kernel_opts != before.kernel_opts),
        ("initrd", found.initrd_id != before.initrd_id),
        ("preseed", found.preseed_id != before.preseed_id),
        ("netboot", found.netboot_enabled != before.netboot_enabled),
    ];
    let changed: Vec<&str> = fields
        .into_iter()
        .filter_map(|(name, differs)| differs.then_some(name))
        .collect();
    (!changed.is_empty()).then(|| {
        format!(
            "somebody else has changed what {} boots meanwhile, so this was not put back: {}",
            machine_title(machine),
            changed.join(", ")
        )
    })
}

/// Deletes the record; a sentence where that fails, which does no harm: nothing is left to put back.
pub(super) fn delete(file: &RecordFile) -> Option<String> {
    let error = file.delete().err()?;
    let (title, error) = (file.title(), io_error::text(&error));
    Some(format!(
        "{title} has nothing more to put back and could not be deleted: {error}"
    ))
}
