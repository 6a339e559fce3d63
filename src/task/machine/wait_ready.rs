//! Waiting for a machine that somebody else has provisioned.

use crate::client::{Client, MachineState, ReadOnlyClient};
use crate::task::machine::boot_objects::BootObjects;
use crate::task::machine::{
    MachineOp, MachinePlan, MachineRef, MachineReport, MachineSpec, end, machine_title,
};
use crate::task::{Plan, PlanResult, StepResult, Task, WaitLimits, lookup};

const NOT_READY_HINT: &str = "Nothing on the server ends the state provisioning: the installed system must set the state ready.";

/// A machine that becomes ready, whoever holds it. The task only reads.
#[derive(Clone, Debug)]
pub(crate) struct ReadinessSpec {
    pub machine: MachineRef,
    pub wait: WaitLimits,
}

impl Task for ReadinessSpec {
    type Op = MachineOp;
    type Report = MachineReport;

    fn plan(&self, client: &ReadOnlyClient) -> PlanResult<Self> {
        let machine = lookup::find_machine(client, &self.machine)?;
        let state = client.states().get(machine.id)?;
        let is_ready = state == MachineState::Ready;
        let mut plan = Plan::empty(MachineReport::new(machine, state, &BootObjects::default()));
        if !is_ready {
            end::push_wait(&mut plan, self.wait, end::INSTALLED_SYSTEM, NOT_READY_HINT);
        }
        Ok(plan)
    }

    fn apply_step(client: &Client, op: &mut MachineOp, report: &mut MachineReport) -> StepResult {
        MachineSpec::apply_step(client, op, report)
    }

    fn claimed_objects(&self, plan: &MachinePlan) -> Vec<String> {
        vec![machine_title(&plan.report.machine.machine)]
    }

    fn title(&self) -> String {
        self.machine.title()
    }
}
