//! Waiting for a machine that somebody else has provisioned.

use crate::client::{Client, MachineState, ReadOnlyClient};
use crate::task::machine::resolve::ResolvedParameters;
use crate::task::machine::{
    MachineOp, MachineRef, MachineReport, MachineSpec, machine_title, plan,
};
use crate::task::{Plan, StepOutcome, Task, TaskError, WaitLimits, lookup};

const NOT_READY_HINT: &str = "Nothing on the server ends the state provisioning: the installed system must set the state ready.";

/// A machine that becomes ready, whoever holds it. The task only reads.
#[derive(Clone, Debug)]
pub struct ReadinessSpec {
    /// Which machine.
    pub machine: MachineRef,
    /// How long to wait for it.
    pub wait: WaitLimits,
}

impl Task for ReadinessSpec {
    type Op = MachineOp;
    type Report = MachineReport;

    fn plan(&self, client: &ReadOnlyClient) -> Result<Plan<MachineOp, MachineReport>, TaskError> {
        let machine = lookup::find_machine(client, &self.machine)?;
        let state = client.states().get(machine.id)?;
        let is_ready = state == MachineState::Ready;
        let parameters = ResolvedParameters::default();
        let mut plan = Plan::empty(MachineReport::new(&machine, state, &parameters));
        if !is_ready {
            plan::push_wait(&mut plan, &machine, self.wait, NOT_READY_HINT);
        }
        Ok(plan)
    }

    fn apply_step(
        client: &Client,
        op: MachineOp,
        report: &mut MachineReport,
    ) -> Result<StepOutcome<MachineOp>, TaskError> {
        MachineSpec::apply_step(client, op, report)
    }

    fn claimed_objects(&self, plan: &Plan<MachineOp, MachineReport>) -> Vec<String> {
        vec![machine_title(&plan.report.machine.machine)]
    }

    fn title(&self) -> String {
        self.machine.title()
    }
}
