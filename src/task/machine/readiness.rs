//! Waiting for a machine that somebody else has provisioned.

use super::resolve::Resolved;
use super::{MachineOp, MachineRef, MachineReport, MachineSpec, named, plan};
use crate::api::{MachineState, Reader, Writer};
use crate::task::{Effect, Plan, Task, TaskError, Wait, lookup};

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

    fn plan(&self, reader: &Reader) -> Result<Plan<MachineOp, MachineReport>, TaskError> {
        let machine = lookup::machine(reader, &self.machine)?;
        let state = reader.states().get(machine.id)?;
        let is_ready = state == MachineState::Ready;
        let mut plan = Plan::nothing(MachineReport::of(&machine, state, &Resolved::nothing()));
        if !is_ready {
            plan::push_wait(&mut plan, &machine, self.wait);
        }
        Ok(plan)
    }

    fn perform(
        writer: &Writer,
        op: MachineOp,
        report: &mut MachineReport,
    ) -> Result<Effect<MachineOp>, TaskError> {
        MachineSpec::perform(writer, op, report).map_err(|error| match error {
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
