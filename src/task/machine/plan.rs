//! From the machine that shall be and the one that is to the steps between them.

use serde_json::{Value, json};

use crate::client::{Machine, MachineChanges, MachineState, ReadOnlyClient, ReportedState};
use crate::task::machine::resolve::Resolved;
use crate::task::machine::{
    Goal, MachineOp, MachineReport, MachineSpec, Provisioning, named, netboot_of,
};
use crate::task::wait::Waiting;
use crate::task::{Action, Plan, Step, TaskError, Wait, lookup, verify};

type MachinePlan = Plan<MachineOp, MachineReport>;

impl MachineSpec {
    pub(super) fn require_arch(&self, machine: &Machine) -> Result<(), TaskError> {
        match (&self.arch, &machine.arch) {
            (Some(wanted), found) if found.as_ref() != Some(wanted) => {
                let found = found.as_deref().unwrap_or("of no architecture");
                let name = &machine.name;
                Err(TaskError::Refused(format!(
                    "machine '{name}' is {found}, not {wanted}"
                )))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn push_configure(
        &self,
        plan: &mut MachinePlan,
        machine: &Machine,
        resolved: &Resolved,
    ) {
        let changes = self.differences(machine, resolved);
        let mut after = verify::fields_sent(json!(changes));
        for (what, name) in resolved.missing() {
            after.insert(format!("{what}_id"), json!(format!("unresolved: '{name}'")));
        }
        if after.is_empty() {
            return;
        }
        let step = Step {
            action: Action::Update,
            target: named(machine),
            why: verify::what_differs(&after),
            before: Value::Object(verify::same_fields(json!(machine), &after)),
            after: Value::Object(after),
            text: None,
        };
        plan.report.machine.take(&changes);
        plan.report.machine.forget(resolved);
        plan.push(MachineOp::Configure(machine.id, changes), step);
    }

    /// What was asked for and is otherwise; null and an empty text are the same to a machine.
    fn differences(&self, machine: &Machine, resolved: &Resolved) -> MachineChanges {
        let compares_netboot = !matches!(self.goal, Goal::Provisioned(_));
        MachineChanges {
            subarch: self
                .subarch
                .clone()
                .filter(|wanted| Some(wanted) != machine.subarch.as_ref()),
            kernel_id: resolved
                .kernel
                .new_id(|kernel| kernel.id, machine.kernel_id)
                .flatten(),
            kernel_opts: self
                .kernel_opts
                .clone()
                .filter(|wanted| wanted != machine.kernel_opts.as_deref().unwrap_or("")),
            initrd_id: resolved
                .initrd
                .new_id(|initrd| initrd.id, machine.initrd_id),
            preseed_id: resolved
                .preseed
                .new_id(|preseed| preseed.id, machine.preseed_id),
            netboot_enabled: self
                .netboot
                .filter(|wanted| compares_netboot && *wanted != netboot_of(machine)),
        }
    }

    /// The parameters, the reboot into the installer, the wait, and netboot at the end.
    ///
    /// With `unknown_first` (the machine is ready, or another user's) the state unknown is reported before all else:
    /// a run that is cut short must not leave a machine `ready` with parameters that it never booted, and a
    /// refusal must come before they are overwritten.
    pub(super) fn push_provisioning(
        &self,
        plan: &mut MachinePlan,
        client: &ReadOnlyClient,
        machine: &Machine,
        resolved: &Resolved,
        how: Provisioning,
        unknown_first: bool,
    ) -> Result<(), TaskError> {
        self.warn_of_netboot(plan);
        let state = plan.report.machine.state.clone();
        let mut configure = Plan::nothing(plan.report.clone());
        self.push_configure(&mut configure, machine, resolved);
        let why = match (how.force, configure.steps.is_empty(), &state) {
            (true, _, _) => "force is set".to_owned(),
            (_, false, _) => "the boot parameters change".to_owned(),
            (_, true, MachineState::Ready) => {
                push_netboot(plan, machine, netboot_of(machine), how.netboot_when_ready);
                return Ok(());
            }
            (_, true, state) => format!("the machine is {state}, not ready"),
        };
        self.require_provisionable(client, machine)?;
        if unknown_first && !configure.steps.is_empty() {
            push_unknown(plan, machine);
        }
        plan.steps.append(&mut configure.steps);
        plan.report = configure.report;
        push_provision(plan, machine, &state, why);
        if let Some(wait) = how.wait {
            push_wait(plan, machine, wait);
            push_netboot(plan, machine, true, how.netboot_when_ready);
        }
        Ok(())
    }

    fn warn_of_netboot(&self, plan: &mut MachinePlan) {
        if self.netboot == Some(false) {
            plan.warnings.push(
                "switching netboot off has no effect here, since the installer boots over the network; the option \
                 netboot_when_ready switches it off at the end"
                    .into(),
            );
        }
    }

    /// The server checks these only after it has taken the parameters, and without a BMC after that.
    fn require_provisionable(
        &self,
        client: &ReadOnlyClient,
        machine: &Machine,
    ) -> Result<(), TaskError> {
        let lacks = |what: &str| {
            let name = &machine.name;
            Err(TaskError::Refused(format!(
                "machine '{name}' has no {what}, so it cannot be provisioned"
            )))
        };
        if machine.kernel_id.is_none() && self.kernel.is_none() {
            return lacks("kernel");
        }
        if machine.subarch.is_none() && self.subarch.is_none() {
            return lacks("subarch");
        }
        if !lookup::has_bmc(client, machine)? {
            return lacks("BMC");
        }
        Ok(())
    }
}

/// What an earlier task may be about to create.
pub(super) fn warnings_of_missing(resolved: &Resolved) -> Vec<String> {
    let warning = |(what, name)| {
        format!(
            "{what} '{name}' does not exist yet: planned as unresolved, since an earlier task may create it"
        )
    };
    resolved.missing().map(warning).collect()
}

pub(super) fn push_report(plan: &mut MachinePlan, machine: &Machine, wanted: ReportedState) {
    let (current, wanted_state) = (
        plan.report.machine.state.clone(),
        MachineState::from(wanted),
    );
    if current == wanted_state {
        return;
    }
    let why = format!("the machine is {current}");
    push_state(plan, machine, wanted, why);
}

fn push_unknown(plan: &mut MachinePlan, machine: &Machine) {
    let why = "what it is told to boot is not what it has booted".to_owned();
    push_state(plan, machine, ReportedState::Unknown, why);
}

fn push_state(plan: &mut MachinePlan, machine: &Machine, wanted: ReportedState, why: String) {
    let wanted_state = MachineState::from(wanted);
    let step = Step {
        action: Action::Update,
        target: named(machine),
        why,
        before: json!({ "state": plan.report.machine.state }),
        after: json!({ "state": wanted_state }),
        text: None,
    };
    plan.report.machine.state = wanted_state;
    plan.push(MachineOp::Report(machine.id, wanted), step);
}

fn push_provision(plan: &mut MachinePlan, machine: &Machine, state: &MachineState, why: String) {
    let step = Step {
        action: Action::Provision,
        target: named(machine),
        why,
        before: json!({ "state": state, "netboot_enabled": machine.netboot_enabled }),
        after: json!({ "state": MachineState::Provisioning, "netboot_enabled": true }),
        text: None,
    };
    plan.report.machine.state = MachineState::Provisioning;
    plan.report.machine.machine.netboot_enabled = Some(true);
    plan.push(MachineOp::Provision(machine.clone()), step);
}

pub(super) fn push_wait(plan: &mut MachinePlan, machine: &Machine, wait: Wait) {
    let step = Step {
        action: Action::Wait,
        target: named(machine),
        why: format!(
            "the installed system reports within {} s",
            wait.timeout.as_secs_f64()
        ),
        before: json!({ "state": plan.report.machine.state }),
        after: json!({ "state": MachineState::Ready }),
        text: None,
    };
    plan.report.machine.state = MachineState::Ready;
    plan.push(MachineOp::Await(machine.clone(), Waiting::new(wait)), step);
}

fn push_netboot(plan: &mut MachinePlan, machine: &Machine, current: bool, wanted: Option<bool>) {
    let Some(wanted) = wanted.filter(|wanted| *wanted != current) else {
        return;
    };
    let changes = MachineChanges {
        netboot_enabled: Some(wanted),
        ..MachineChanges::default()
    };
    let step = Step {
        action: Action::Update,
        target: named(machine),
        why: "netboot_when_ready asks for it".into(),
        before: json!({ "netboot_enabled": current }),
        after: json!({ "netboot_enabled": wanted }),
        text: None,
    };
    plan.report.machine.take(&changes);
    plan.push(MachineOp::Configure(machine.id, changes), step);
}
