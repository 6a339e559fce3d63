//! Planning a machine: the steps from the current to the desired parameters and state.

use serde_json::json;

use crate::client::{Machine, MachineChanges, MachineState, ReadOnlyClient, ReportedState};
use crate::task::machine::boot_objects::BootObjects;
use crate::task::machine::preseed_check::PreseedCheck;
use crate::task::machine::{
    AnswerWait, FirstLook, MachineGoal, MachineOp, MachinePlan, MachineSpec, ProvisionOrder,
    ProvisionSettings, ReadyWhen, Setting, machine_title, netboot_of, preseed_check,
    require_known_state,
};
use crate::task::plan::changed_text;
use crate::task::verify::Change;
use crate::task::{
    Action, OngoingWait, Result, Step, TaskError, WaitLimits, known_names, lookup, verify,
};

const NOT_READY_HINT: &str = "Nothing on the server ends the state provisioning: the installed system must set the state \
    ready; check that its preseed does so. The next run goes on waiting for it; O(force) begins anew.";

const NO_ANSWER_HINT: &str = "Its milestones tell how far it came, and its console why no further. The next run goes on waiting for it; O(force) begins \
     anew.";

const ONCE_HINT: &str = "What it booted before is put back, unless a warning says otherwise. Its milestones tell how far it came, and its console why \
     no further.";

/// What the end of an installation is told of.
pub(super) const INSTALLED_SYSTEM: &str = "the installed system";

/// Why netboot changes at the end.
const ASKED_FOR: &str = "netboot_when_ready asks for it";
const IS_INSTALLED: &str =
    "it is installed, and another boot from the network would install it again";

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

    /// Adds what ends the installation, and what is done then. `is_joined` where it was begun before this task.
    fn push_end(
        &self,
        plan: &mut MachinePlan,
        client: &ReadOnlyClient,
        machine: &Machine,
        how: &ProvisionSettings,
        is_joined: bool,
    ) -> Result<()> {
        if how.wait.is_none() {
            return Ok(());
        }
        let netboot = netboot_of(&plan.report.machine.machine);
        self.push_wait_for_end(plan, client, machine, how, is_joined)?;
        match &how.ready_when {
            ReadyWhen::Reported => {
                push_netboot(plan, netboot, how.netboot_when_ready, ASKED_FOR);
            }
            ReadyWhen::Answers(_) => {
                let desired = how.netboot_when_ready.unwrap_or(false);
                push_netboot(plan, netboot, Some(desired), IS_INSTALLED);
                push_state(
                    plan,
                    ReportedState::Ready,
                    "the installed system answers".into(),
                );
            }
        }
        Ok(())
    }

    /// Adds the wait for what ends the installation, or the boot once.
    pub(super) fn push_wait_for_end(
        &self,
        plan: &mut MachinePlan,
        client: &ReadOnlyClient,
        machine: &Machine,
        how: &ProvisionSettings,
        is_joined: bool,
    ) -> Result<()> {
        let Some(limits) = how.wait else {
            return Ok(());
        };
        // The leases before: a later one is the machine's boot.
        if let Ok(interfaces) = client.interfaces().list(machine.id) {
            plan.report
                .milestones
                .look_at_leases(&interfaces, client.clock());
        }
        let hint = |of_installation| match how.boot_once {
            true => ONCE_HINT,
            false => of_installation,
        };
        let system = match how.boot_once {
            true => "the system",
            false => INSTALLED_SYSTEM,
        };
        let answer = match &how.ready_when {
            ReadyWhen::Reported => {
                push_wait(plan, limits, system, hint(NOT_READY_HINT));
                return Ok(());
            }
            ReadyWhen::Answers(answer) => answer,
        };
        let target = machine_title(machine);
        let ready = MachineState::Ready.to_string();
        let wait = OngoingWait::new(limits, target.clone(), ready, hint(NO_ANSWER_HINT));
        let look = match (is_joined, self.looks_at_machine) {
            (true, _) => FirstLook::Late,
            (false, true) => FirstLook::Now,
            (false, false) => FirstLook::Never,
        };
        let wait = AnswerWait::plan(answer, wait, client, machine, look)?;
        let (port, seconds) = (answer.port, limits.timeout.as_secs_f64());
        let step = Step::new(
            Action::Wait,
            target,
            format!("{system} answers on port {port} within {seconds} s"),
            json!({ "answers": false }),
            json!({ "answers": true }),
        );
        plan.push(MachineOp::AwaitAnswer(Box::new(wait)), step);
        Ok(())
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

/// Adds the wait for a machine that installs; `hint` is for a machine that is not ready in time.
pub(super) fn push_wait(
    plan: &mut MachinePlan,
    limits: WaitLimits,
    system: &str,
    hint: &'static str,
) {
    let planned = &mut plan.report.machine;
    let target = machine_title(&planned.machine);
    let seconds = limits.timeout.as_secs_f64();
    let step = Step::new(
        Action::Wait,
        target.clone(),
        format!("{system} reports within {seconds} s"),
        json!({ "state": planned.state }),
        json!({ "state": MachineState::Ready }),
    );
    planned.state = MachineState::Ready;
    let wait = OngoingWait::new(limits, target, MachineState::Ready.to_string(), hint);
    plan.push(MachineOp::AwaitReady(wait), step);
}

fn push_netboot(plan: &mut MachinePlan, current: bool, desired: Option<bool>, why: &str) {
    let Some(desired) = desired.filter(|desired| *desired != current) else {
        return;
    };
    let planned = &mut plan.report.machine.machine;
    planned.netboot_enabled = Some(desired);
    let step = Step::new(
        Action::Update,
        machine_title(planned),
        why,
        json!({ "netboot_enabled": current }),
        json!({ "netboot_enabled": desired }),
    );
    let netboot = |enabled| MachineChanges {
        netboot_enabled: Some(enabled),
        ..MachineChanges::default()
    };
    let change = Change {
        to: netboot(desired),
        from: netboot(current),
    };
    plan.push(MachineOp::Configure(change), step);
}
