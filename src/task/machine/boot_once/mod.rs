//! Booting something else once: what the machine booted before is kept in a file, and put back whatever happens.

mod put_back;
mod record;

use std::path::Path;

use serde_json::{Value, json};

pub(super) use put_back::put_back;
use record::{BootSettings, Record, RecordFile};

use crate::client::{ImageId, Machine, MachineState, PreseedId, ReadOnlyClient};
use crate::task::machine::boot_objects::BootObjects;
use crate::task::machine::{
    MachineOp, MachinePlan, MachineReport, MachineSpec, ProvisionSettings, machine_title,
    plan as machine_plan,
};
use crate::task::{Action, PlannedStep, Result, Step, StepOutcome, StepResult, TaskError, verify};

/// What is put back: where its record is, and the record.
#[derive(Debug)]
pub(crate) struct KeptSettings {
    file: RecordFile,
    record: Record,
}

/// A file of a run that has put back everything, or has changed nothing.
#[derive(Debug)]
pub(crate) struct IdleRecord(RecordFile);

/// Adds the step that puts back what an interrupted run has left. The plan goes on from the machine as it is then.
pub(super) fn push_left(
    plan: &mut MachinePlan,
    client: &ReadOnlyClient,
    directory: &Path,
) -> Result<()> {
    let machine = plan.report.machine.machine.clone();
    let state = plan.report.machine.state.clone();
    let file = RecordFile::new(directory, client.base_url(), &machine);
    let Some(record) = file.unfinished()? else {
        return Ok(());
    };
    let why = format!(
        "a run with O(boot_once) of {} did not come to its end",
        record.made
    );
    let changes = put_back::changes(&record, &machine);
    let reported = put_back::state_to_report(&record, &machine, &state);
    if changes.is_none() && reported.is_none() {
        let step = Step::new(
            Action::Delete,
            file.title(),
            format!("{why}, and nothing is left to put back"),
            json!({ "made": record.made }),
            Value::Null,
        );
        plan.push(MachineOp::DeleteRecord(IdleRecord(file)), step);
        return Ok(());
    }
    push_put_back(plan, file, record, why);
    Ok(())
}

/// Adds the step after which the machine boots what it booted before.
fn push_put_back(plan: &mut MachinePlan, file: RecordFile, record: Record, why: String) {
    let planned = &mut plan.report.machine;
    let mut desired = planned.machine.clone();
    if let Some(changes) = put_back::changes(&record, &planned.machine) {
        machine_plan::apply_changes(&mut desired, &changes);
    }
    let state = put_back::state_to_report(&record, &planned.machine, &planned.state)
        .map_or_else(|| planned.state.clone(), MachineState::from);
    let fields = |machine: &Machine, state: &MachineState| {
        let mut fields = verify::fields(json!(BootSettings::of(machine)));
        fields.insert("state".into(), json!(state));
        fields
    };
    let (mut before, mut after) = (
        fields(&planned.machine, &planned.state),
        fields(&desired, &state),
    );
    let is_same = |name: &String| name != "netboot_enabled" && before.get(name) == after.get(name);
    let same: Vec<String> = after.keys().filter(|name| is_same(name)).cloned().collect();
    for name in same {
        before.remove(&name);
        after.remove(&name);
    }
    let target = machine_title(&planned.machine);
    planned.machine = desired;
    planned.state = state;
    let step = Step::new(Action::Restore, target, why, before.into(), after.into());
    let kept = KeptSettings { file, record };
    plan.push(MachineOp::PutBack(Box::new(kept)), step);
}

impl MachineSpec {
    /// Adds the record, the parameters for this boot, the reboot, the wait, and putting back.
    pub(super) fn push_boot_once(
        &self,
        plan: &mut MachinePlan,
        client: &ReadOnlyClient,
        machine: &Machine,
        objects: &BootObjects,
        how: &ProvisionSettings,
    ) -> Result<()> {
        let state = plan.report.machine.state.clone();
        if state == MachineState::Provisioning && !how.force {
            return Err(TaskError::Failed {
                object: Some(machine_title(machine)),
                problem: "is being installed, and another boot would end that".into(),
                hint: Some("Wait until it is ready, or end the installation with O(force)."),
            });
        }
        let begin = plan.steps.len();
        self.push_configure(plan, machine, objects);
        if let Some(configure) = plan.steps.get_mut(begin) {
            configure.step.why += ", for one boot";
        }
        self.require_provisionable(client, machine)?;
        let once = plan.report.machine.machine.clone();
        require_returnable(client, machine, &once)?;
        let file = RecordFile::new(self.require_directory(machine)?, client.base_url(), machine);
        let record = Record::new(client.base_url(), machine, &state, &once);
        let step = Step::new(
            Action::Create,
            file.title(),
            "what the machine boots now is kept there until it is put back, by the next run if not by this one",
            Value::Null,
            json!({ "before": record.before, "state_before": record.state_before }),
        );
        let op = MachineOp::KeepRecord(Box::new(KeptSettings {
            file: file.clone(),
            record: record.clone(),
        }));
        plan.steps.insert(begin, PlannedStep { step, op });
        let preseed_check = self.check_preseed(plan, client, machine, objects, how)?;
        let why = "it is to boot this once".to_owned();
        machine_plan::push_provision(plan, machine, &state, why, true, how);
        machine_plan::attach_preseed_check(plan, preseed_check);
        self.push_wait_for_end(plan, client, machine, how, false)?;
        let why = "it was for one boot".to_owned();
        push_put_back(plan, file, record, why);
        Ok(())
    }

    fn require_directory(&self, machine: &Machine) -> Result<&Path> {
        let directory = self.record_directory.as_deref();
        directory.ok_or_else(|| TaskError::Failed {
            object: Some(machine_title(machine)),
            problem:
                "was not rebooted, since there is no directory to keep what it boots now: neither XDG_STATE_HOME nor HOME is set"
                    .into(),
            hint: Some(record::UNWRITTEN_HINT),
        })
    }
}

/// Refuses what could not be put back: the server cannot clear a kernel, and gives nobody the private objects of others.
fn require_returnable(client: &ReadOnlyClient, machine: &Machine, once: &Machine) -> Result<()> {
    let refuse = |problem: String| {
        Err(TaskError::failed(
            machine_title(machine),
            format!("{problem}, so it could not be put back after one boot"),
        ))
    };
    if machine.kernel_id.is_none() && once.kernel_id.is_some() {
        return refuse("has no kernel yet, and the server cannot take one away".into());
    }
    if machine.subarch.is_none() && once.subarch.is_some() {
        return refuse("has no subarch yet, and the server cannot take one away".into());
    }
    let image = |id: ImageId| client.images().get(id).err();
    let preseed = |id: PreseedId| client.preseeds().get(id).err();
    let changed = |before: Option<ImageId>, after| before.filter(|_| before != after);
    let preseed_before = machine
        .preseed_id
        .filter(|_| machine.preseed_id != once.preseed_id);
    for (what, error) in [
        (
            "kernel",
            changed(machine.kernel_id, once.kernel_id).and_then(image),
        ),
        (
            "initrd",
            changed(machine.initrd_id, once.initrd_id).and_then(image),
        ),
        ("preseed", preseed_before.and_then(preseed)),
    ] {
        match error {
            Some(error) if error.is_forbidden() => {
                return refuse(format!("has a private {what} of another user"));
            }
            Some(error) => return Err(error.into()),
            None => {}
        }
    }
    Ok(())
}

/// Whether putting back is carried out after a failure: only where this run has begun to change something.
pub(super) fn runs_whatever_happens(op: &MachineOp, report: &MachineReport) -> bool {
    matches!(op, MachineOp::PutBack(_)) && report.has_record
}

pub(super) fn keep(kept: &KeptSettings, report: &mut MachineReport) -> StepResult {
    kept.file.create(&kept.record)?;
    report.has_record = true;
    Ok(StepOutcome::Done)
}

pub(super) fn delete(record: &IdleRecord) -> StepResult {
    let IdleRecord(file) = record;
    Ok(match put_back::delete(file) {
        None => StepOutcome::Done,
        Some(warning) => StepOutcome::Skipped(warning),
    })
}
