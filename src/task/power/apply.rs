//! Sending an order to a machine's BMC, and reading whether it takes effect.

use crate::client::{Client, MachineId, Power, PowerOrder, ReadOnlyClient};
use crate::task::power::{PowerOp, PowerReport};
use crate::task::wait::{Observation, OngoingWait};
use crate::task::{StepOutcome, TaskError};

/// Sends an order. The server answers with the power that it read afterwards.
pub(super) fn send_order(
    client: &Client,
    order: PowerOrder,
    report: &mut PowerReport,
) -> Result<StepOutcome<PowerOp>, TaskError> {
    let machine = report.machine.id;
    report.power = match client.powers().order(machine, order) {
        Err(lost) if lost.is_outcome_unknown() => {
            power_after(client.read_only(), machine, order).ok_or(lost)?
        }
        answer => answer?,
    };
    Ok(StepOutcome::Done)
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

/// Reads the power once. A BMC that does not answer may do so the next time.
pub(super) fn poll_power(
    client: &Client,
    awaited: Power,
    wait: OngoingWait,
    report: &mut PowerReport,
) -> Result<StepOutcome<PowerOp>, TaskError> {
    let observation = client.powers().get(report.machine.id).map(|power| {
        report.power = power;
        match report.power == awaited {
            true => Observation::Reached,
            false => Observation::NotYet(report.power.to_string()),
        }
    });
    wait.step_outcome(client, observation, |wait| PowerOp::Await(awaited, wait))
}
