//! Giving an order to a machine's BMC, and looking whether it is followed.

use super::{PowerOp, PowerReport};
use crate::api::{ApiError, MachineId, Power, PowerOrder, Reader, Writer};
use crate::task::machine::named;
use crate::task::wait::{Awaited, Seen, Waiting};
use crate::task::{Effect, TaskError};

const NOT_FOLLOWED_HINT: &str = "The server has passed the order on, but the machine's BMC does not say that it was followed: look at the BMC, \
     or raise wait_timeout.";

/// Gives an order; the power that comes back is what the server read after it.
pub(super) fn order(
    writer: &Writer,
    order: PowerOrder,
    report: &mut PowerReport,
) -> Result<Effect<PowerOp>, TaskError> {
    let machine = report.machine.id;
    report.power = match writer.powers().order(machine, order) {
        Err(lost @ ApiError::OutcomeUnknown { .. }) => {
            proof(writer.reader(), machine, order).ok_or(lost)?
        }
        answer => answer?,
    };
    Ok(Effect::Done)
}

/// Whether an order whose answer was lost took effect, where the power tells that: a reboot leaves no trace.
fn proof(reader: &Reader, machine: MachineId, order: PowerOrder) -> Option<Power> {
    let wanted = match order {
        PowerOrder::On => Power::On,
        PowerOrder::Off => Power::Off,
        _ => return None,
    };
    let found = reader.powers().get(machine).ok()?;
    (found == wanted).then_some(found)
}

/// One look whether the power is as wanted. A BMC that does not answer may do so at the next.
pub(super) fn look(
    writer: &Writer,
    wanted: Power,
    waiting: Waiting,
    report: &mut PowerReport,
) -> Result<Effect<PowerOp>, TaskError> {
    let seen = writer.powers().get(report.machine.id).map(|power| {
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
    waiting.after(writer, seen, awaited, |waiting| {
        PowerOp::Await(wanted, waiting)
    })
}
