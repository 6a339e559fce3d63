//! Giving an order to a machine's BMC, and looking whether it is followed.

use crate::client::{Client, MachineId, Power, PowerOrder, ReadOnlyClient};
use crate::task::machine::named;
use crate::task::power::{PowerOp, PowerReport};
use crate::task::wait::{Awaited, Seen, Waiting};
use crate::task::{StepOutcome, TaskError};

const NOT_FOLLOWED_HINT: &str = "The server has passed the order on, but the machine's BMC does not say that it was followed: look at the BMC, \
     or raise wait_timeout.";

/// Gives an order; the power that comes back is what the server read after it.
pub(super) fn order(
    client: &Client,
    order: PowerOrder,
    report: &mut PowerReport,
) -> Result<StepOutcome<PowerOp>, TaskError> {
    let machine = report.machine.id;
    report.power = match client.powers().order(machine, order) {
        Err(lost) if lost.is_outcome_unknown() => {
            proof(client.read_only(), machine, order).ok_or(lost)?
        }
        answer => answer?,
    };
    Ok(StepOutcome::Done)
}

/// Whether an order whose answer was lost took effect, where the power tells that: a reboot leaves no trace.
fn proof(client: &ReadOnlyClient, machine: MachineId, order: PowerOrder) -> Option<Power> {
    let wanted = match order {
        PowerOrder::On => Power::On,
        PowerOrder::Off => Power::Off,
        _ => return None,
    };
    let found = client.powers().get(machine).ok()?;
    (found == wanted).then_some(found)
}

/// One look whether the power is as wanted. A BMC that does not answer may do so at the next.
pub(super) fn look(
    client: &Client,
    wanted: Power,
    waiting: Waiting,
    report: &mut PowerReport,
) -> Result<StepOutcome<PowerOp>, TaskError> {
    let seen = client.powers().get(report.machine.id).map(|power| {
        report.power = power;
        match report.power == wanted {
            true => Seen::AsAwaited,
            false => Seen::NotYet(report.power.to_string()),
        }
    });
    let awaited = Awaited {
        who: named(&report.machine),
        state: wanted.to_string(),
        hint: NOT_FOLLOWED_HINT,
    };
    waiting.after(client, seen, awaited, |waiting| {
        PowerOp::Await(wanted, waiting)
    })
}
