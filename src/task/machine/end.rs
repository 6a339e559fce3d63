//! Planning the end of an installation: what is awaited, and what is done then.

use serde_json::json;

use crate::client::{Machine, MachineChanges, MachineState, ReadOnlyClient, ReportedState};
use crate::task::machine::console::ConsoleLog;
use crate::task::machine::plan::push_state;
use crate::task::machine::{
    AnswerWait, FirstLook, MachineOp, MachinePlan, MachineSpec, ProvisionSettings, ReadyWhen,
    machine_title, netboot_of,
};
use crate::task::verify::Change;
use crate::task::{Action, OngoingWait, Result, Step, WaitLimits};

const NOT_READY_HINT: &str = "Nothing on the server ends the state provisioning: the installed system must set the state \
    ready; check that its preseed does so. The next run goes on waiting for it; O(force) begins anew.";

const NO_ANSWER_HINT: &str = "Its milestones tell how far it came, and its console why no further. The next run goes on waiting for it; O(force) begins \
     anew.";

const ONCE_HINT: &str = "What it booted before is put back, unless a warning says otherwise. Its milestones tell how far it came, and its console why \
     no further.";

/// What the end of an installation is told of.
pub(super) const INSTALLED_SYSTEM: &str = "the installed system";

/// Why netboot changes at the end.
pub(super) const ASKED_FOR: &str = "netboot_when_ready asks for it";
const IS_INSTALLED: &str =
    "it is installed, and another boot from the network would install it again";
impl MachineSpec {
    /// Adds what ends the installation, and what is done then. `is_joined` where it was begun before this task.
    pub(super) fn push_end(
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
        if let Some(path) = &how.console_log {
            let log = ConsoleLog::plan(path, machine, !self.looks_at_machine)?;
            plan.report.console_log = Some(log);
        }
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

pub(super) fn push_netboot(
    plan: &mut MachinePlan,
    current: bool,
    desired: Option<bool>,
    why: &str,
) {
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
