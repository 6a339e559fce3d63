//! From the power that shall be and the one that is to the orders between them.

use serde_json::json;

use crate::client::{Machine, MachineState, Power, PowerOrder, ReadOnlyClient};
use crate::task::machine::{named, netboot_of};
use crate::task::power::{Boot, PowerOp, PowerReport, PowerSpec, Reboot};
use crate::task::{Action, Plan, Step, TaskError, Waiting};

type PowerPlan = Plan<PowerOp, PowerReport>;

/// The power of a machine whose BMC tells it. Where it does not, an order would fail as well.
pub(super) fn known_power(client: &ReadOnlyClient, machine: &Machine) -> Result<Power, TaskError> {
    match client.powers().get(machine.id)? {
        Power::NoBmc => Err(TaskError::Refused(format!(
            "machine '{}' has no BMC, so its power can be neither told nor switched",
            machine.name
        ))),
        Power::BmcFails => Err(TaskError::PowerUnknown {
            machine: machine.name.clone(),
        }),
        power => Ok(power),
    }
}

impl PowerSpec {
    pub(super) fn push_switch(&self, plan: &mut PowerPlan, order: PowerOrder, wanted: Power) {
        if plan.report.power != wanted {
            let why = format!("the machine is {}", plan.report.power);
            self.push_order(plan, Action::Update, order, wanted, why);
        }
    }

    pub(super) fn push_reboot(
        &self,
        plan: &mut PowerPlan,
        client: &ReadOnlyClient,
        how: Reboot,
    ) -> Result<(), TaskError> {
        if how.boot == Some(Boot::Pxe) {
            consider_netboot(plan, client, how.force)?;
        }
        let off = plan.report.power == Power::Off;
        let (order, why) = match how.boot {
            // Depending on the BMC, a reset leaves a machine off that is off.
            None if off => (PowerOrder::On, "it is off, and a start is asked for"),
            None => (PowerOrder::Reboot, "a reboot is asked for"),
            Some(Boot::Pxe) => (
                PowerOrder::PxeReboot,
                "a boot over the network is asked for",
            ),
            Some(Boot::Disk) => (PowerOrder::DiskReboot, "a boot from disk is asked for"),
            Some(Boot::Bios) => (PowerOrder::BiosReboot, "the firmware's setup is asked for"),
        };
        self.push_order(plan, Action::Reboot, order, Power::On, why.to_owned());
        Ok(())
    }

    fn push_order(
        &self,
        plan: &mut PowerPlan,
        action: Action,
        order: PowerOrder,
        wanted: Power,
        why: String,
    ) {
        let target = named(&plan.report.machine);
        let step = Step {
            action,
            target: target.clone(),
            why,
            before: json!({ "power": plan.report.power }),
            after: json!({ "power": order }),
            text: None,
        };
        plan.push(PowerOp::Order(order), step);
        plan.report.power = wanted.clone();
        let Some(wait) = self.wait else { return };
        let step = Step {
            action: Action::Wait,
            target,
            why: format!("its BMC tells it within {} s", wait.timeout.as_secs_f64()),
            before: json!({ "power": order }),
            after: json!({ "power": wanted }),
            text: None,
        };
        plan.push(PowerOp::Await(wanted, Waiting::new(wait)), step);
    }
}

/// With netboot off the server names no boot file; with netboot on it names the installer's.
fn consider_netboot(
    plan: &mut PowerPlan,
    client: &ReadOnlyClient,
    force: bool,
) -> Result<(), TaskError> {
    let machine = &plan.report.machine;
    if !netboot_of(machine) {
        return match force {
            true => Ok(()),
            false => Err(TaskError::NetbootOff {
                machine: machine.name.clone(),
            }),
        };
    }
    if client.states().get(machine.id)? == MachineState::Ready {
        plan.warnings.push(format!(
            "{} is installed and its netboot is on, so a PXE reboot installs it again",
            named(machine)
        ));
    }
    Ok(())
}
