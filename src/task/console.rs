//! Access to the serial console of a machine.

use crate::client::{Machine, ReadOnlyClient};
use crate::task::lookup::MachineRef;
use crate::task::machine::machine_title;
use crate::task::{Result, TaskError, lookup};

/// Finds the machine, and refuses what the server would refuse. With `allow_unassigned`, also one that is not assigned
/// to the token's user, whose console the server opens only for administrators.
pub(crate) fn find_machine(
    client: &ReadOnlyClient,
    machine: &MachineRef,
    allow_unassigned: bool,
) -> Result<Machine> {
    let machine = lookup::find_assigned_machine(client, machine, allow_unassigned)?;
    match lookup::has_bmc(client, &machine)? {
        true => Ok(machine),
        false => Err(TaskError::failed(
            machine_title(&machine),
            "has no BMC, so it has no console",
        )),
    }
}

/// Whether a session ended because the BMC has another one, by what it printed: a sentence of `ipmitool`.
pub(crate) fn is_busy(printed: &[u8]) -> bool {
    String::from_utf8_lossy(printed).contains("already active")
}
