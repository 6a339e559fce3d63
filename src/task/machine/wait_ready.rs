//! Waiting for a machine that somebody else has provisioned.

use crate::client::{Client, MachineState, ReadOnlyClient};
use crate::task::machine::resolve::Resolved;
use crate::task::machine::{MachineOp, MachineRef, MachineReport, MachineSpec, named, plan};
use crate::task::{Plan, StepOutcome, Task, TaskError, Wait, lookup};

const HINT: &str = "Nothing on the server ends the state provisioning: the installed system must set the state ready.";

/// That a machine is ready, whoever holds it. Nothing is done for that but looking.
#[derive(Clone, Debug)]
pub struct Readiness {
    /// Which machine.
    pub machine: MachineRef,
    /// How long to wait for it.
    pub wait: Wait,
}

impl Task for Readiness {
    type Op = MachineOp;
    type Report = MachineReport;

    fn plan(&self, client: &ReadOnlyClient) -> Result<Plan<MachineOp, MachineReport>, TaskError> {
        let machine = lookup::machine(client, &self.machine)?;
        let state = client.states().get(machine.id)?;
        let is_ready = state == MachineState::Ready;
        let mut plan = Plan::nothing(MachineReport::of(&machine, state, &Resolved::nothing()));
        if !is_ready {
            plan::push_wait(&mut plan, &machine, self.wait);
        }
        Ok(plan)
    }

    fn perform(
        client: &Client,
        op: MachineOp,
        report: &mut MachineReport,
    ) -> Result<StepOutcome<MachineOp>, TaskError> {
        MachineSpec::perform(client, op, report).map_err(|error| match error {
            TaskError::WaitTimeout {
                unmet,
                waited,
                last,
                ..
            } => TaskError::WaitTimeout {
                unmet,
                waited,
                last,
                hint: HINT,
            },
            other => other,
        })
    }

    fn objects(&self, plan: &Plan<MachineOp, MachineReport>) -> Vec<String> {
        vec![named(&plan.report.machine.machine)]
    }

    fn title(&self) -> String {
        self.machine.title()
    }
}
