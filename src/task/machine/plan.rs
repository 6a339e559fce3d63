//! Planning a machine: the steps from the current to the desired parameters and state.

use serde_json::json;

use crate::client::{Machine, MachineChanges, MachineState, ReadOnlyClient, ReportedState};
use crate::task::machine::resolve::ResolvedParameters;
use crate::task::machine::{
    MachineGoal, MachineOp, MachineReport, MachineSpec, ProvisionSettings, machine_title,
    netboot_of,
};
use crate::task::wait::{AwaitedState, OngoingWait};
use crate::task::{Action, Plan, Step, TaskError, WaitLimits, lookup, verify};

const NOT_READY_HINT: &str = "Nothing on the server ends the state provisioning: the installed system must set the state \
    ready; check that its preseed does so. Netboot is still on, and the next run provisions again.";

type MachinePlan = Plan<MachineOp, MachineReport>;

impl MachineSpec {
    pub(super) fn require_arch(&self, machine: &Machine) -> Result<(), TaskError> {
        match (&self.arch, &machine.arch) {
            (Some(desired), found) if found.as_ref() != Some(desired) => {
                let found = found.as_deref().unwrap_or("of no architecture");
                Err(TaskError::Impossible {
                    object: machine_title(machine),
                    problem: format!("is {found}, not {desired}"),
                })
            }
            _ => Ok(()),
        }
    }

    pub(super) fn push_configure(
        &self,
        plan: &mut MachinePlan,
        machine: &Machine,
        resolved: &ResolvedParameters,
    ) {
        let changes = self.differences(machine, resolved);
        let mut after = verify::changed_fields(json!(changes));
        for (parameter, name) in resolved.missing() {
            after.insert(
                format!("{parameter}_id"),
                json!(format!("unresolved: '{name}'")),
            );
        }
        if after.is_empty() {
            return;
        }
        let step = Step::update(machine_title(machine), json!(machine), after);
        plan.report.machine.apply_changes(&changes);
        plan.report.machine.clear_missing(resolved);
        plan.push(MachineOp::Configure(machine.id, changes), step);
    }

    /// The given parameters that differ; null and an empty text are the same to a machine.
    fn differences(&self, machine: &Machine, resolved: &ResolvedParameters) -> MachineChanges {
        let compares_netboot = !matches!(self.goal, MachineGoal::Provisioned(_));
        MachineChanges {
            subarch: self
                .subarch
                .clone()
                .filter(|desired| Some(desired) != machine.subarch.as_ref()),
            kernel_id: resolved
                .kernel
                .changed_id(|kernel| kernel.id, machine.kernel_id)
                .flatten(),
            kernel_opts: self
                .kernel_opts
                .clone()
                .filter(|desired| desired != machine.kernel_opts.as_deref().unwrap_or("")),
            initrd_id: resolved
                .initrd
                .changed_id(|initrd| initrd.id, machine.initrd_id),
            preseed_id: resolved
                .preseed
                .changed_id(|preseed| preseed.id, machine.preseed_id),
            netboot_enabled: self
                .netboot
                .filter(|desired| compares_netboot && *desired != netboot_of(machine)),
        }
    }

    /// Adds the parameters, the reboot into the installer, the wait, and netboot at the end.
    ///
    /// With `unknown_first` (the machine is ready, or another user's) the first step reports the state unknown. A run
    /// that is interrupted must not leave a machine `ready` with parameters that it never booted, and the server's
    /// refusal must come before they are overwritten.
    pub(super) fn push_provisioning(
        &self,
        plan: &mut MachinePlan,
        client: &ReadOnlyClient,
        machine: &Machine,
        resolved: &ResolvedParameters,
        how: ProvisionSettings,
        unknown_first: bool,
    ) -> Result<(), TaskError> {
        self.warn_of_netboot(plan);
        let state = plan.report.machine.state.clone();
        let mut configure = Plan::empty(plan.report.clone());
        self.push_configure(&mut configure, machine, resolved);
        let parameters_change = !configure.steps.is_empty();
        let why = if how.force {
            "force is set".to_owned()
        } else if parameters_change {
            "the boot parameters change".to_owned()
        } else if state == MachineState::Ready {
            push_netboot(plan, machine, netboot_of(machine), how.netboot_when_ready);
            return Ok(());
        } else {
            format!("the machine is {state}, not ready")
        };
        self.require_provisionable(client, machine)?;
        if unknown_first && parameters_change {
            let why = "what it is told to boot is not what it has booted".to_owned();
            push_state(plan, machine, ReportedState::Unknown, why);
        }
        plan.steps.append(&mut configure.steps);
        plan.report = configure.report;
        push_provision(plan, machine, &state, why);
        if let Some(wait) = how.wait {
            push_wait(plan, machine, wait, NOT_READY_HINT);
            push_netboot(plan, machine, true, how.netboot_when_ready);
        }
        Ok(())
    }

    fn warn_of_netboot(&self, plan: &mut MachinePlan) {
        if self.netboot == Some(false) {
            plan.warnings.push(
                "switching netboot off has no effect here, since the installer boots over the network; the option \
                 O(netboot_when_ready) switches it off at the end"
                    .into(),
            );
        }
    }

    /// The server checks these only after it has stored the parameters, and the BMC after that.
    fn require_provisionable(
        &self,
        client: &ReadOnlyClient,
        machine: &Machine,
    ) -> Result<(), TaskError> {
        let refuse = |what: &str| {
            Err(TaskError::Impossible {
                object: machine_title(machine),
                problem: format!("has no {what}, so it cannot be provisioned"),
            })
        };
        if machine.kernel_id.is_none() && self.kernel.is_none() {
            return refuse("kernel");
        }
        if machine.subarch.is_none() && self.subarch.is_none() {
            return refuse("subarch");
        }
        if !lookup::has_bmc(client, machine)? {
            return refuse("BMC");
        }
        Ok(())
    }
}

/// Warnings about objects that an earlier task may be about to create.
pub(super) fn warnings_of_missing(resolved: &ResolvedParameters) -> Vec<String> {
    let warning = |(parameter, name)| {
        format!(
            "{parameter} '{name}' does not exist yet: planned as unresolved, since an earlier task may create it"
        )
    };
    resolved.missing().map(warning).collect()
}

pub(super) fn push_reported_state(
    plan: &mut MachinePlan,
    machine: &Machine,
    reported: ReportedState,
) {
    let current = plan.report.machine.state.clone();
    if current != MachineState::from(reported) {
        push_state(plan, machine, reported, format!("the machine is {current}"));
    }
}

fn push_state(plan: &mut MachinePlan, machine: &Machine, reported: ReportedState, why: String) {
    let state = MachineState::from(reported);
    let step = Step::new(
        Action::Update,
        machine_title(machine),
        why,
        json!({ "state": plan.report.machine.state }),
        json!({ "state": state }),
    );
    plan.report.machine.state = state;
    plan.push(MachineOp::ReportState(machine.id, reported), step);
}

fn push_provision(plan: &mut MachinePlan, machine: &Machine, state: &MachineState, why: String) {
    let step = Step::new(
        Action::Provision,
        machine_title(machine),
        why,
        json!({ "state": state, "netboot_enabled": machine.netboot_enabled }),
        json!({ "state": MachineState::Provisioning, "netboot_enabled": true }),
    );
    plan.report.machine.state = MachineState::Provisioning;
    plan.report.machine.machine.netboot_enabled = Some(true);
    plan.push(MachineOp::Provision(machine.clone()), step);
}

/// Adds the wait for a machine that installs; `hint` is for a machine that is not ready in time.
pub(super) fn push_wait(
    plan: &mut MachinePlan,
    machine: &Machine,
    limits: WaitLimits,
    hint: &'static str,
) {
    let seconds = limits.timeout.as_secs_f64();
    let step = Step::new(
        Action::Wait,
        machine_title(machine),
        format!("the installed system reports within {seconds} s"),
        json!({ "state": plan.report.machine.state }),
        json!({ "state": MachineState::Ready }),
    );
    let awaited = AwaitedState {
        object: machine_title(machine),
        state: MachineState::Ready.to_string(),
        hint,
    };
    let wait = OngoingWait::new(limits, awaited);
    plan.report.machine.state = MachineState::Ready;
    plan.push(MachineOp::AwaitReady(machine.clone(), wait), step);
}

fn push_netboot(plan: &mut MachinePlan, machine: &Machine, current: bool, desired: Option<bool>) {
    let Some(desired) = desired.filter(|desired| *desired != current) else {
        return;
    };
    let changes = MachineChanges {
        netboot_enabled: Some(desired),
        ..MachineChanges::default()
    };
    let step = Step::new(
        Action::Update,
        machine_title(machine),
        "netboot_when_ready asks for it",
        json!({ "netboot_enabled": current }),
        json!({ "netboot_enabled": desired }),
    );
    plan.report.machine.apply_changes(&changes);
    plan.push(MachineOp::Configure(machine.id, changes), step);
}
