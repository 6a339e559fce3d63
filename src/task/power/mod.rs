//! A machine that is on, off, or started anew.
//!
//! The server keeps no power: every look and every order goes to the machine's BMC, while all other users wait. So it
//! is asked once before and once after.

mod apply;
mod plan;

use serde::{Deserialize, Serialize};

use crate::client::{Client, Machine, Power, PowerOrder, ReadOnlyClient};
use crate::task::lookup;
use crate::task::lookup::MachineRef;
use crate::task::{Plan, StepOutcome, Task, TaskError, Wait, Waiting, machine};

/// The power that a machine shall have.
#[derive(Clone, Debug)]
pub struct PowerSpec {
    /// Which machine.
    pub machine: MachineRef,
    /// On, off, or started anew.
    pub goal: Goal,
    /// None ends with the order to the BMC.
    pub wait: Option<Wait>,
    /// Act on a machine that is not assigned to the token's user, which the server lets only administrators do.
    pub allow_unassigned: bool,
}

/// What shall become of a machine's power.
#[derive(Clone, Copy, Debug)]
pub enum Goal {
    /// It shall be on.
    On,
    /// It shall be off.
    Off,
    /// It shall start anew, now.
    Rebooted(Reboot),
}

/// How to start a machine anew.
#[derive(Clone, Copy, Debug)]
pub struct Reboot {
    /// From where, this once; None is as the machine is set up.
    pub boot: Option<Boot>,
    /// Over the network even where netboot is off.
    pub force: bool,
}

/// From where a machine starts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Boot {
    /// The network.
    Pxe,
    /// Its disk.
    Disk,
    /// Its firmware's setup.
    Bios,
}

/// One operation on the power of the machine that is reported on.
#[derive(Debug)]
pub enum PowerOp {
    /// Order its BMC to do something.
    Order(PowerOrder),
    /// Look whether the power is as wanted.
    Await(Power, Waiting),
}

/// The machine and its power as they are told.
#[derive(Debug, Serialize)]
pub struct PowerReport {
    /// The server's fields.
    pub machine: Machine,
    /// on or off, or what else its BMC says.
    pub power: Power,
}

impl Task for PowerSpec {
    type Op = PowerOp;
    type Report = PowerReport;

    fn plan(&self, client: &ReadOnlyClient) -> Result<Plan<PowerOp, PowerReport>, TaskError> {
        let machine = lookup::machine(client, &self.machine)?;
        if !self.allow_unassigned {
            lookup::require_assignment(client, &machine)?;
        }
        let power = plan::known_power(client, &machine)?;
        let mut plan = Plan::nothing(PowerReport { machine, power });
        match self.goal {
            Goal::On => self.push_switch(&mut plan, PowerOrder::On, Power::On),
            Goal::Off => self.push_switch(&mut plan, PowerOrder::Off, Power::Off),
            Goal::Rebooted(how) => self.push_reboot(&mut plan, client, how)?,
        }
        Ok(plan)
    }

    fn perform(
        client: &Client,
        op: PowerOp,
        report: &mut PowerReport,
    ) -> Result<StepOutcome<PowerOp>, TaskError> {
        match op {
            PowerOp::Order(order) => apply::order(client, order, report),
            PowerOp::Await(wanted, waiting) => apply::look(client, wanted, waiting, report),
        }
    }

    fn objects(&self, plan: &Plan<PowerOp, PowerReport>) -> Vec<String> {
        vec![machine::named(&plan.report.machine)]
    }

    fn title(&self) -> String {
        self.machine.title()
    }
}
