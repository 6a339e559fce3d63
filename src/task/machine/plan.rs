//! Planning a machine: the steps from the current to the desired parameters and state.

use serde_json::json;

use crate::client::{Machine, MachineChanges, MachineState, ReadOnlyClient, ReportedState};
use crate::task::machine::boot_objects::BootObjects;
use crate::task::machine::end::{ASKED_FOR, push_netboot};
use crate::task::machine::preseed_check::PreseedCheck;
use crate::task::machine::{
    MachineGoal, MachineOp, MachinePlan, MachineSpec, ProvisionOrder, ProvisionSettings, ReadyWhen,
    Setting, machine_title, netboot_of, preseed_check, require_known_state,
};
use crate::task::plan::changed_text;
use crate::task::verify::Change;
use crate::task::{Action, Result, Step, TaskError, known_names, lookup, verify};

impl MachineSpec {
    pub(super) fn require_arch(&self, machine: &Machine) -> Result<()> {
        match &self.arch {
            Some(desired) if machine.arch.as_ref() != Some(desired) => {
                let found = machine.arch.as_deref().unwrap_or("of no architecture");
                let problem = format!("is {found}, not {desired}");
                Err(TaskError::failed(machine_title(machine), problem))
            }
            _ => Ok(()),
        }
    }

    /// Only in check mode: a subarch that no machine has yet may be new, and only the server knows.
    pub(super) fn require_known_subarch(
        &self,
        client: &ReadOnlyClient,
        machine: &Machine,
    ) -> Result<()> {
        let subarch = self.subarch.as_deref().filter(|_| self.allow_missing);
        let Some(subarch) = subarch.filter(|name| machine.subarch.as_deref() != Some(name)) else {
            return Ok(());
        };
        known_names::require_subarch(client, machine, subarch)
    }

    pub(super) fn push_configure(
        &self,
        plan: &mut MachinePlan,
        machine: &Machine,
        objects: &BootObjects,
    ) {
        let changes = self.differences(machine, objects);
        let mut after = verify::fields(json!(changes));
        let planned = &mut plan.report.machine.machine;
        apply_changes(planned, &changes);
        for (parameter, name) in self.missing_objects(objects) {
            let unresolved = format!("unresolved: '{name}'");
            after.insert(format!("{parameter}_id"), unresolved.into());
            // An object that does not exist yet has no id.
            match parameter {
                "kernel" => planned.kernel_id = None,
                "initrd" => planned.initrd_id = None,
                _ => planned.preseed_id = None,
            }
        }
        if let Some(step) = Step::update(machine_title(machine), json!(machine), after.into()) {
            let from = replaced_values(machine, &changes);
            plan.push(MachineOp::Configure(Change { to: changes, from }), step);
        }
    }

    /// The given parameters that differ; null and an empty text are the same to a machine.
    fn differences(&self, machine: &Machine, objects: &BootObjects) -> MachineChanges {
        let kernel_id = objects.kernel.as_ref().map(|kernel| kernel.id);
        let initrd_id = objects.initrd.as_ref().map(|initrd| initrd.id);
        let preseed_id = objects.preseed.as_ref().map(|preseed| preseed.id);
        let compares_netboot = !matches!(self.goal, MachineGoal::Provisioned(_));
        MachineChanges {
            subarch: changed_text(&self.subarch, &machine.subarch),
            kernel_id: kernel_id.filter(|id| Some(*id) != machine.kernel_id),
            kernel_opts: changed_text(&self.kernel_opts, &machine.kernel_opts),
            initrd_id: changed_id(&self.initrd, initrd_id, machine.initrd_id),
            preseed_id: changed_id(&self.preseed, preseed_id, machine.preseed_id),
            netboot_enabled: self
                .netboot
                .filter(|desired| compares_netboot && *desired != netboot_of(machine)),
        }
    }

    /// Adds the parameters, the reboot into the installer, the wait, and netboot at the end.
    pub(super) fn push_provisioning(
        &self,
        plan: &mut MachinePlan,
        client: &ReadOnlyClient,
        machine: &Machine,
        objects: &BootObjects,
        how: &ProvisionSettings,
    ) -> Result<()> {
        let is_assigned = lookup::is_assigned(client, machine)?;
        if self.netboot == Some(false) {
            plan.warnings.push(
                "switching netboot off has no effect here, since the installer boots over the network; the option \
                 O(netboot_when_ready) switches it off at the end"
                    .into(),
            );
        }
        let state = plan.report.machine.state.clone();
        require_known_state(machine, &state)?;
        if how.boot_once {
            return self.push_boot_once(plan, client, machine, objects, how);
        }
        let begin = plan.steps.len();
        self.push_configure(plan, machine, objects);
        let parameters_change = plan.steps.len() > begin;
        let why = if how.force {
            "force is set".to_owned()
        } else if parameters_change {
            "the boot parameters change".to_owned()
        } else if state == MachineState::Ready {
            push_netboot(plan, netboot_of(machine), how.netboot_when_ready, ASKED_FOR);
            return Ok(());
        } else if state == MachineState::Provisioning {
            // It is being installed with these parameters: another reboot would only begin that anew.
            return self.push_end(plan, client, machine, how, true);
        } else {
            format!("the machine is {state}, not ready")
        };
        self.require_provisionable(client, machine)?;
        let preseed_check = self.check_preseed(plan, client, machine, objects, how)?;
        let is_outdated = matches!(state, MachineState::Ready | MachineState::Provisioning);
        if parameters_change && (is_outdated || !is_assigned) {
            // A run that is interrupted must not leave a machine `ready` or `provisioning` with parameters that it never
            // booted, and for another user's machine the server's refusal must come before they are overwritten.
            push_invalidate(plan, &state, begin);
        }
        push_provision(plan, machine, &state, why, parameters_change, how);
        attach_preseed_check(plan, preseed_check);
        self.push_end(plan, client, machine, how, false)
    }

    /// Looks at the preseed before the reboot, and at the installer for what would be taken for the installed system.
    pub(super) fn check_preseed(
        &self,
        plan: &mut MachinePlan,
        client: &ReadOnlyClient,
        machine: &Machine,
        objects: &BootObjects,
        how: &ProvisionSettings,
    ) -> Result<Option<PreseedCheck>> {
        let preseed = preseed_check::find(plan, client, objects);
        if let ReadyWhen::Answers(answer) = &how.ready_when {
            let planned = &plan.report.machine.machine;
            answer.require_silent_installer(planned, preseed.as_deref())?;
        }
        preseed_check::plan(plan, client, machine, preseed.as_deref())
    }

    /// The server checks these only after it has stored the parameters, and the BMC after that.
    pub(super) fn require_provisionable(
        &self,
        client: &ReadOnlyClient,
        machine: &Machine,
    ) -> Result<()> {
        let missing = if machine.kernel_id.is_none() && self.kernel.is_none() {
            "kernel"
        } else if machine.subarch.is_none() && self.subarch.is_none() {
            "subarch"
        } else if !lookup::has_bmc(client, machine)? {
            "BMC"
        } else {
            return Ok(());
        };
        Err(TaskError::failed(
            machine_title(machine),
            format!("has no {missing}, so it cannot be provisioned"),
        ))
    }
}

/// The id to send if it differs from the current one; `Some(None)` clears.
fn changed_id<Ref, Id: PartialEq>(
    desired: &Setting<Ref>,
    found: Option<Id>,
    current: Option<Id>,
) -> Option<Option<Id>> {
    let desired = match desired {
        Setting::Keep => return None,
        Setting::Clear => None,
        Setting::To(_) => Some(found?),
    };
    (desired != current).then_some(desired)
}

/// The values that changes replace, as far as the server can be told them: it cannot clear a subarch or a kernel.
pub(super) fn replaced_values(machine: &Machine, changes: &MachineChanges) -> MachineChanges {
    let text = |text: &Option<String>| Some(text.clone().unwrap_or_default());
    MachineChanges {
        subarch: changes.subarch.as_ref().and(machine.subarch.clone()),
        kernel_id: changes.kernel_id.and(machine.kernel_id),
        kernel_opts: changes.kernel_opts.as_ref().and(text(&machine.kernel_opts)),
        initrd_id: changes.initrd_id.and(Some(machine.initrd_id)),
        preseed_id: changes.preseed_id.and(Some(machine.preseed_id)),
        netboot_enabled: changes.netboot_enabled.and(Some(netboot_of(machine))),
    }
}

pub(super) fn apply_changes(machine: &mut Machine, changes: &MachineChanges) {
    machine.subarch = changes.subarch.clone().or(machine.subarch.take());
    machine.kernel_id = changes.kernel_id.or(machine.kernel_id);
    machine.kernel_opts = changes.kernel_opts.clone().or(machine.kernel_opts.take());
    machine.initrd_id = changes.initrd_id.unwrap_or(machine.initrd_id);
    machine.preseed_id = changes.preseed_id.unwrap_or(machine.preseed_id);
    machine.netboot_enabled = changes.netboot_enabled.or(machine.netboot_enabled);
}

pub(super) fn push_state(plan: &mut MachinePlan, reported: ReportedState, why: String) {
    let planned = &mut plan.report.machine;
    let target = machine_title(&planned.machine);
    let state = MachineState::from(reported);
    let before = json!({ "state": planned.state });
    let after = json!({ "state": state });
    planned.state = state;
    let step = Step::new(Action::Update, target, why, before, after);
    plan.push(MachineOp::ReportState(reported), step);
}

/// Inserts a report of the state `unknown` before the step at this place.
fn push_invalidate(plan: &mut MachinePlan, state: &MachineState, place: usize) {
    let why = "what it is told to boot is not what it has booted".to_owned();
    push_state(plan, ReportedState::Unknown, why);
    if let Some(mut report) = plan.steps.pop_back() {
        report.op = MachineOp::Invalidate {
            planned_state: state.clone(),
        };
        plan.steps.insert(place, report);
    }
}

/// Has the last step, which provisions, look at the preseed first.
pub(super) fn attach_preseed_check(plan: &mut MachinePlan, check: Option<PreseedCheck>) {
    if let Some(MachineOp::Provision(order)) = plan.steps.back_mut().map(|last| &mut last.op) {
        order.preseed_check = check;
    }
}

/// `machine` and `state` are those before the parameters change.
pub(super) fn push_provision(
    plan: &mut MachinePlan,
    machine: &Machine,
    state: &MachineState,
    why: String,
    parameters_change: bool,
    how: &ProvisionSettings,
) {
    let step = Step::new(
        Action::Provision,
        machine_title(machine),
        why,
        json!({ "state": state, "netboot_enabled": machine.netboot_enabled }),
        json!({ "state": MachineState::Provisioning, "netboot_enabled": true }),
    );
    let planned = &mut plan.report.machine;
    let order = ProvisionOrder {
        force: how.force,
        planned_state: planned.state.clone(),
        machine: planned.machine.clone(),
        parameters_change,
        netboot_before: netboot_of(machine),
        preseed_check: None,
        wait: how.wait,
    };
    planned.state = MachineState::Provisioning;
    planned.machine.netboot_enabled = Some(true);
    plan.push(MachineOp::Provision(order), step);
}
