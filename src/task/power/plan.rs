//! Planning the power of a machine: the orders from the current to the desired power.

use serde_json::json;

use crate::client::{Machine, MachineState, Power, PowerOrder, ReadOnlyClient};
use crate::task::machine::{machine_title, netboot_of};
use crate::task::power::{BootSource, PowerOp, PowerReport, PowerSpec, RebootSpec};
use crate::task::wait::{AwaitedState, OngoingWait};
use crate::task::{Action, Plan, Step, TaskError};

const NOT_FOLLOWED_HINT: &str = "The server has passed the order on, but the machine's BMC does not say that it was followed: look at the BMC, \
     or raise O(wait_timeout).";

type PowerPlan = Plan<PowerOp, PowerReport>;

/// The power of a machine, if its BMC answers. Without an answer, an order would fail as well.
pub(super) fn known_power(client: &ReadOnlyClient, machine: &Machine) -> Result<Power, TaskError> {
    match client.powers().get(machine.id)? {
        Power::NoBmc => Err(TaskError::Impossible {
            object: machine_title(machine),
            problem: "has no BMC, so its power can be neither told nor switched".into(),
        }),
        Power::BmcFails => Err(TaskError::PowerUnknown {
            machine: machine.name.clone(),
        }),
        power => Ok(power),
    }
}

impl PowerSpec {
    pub(super) fn push_switch(&self, plan: &mut PowerPlan, order: PowerOrder, desired: Power) {
        if plan.report.power != desired {
            let why = format!("the machine is {}", plan.report.power);
            self.push_order(plan, Action::Update, order, desired, &why);
        }
    }

    pub(super) fn push_reboot(
        &self,
        plan: &mut PowerPlan,
        client: &ReadOnlyClient,
        how: RebootSpec,
    ) -> Result<(), TaskError> {
        if how.boot == Some(BootSource::Pxe) {
            require_netboot(plan, client, how.force)?;
        }
        let is_off = plan.report.power == Power::Off;
        let (order, why) = match how.boot {
            // Some BMCs leave a machine that is off as it is when they get a reset.
            None if is_off => (PowerOrder::On, "it is off, and a start is asked for"),
            None => (PowerOrder::Reboot, "a reboot is asked for"),
            Some(BootSource::Pxe) => (
                PowerOrder::PxeReboot,
                "a boot over the network is asked for",
            ),
            Some(BootSource::Disk) => (PowerOrder::DiskReboot, "a boot from disk is asked for"),
            Some(BootSource::Bios) => (PowerOrder::BiosReboot, "the firmware's setup is asked for"),
        };
        self.push_order(plan, Action::Reboot, order, Power::On, why);
        Ok(())
    }

    fn push_order(
        &self,
        plan: &mut PowerPlan,
        action: Action,
        order: PowerOrder,
        desired: Power,
        why: &str,
    ) {
        let target = machine_title(&plan.report.machine);
        let step = Step::new(
            action,
            target.clone(),
            why,
            json!({ "power": plan.report.power }),
            json!({ "power": order }),
        );
        plan.push(PowerOp::Order(order), step);
        plan.report.power = desired.clone();
        let Some(limits) = self.wait else { return };
        let awaited = AwaitedState {
            object: target.clone(),
            state: desired.to_string(),
            hint: NOT_FOLLOWED_HINT,
        };
        let step = Step::new(
            Action::Wait,
            target,
            format!("its BMC tells it within {} s", limits.timeout.as_secs_f64()),
            json!({ "power": order }),
            json!({ "power": desired }),
        );
        let wait = OngoingWait::new(limits, awaited);
        plan.push(PowerOp::Await(desired, wait), step);
    }
}

/// Refuses a PXE reboot with netboot off, where the server names no boot file, and warns where netboot would install
/// a machine that is installed already.
fn require_netboot(
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
            machine_title(machine)
        ));
    }
    Ok(())
}
