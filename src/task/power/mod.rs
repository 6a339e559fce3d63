//! A machine that is on, off, or rebooted.
//!
//! The server does not store the power: every query and every order goes to the machine's BMC, and blocks the server for
//! all users meanwhile. So the power is read once before and once after the order.

mod apply;
mod plan;

use serde::{Deserialize, Serialize};

use crate::client::{Client, Machine, Power, PowerOrder, ReadOnlyClient};
use crate::task::lookup;
use crate::task::lookup::MachineRef;
use crate::task::machine::machine_title;
use crate::task::{OngoingWait, Plan, StepOutcome, Task, TaskError, WaitLimits};

/// The desired power of a machine.
#[derive(Clone, Debug)]
pub struct PowerSpec {
    /// Which machine.
    pub machine: MachineRef,
    /// On, off, or rebooted.
    pub goal: PowerGoal,
    /// None to end with the order to the BMC.
    pub wait: Option<WaitLimits>,
    /// Also change a machine that is not assigned to the token's user, which the server lets only administrators do.
    pub allow_unassigned: bool,
}

/// What to do with a machine's power.
#[derive(Clone, Copy, Debug)]
pub enum PowerGoal {
    /// Switch it on, if it is not.
    On,
    /// Switch it off, if it is not.
    Off,
    /// Reboot it now.
    Rebooted(RebootSpec),
}

/// How to reboot a machine.
#[derive(Clone, Copy, Debug)]
pub struct RebootSpec {
    /// The source of this one boot; None for the one that the machine is set up with.
    pub boot: Option<BootSource>,
    /// Boot over the network even where netboot is off.
    pub force: bool,
}

/// What a machine boots from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BootSource {
    /// The network.
    Pxe,
    /// Its disk.
    Disk,
    /// Its firmware's setup.
    Bios,
}

/// One operation on the power of the machine in the report.
#[derive(Debug)]
pub enum PowerOp {
    /// Send an order to its BMC.
    Order(PowerOrder),
    /// Read whether it has this power.
    Await(Power, OngoingWait),
}

/// The machine and its power.
#[derive(Debug, Serialize)]
pub struct PowerReport {
    /// The server's fields.
    pub machine: Machine,
    /// on or off, or another answer of its BMC.
    pub power: Power,
}

impl Task for PowerSpec {
    type Op = PowerOp;
    type Report = PowerReport;

    fn plan(&self, client: &ReadOnlyClient) -> Result<Plan<PowerOp, PowerReport>, TaskError> {
        let machine = lookup::find_machine(client, &self.machine)?;
        if !self.allow_unassigned {
            lookup::require_assignment(client, &machine)?;
        }
        let power = plan::known_power(client, &machine)?;
        let mut plan = Plan::empty(PowerReport { machine, power });
        match self.goal {
            PowerGoal::On => self.push_switch(&mut plan, PowerOrder::On, Power::On),
            PowerGoal::Off => self.push_switch(&mut plan, PowerOrder::Off, Power::Off),
            PowerGoal::Rebooted(how) => self.push_reboot(&mut plan, client, how)?,
        }
        Ok(plan)
    }

    fn apply_step(
        client: &Client,
        op: PowerOp,
        report: &mut PowerReport,
    ) -> Result<StepOutcome<PowerOp>, TaskError> {
        match op {
            PowerOp::Order(order) => apply::send_order(client, order, report),
            PowerOp::Await(power, wait) => apply::poll_power(client, power, wait, report),
        }
    }

    fn claimed_objects(&self, plan: &Plan<PowerOp, PowerReport>) -> Vec<String> {
        vec![machine_title(&plan.report.machine)]
    }

    fn title(&self) -> String {
        self.machine.title()
    }
}
