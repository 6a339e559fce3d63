//! A machine that is on, off, or rebooted.
//!
//! The server does not store the power: every query and every order goes to the machine's BMC, and blocks the server for
//! all users meanwhile. So the power is read once before and once after the order.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::client::{Client, Machine, MachineId, MachineState, Power, PowerOrder, ReadOnlyClient};
use crate::task::lookup::{self, MachineRef};
use crate::task::machine::{machine_title, netboot_of, require_known_state};
use crate::task::{
    Action, OngoingWait, Plan, PlanResult, Result, Step, StepOutcome, StepResult, Task, TaskError,
    WaitLimits, verify,
};

const NOT_FOLLOWED_HINT: &str = "The server has passed the order on, but the machine's BMC does not say that it was followed: look at the BMC, \
     or raise O(wait_timeout).";

const NOT_SWITCHED_HINT: &str = "Nothing was ordered, since O(switch=false) asks for that; without it, the power is cut or switched on.";

#[derive(Clone, Debug)]
pub(crate) struct PowerSpec {
    pub machine: MachineRef,
    pub goal: PowerGoal,
    /// None to end with the order to the BMC.
    pub wait: Option<WaitLimits>,
    pub switching: Switching,
    /// Also change a machine that is not assigned to the token's user, which the server lets only administrators do.
    pub allow_unassigned: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum PowerGoal {
    On,
    Off,
    Rebooted(RebootSpec),
}

/// When On and Off are ordered.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Switching {
    AtOnce,
    /// If the machine is not there by itself within these limits.
    After(WaitLimits),
    /// They are only awaited.
    Never,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct RebootSpec {
    /// The source of this one boot; None for the one that the machine is set up with.
    pub boot: Option<BootSource>,
    /// Boot over the network even where netboot is off.
    pub force: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum BootSource {
    Pxe,
    Disk,
    Bios,
}

/// One operation on the power of the machine in the report.
#[derive(Debug)]
pub(crate) enum PowerOp {
    Order {
        order: PowerOrder,
        /// Whether a wait follows.
        waits: bool,
        /// The power at which nothing is ordered any more.
        unless: Option<Power>,
    },
    /// Wait whether the machine is there by itself; the order follows if it is not.
    AwaitFirst(Power, OngoingWait),
    Await(Power, OngoingWait),
}

#[derive(Debug, Serialize)]
pub(crate) struct PowerReport {
    pub machine: Machine,
    /// on or off, or another answer of its BMC.
    pub power: Power,
}

type PowerPlan = Plan<PowerOp, PowerReport>;

impl Task for PowerSpec {
    type Op = PowerOp;
    type Report = PowerReport;

    fn plan(&self, client: &ReadOnlyClient) -> PlanResult<Self> {
        let machine = lookup::find_assigned_machine(client, &self.machine, self.allow_unassigned)?;
        let power = known_power(client, &machine)?;
        let mut plan = Plan::empty(PowerReport { machine, power });
        match self.goal {
            PowerGoal::On => self.push_switch(&mut plan, PowerOrder::On, Power::On),
            PowerGoal::Off => self.push_switch(&mut plan, PowerOrder::Off, Power::Off),
            PowerGoal::Rebooted(how) => {
                if how.boot == Some(BootSource::Pxe) {
                    require_netboot(&mut plan, client, how.force)?;
                }
                self.push_reboot(&mut plan, how.boot);
            }
        }
        Ok(plan)
    }

    fn apply_step(client: &Client, op: &mut PowerOp, report: &mut PowerReport) -> StepResult {
        let machine = report.machine.id;
        match op {
            PowerOp::Order {
                unless: Some(power),
                ..
            } if report.power == *power => {
                let title = machine_title(&report.machine);
                return Ok(StepOutcome::Skipped(format!(
                    "{title} was {power} by itself, so nothing was ordered"
                )));
            }
            // The server answers with the power that it read after the order.
            PowerOp::Order { order, waits, .. } => match client.powers().order(machine, *order) {
                Err(lost) if lost.is_outcome_unknown() => {
                    report.power = power_after(client.read_only(), machine, *order).ok_or(lost)?;
                }
                // The answer cannot be read; a wait reads the power itself.
                Ok(Power::Other(_)) if *waits => {}
                Ok(Power::Other(_)) => {
                    let title = machine_title(&report.machine);
                    let found = client.powers().get(machine);
                    report.power = verify::require_read_back(&title, found)?;
                }
                answer => report.power = answer?,
            },
            PowerOp::AwaitFirst(awaited, wait) => {
                let found = wait.poll_client(client).powers().get(machine);
                // The report has the power that was predicted; only one that was seen spares the order.
                report.power = found.as_ref().map_or(Power::BmcFails, Power::clone);
                if report.power != *awaited {
                    return match wait.not_reached(client, found.map(|power| power.to_string())) {
                        Err(TaskError::WaitTimeout { .. }) => Ok(StepOutcome::Done),
                        outcome => outcome,
                    };
                }
            }
            PowerOp::Await(awaited, wait) => match wait.poll_client(client).powers().get(machine) {
                Ok(power) if power == *awaited => report.power = power,
                // A BMC that does not answer may do so the next time.
                found => return wait.not_reached(client, found.map(|power| power.to_string())),
            },
        }
        Ok(StepOutcome::Done)
    }

    fn queued_wait(op: &mut PowerOp) -> Option<&mut OngoingWait> {
        match op {
            PowerOp::AwaitFirst(_, wait) | PowerOp::Await(_, wait) => Some(wait),
            PowerOp::Order { .. } => None,
        }
    }

    fn claimed_objects(&self, plan: &PowerPlan) -> Vec<String> {
        vec![machine_title(&plan.report.machine)]
    }

    fn title(&self) -> String {
        self.machine.title()
    }
}

impl PowerSpec {
    fn push_switch(&self, plan: &mut PowerPlan, order: PowerOrder, desired: Power) {
        if plan.report.power == desired {
            return;
        }
        let before = json!({ "power": plan.report.power });
        match self.switching {
            Switching::Never => self.push_wait(plan, before, desired, NOT_SWITCHED_HINT),
            Switching::AtOnce => {
                let why = format!("the machine is {}", plan.report.power);
                self.push_order(plan, Action::Update, order, desired, &why);
            }
            Switching::After(limits) => {
                let (target, seconds) = (
                    machine_title(&plan.report.machine),
                    limits.timeout.as_secs_f64(),
                );
                let wait = OngoingWait::new(
                    limits,
                    target.clone(),
                    desired.to_string(),
                    NOT_FOLLOWED_HINT,
                );
                let why = format!("it may be {desired} by itself within {seconds} s");
                let step = Step::new(
                    Action::Wait,
                    target,
                    why,
                    before,
                    json!({ "power": desired }),
                );
                plan.push(PowerOp::AwaitFirst(desired.clone(), wait), step);
                let why = format!(
                    "the machine is {}, and was not {desired} by itself",
                    plan.report.power
                );
                let place = plan.steps.len();
                self.push_order(plan, Action::Update, order, desired.clone(), &why);
                if let Some(PowerOp::Order { unless, .. }) =
                    plan.steps.get_mut(place).map(|planned| &mut planned.op)
                {
                    *unless = Some(desired);
                }
            }
        }
    }

    fn push_reboot(&self, plan: &mut PowerPlan, boot: Option<BootSource>) {
        let is_off = plan.report.power == Power::Off;
        let (order, why) = match boot {
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
        let before = json!({ "power": plan.report.power });
        let ordered = json!({ "power": order });
        let step = Step::new(action, target, why, before, ordered.clone());
        let waits = self.wait.is_some();
        let unless = None;
        let op = PowerOp::Order {
            order,
            waits,
            unless,
        };
        plan.push(op, step);
        self.push_wait(plan, ordered, desired, NOT_FOLLOWED_HINT);
    }

    fn push_wait(&self, plan: &mut PowerPlan, before: Value, desired: Power, hint: &'static str) {
        plan.report.power = desired.clone();
        let Some(limits) = self.wait else { return };
        let target = machine_title(&plan.report.machine);
        let why = format!("its BMC tells it within {} s", limits.timeout.as_secs_f64());
        let after = json!({ "power": desired });
        let step = Step::new(Action::Wait, target.clone(), why, before, after);
        let wait = OngoingWait::new(limits, target, desired.to_string(), hint);
        plan.push(PowerOp::Await(desired, wait), step);
    }
}

/// The power of a machine, if its BMC answers. Without an answer, an order would fail as well.
fn known_power(client: &ReadOnlyClient, machine: &Machine) -> Result<Power> {
    match client.powers().get(machine.id)? {
        Power::NoBmc => Err(TaskError::failed(
            machine_title(machine),
            "has no BMC, so its power can be neither told nor switched",
        )),
        Power::BmcFails => Err(TaskError::with_hint(
            format!(
                "the BMC of machine '{}' does not answer, so its power is unknown and was left alone",
                machine.name
            ),
            "Check that the BMC answers, and that its address, user, password and cartridge on the server are right.",
        )),
        Power::Other(word) => Err(TaskError::with_hint(
            format!(
                "machine '{}' has the power '{word}', which is not known here, so it was left alone",
                machine.name
            ),
            "Look at the machine's BMC: only on and off are known.",
        )),
        power @ (Power::On | Power::Off) => Ok(power),
    }
}

/// Refuses a PXE reboot with netboot off, where the server names no boot file, and warns where netboot would install
/// a machine that is installed already.
fn require_netboot(plan: &mut PowerPlan, client: &ReadOnlyClient, force: bool) -> Result<()> {
    let machine = &plan.report.machine;
    if !netboot_of(machine) {
        return match force {
            true => Ok(()),
            false => Err(TaskError::with_hint(
                format!(
                    "a PXE reboot of machine '{}' finds nothing to boot, since its netboot is off",
                    machine.name
                ),
                "Switch its netboot on first, or reboot it all the same with the option O(force).",
            )),
        };
    }
    let state = client.states().get(machine.id)?;
    require_known_state(machine, &state)?;
    if state == MachineState::Ready {
        plan.warnings.push(format!(
            "{} is installed and its netboot is on, so a PXE reboot installs it again",
            machine_title(machine)
        ));
    }
    Ok(())
}

/// The power after an order whose answer was lost, if it proves that the order took effect. A reboot cannot be proved.
fn power_after(client: &ReadOnlyClient, machine: MachineId, order: PowerOrder) -> Option<Power> {
    let expected = match order {
        PowerOrder::On => Power::On,
        PowerOrder::Off => Power::Off,
        _ => return None,
    };
    let found = client.powers().get(machine).ok()?;
    (found == expected).then_some(found)
}
