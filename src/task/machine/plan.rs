//! From the machine that shall be and the one that is to the steps between them.

use serde_json::{Value, json};

use super::resolve::{Found, Resolved, wanted_id};
use super::{Goal, MachineOp, MachineReport, MachineSpec, Provisioning, named, netboot_of};
use crate::api::{Machine, MachineChanges, MachineState, Query, Reader, ReportedState, Scope};
use crate::task::{Action, Plan, Step, TaskError, Wait, check};

impl MachineSpec {
    pub(super) fn require_valid_options(&self) -> Result<(), TaskError> {
        check::at_most(
            "kernel_opts",
            self.kernel_opts.as_deref().unwrap_or(""),
            1024,
        )?;
        match &self.subarch {
            Some(subarch) if subarch.is_empty() => Err(TaskError::Refused(
                "the server cannot take a subarch away; name one".into(),
            )),
            _ => Ok(()),
        }
    }

    pub(super) fn require_arch(&self, machine: &Machine) -> Result<(), TaskError> {
        match (&self.arch, &machine.arch) {
            (Some(wanted), found) if found.as_ref() != Some(wanted) => {
                let found = found.as_deref().unwrap_or("of no architecture");
                Err(TaskError::Refused(format!(
                    "machine '{}' is {found}, not {wanted}",
                    machine.name
                )))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn push_configure(
        &self,
        plan: &mut Plan<MachineOp, MachineReport>,
        machine: &Machine,
        resolved: &Resolved,
    ) {
        let changes = self.differences(machine, resolved);
        let mut after = check::fields_sent(json!(changes));
        let before = check::same_fields(json!(machine), &after);
        let mut before = before;
        for (field, current, missing) in resolved.unresolved(machine) {
            before.insert(field.into(), current);
            after.insert(field.into(), json!(format!("unresolved: '{missing}'")));
        }
        if after.is_empty() {
            return;
        }
        let step = Step {
            action: Action::Update,
            target: named(machine),
            why: format!("{} differ", check::names_of(&after)),
            before: Value::Object(before),
            after: Value::Object(after),
            text: None,
        };
        plan.report.machine.take(&changes);
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
            kernel_id: match &resolved.kernel {
                Some(Found::Existing(kernel)) if Some(kernel.id) != machine.kernel_id => {
                    Some(kernel.id)
                }
                _ => None,
            },
            kernel_opts: self
                .kernel_opts
                .clone()
                .filter(|wanted| wanted != machine.kernel_opts.as_deref().unwrap_or("")),
            initrd_id: wanted_id(&resolved.initrd, |initrd| initrd.id)
                .filter(|wanted| *wanted != machine.initrd_id),
            preseed_id: wanted_id(&resolved.preseed, |preseed| preseed.id)
                .filter(|wanted| *wanted != machine.preseed_id),
            netboot_enabled: self
                .netboot
                .filter(|wanted| compares_netboot && *wanted != netboot_of(machine)),
        }
    }

    pub(super) fn push_provision(
        &self,
        plan: &mut Plan<MachineOp, MachineReport>,
        reader: &Reader,
        machine: &Machine,
        how: Provisioning,
    ) -> Result<(), TaskError> {
        if self.netboot == Some(false) {
            plan.warnings.push(
                "netboot: false has no effect with state: provisioned, which boots the installer over the \
                 network; netboot_when_ready: false switches netboot off at the end"
                    .into(),
            );
        }
        let state = plan.report.machine.state.clone();
        let why = match (how.force, plan.steps.is_empty(), &state) {
            (true, _, _) => "force is set".to_owned(),
            (_, false, _) => "the boot parameters change".to_owned(),
            (_, true, MachineState::Ready) => {
                push_netboot(plan, machine, netboot_of(machine), how.netboot_when_ready);
                return Ok(());
            }
            (_, true, state) => format!("the machine is {state}, not ready"),
        };
        self.require_provisionable(reader, machine)?;
        plan.push(
            MachineOp::Provision(machine.clone()),
            Step {
                action: Action::Provision,
                target: named(machine),
                why,
                before: json!({ "state": state, "netboot_enabled": machine.netboot_enabled }),
                after: json!({ "state": "provisioning", "netboot_enabled": true }),
                text: None,
            },
        );
        plan.report.machine.state = MachineState::Provisioning;
        plan.report.machine.machine.netboot_enabled = Some(true);
        if let Some(wait) = how.wait {
            push_wait(plan, machine, wait);
            push_netboot(plan, machine, true, how.netboot_when_ready);
        }
        Ok(())
    }

    /// The server checks these only after it has taken the parameters, and without a BMC after that.
    fn require_provisionable(&self, reader: &Reader, machine: &Machine) -> Result<(), TaskError> {
        let lacks = |what: &str| {
            Err(TaskError::Refused(format!(
                "machine '{}' has no {what}, so it cannot be provisioned",
                machine.name
            )))
        };
        if machine.kernel_id.is_none() && self.kernel.is_none() {
            return lacks("kernel");
        }
        if machine.subarch.is_none() && self.subarch.is_none() {
            return lacks("subarch");
        }
        let without_bmc = Query::and([Query::name_is(&machine.name), Query::without_bmc()]);
        match reader
            .machines()
            .query(Scope::Visible, &without_bmc)?
            .as_slice()
        {
            [] => Ok(()),
            _ => lacks("BMC"),
        }
    }
}

fn push_wait(plan: &mut Plan<MachineOp, MachineReport>, machine: &Machine, wait: Wait) {
    let step = Step {
        action: Action::Wait,
        target: named(machine),
        why: format!(
            "the installed system reports within {} s",
            wait.timeout.as_secs_f64()
        ),
        before: json!({ "state": "provisioning" }),
        after: json!({ "state": "ready" }),
        text: None,
    };
    plan.report.machine.state = MachineState::Ready;
    plan.push(MachineOp::Wait(machine.clone(), wait), step);
}

fn push_netboot(
    plan: &mut Plan<MachineOp, MachineReport>,
    machine: &Machine,
    current: bool,
    wanted: Option<bool>,
) {
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

pub(super) fn push_report(
    plan: &mut Plan<MachineOp, MachineReport>,
    machine: &Machine,
    wanted: ReportedState,
) {
    let (current, wanted_state) = (
        plan.report.machine.state.clone(),
        MachineState::from(wanted),
    );
    if current == wanted_state {
        return;
    }
    let step = Step {
        action: Action::Update,
        target: named(machine),
        why: format!("the machine is {current}"),
        before: json!({ "state": current }),
        after: json!({ "state": wanted_state }),
        text: None,
    };
    plan.report.machine.state = wanted_state;
    plan.push(MachineOp::Report(machine.id, wanted), step);
}
