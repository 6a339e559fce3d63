//! Access to the serial console of a machine.
//!
//! It changes nothing that other users see, but it is a request that writes: in check mode it is only prepared.

use crate::client::{Client, Console, Machine, ReadOnlyClient};
use crate::task::lookup::MachineRef;
use crate::task::{Result, TaskError, lookup};

/// The machine whose console is opened.
#[derive(Clone, Debug)]
pub(crate) struct ConsoleSpec {
    pub machine: MachineRef,
    /// Also open that of a machine that is not assigned to the token's user, which the server lets only administrators do.
    pub allow_unassigned: bool,
}

/// Finds the machine, and refuses what the server would refuse.
pub(crate) fn prepare(client: &ReadOnlyClient, spec: &ConsoleSpec) -> Result<Machine> {
    let machine = lookup::find_assigned_machine(client, &spec.machine, spec.allow_unassigned)?;
    match lookup::has_bmc(client, &machine)? {
        true => Ok(machine),
        false => Err(TaskError::Refused(format!(
            "machine '{}' has no BMC, so it has no console",
            machine.name
        ))),
    }
}

/// Opens the console. The answer contains a secret token.
pub(crate) fn open(client: &Client, machine: &Machine) -> Result<Console> {
    Ok(client.consoles().create(machine.id)?)
}
