//! Access to the serial console of a machine.
//!
//! It changes nothing that other users see, but it is a request that writes: in check mode it is only prepared.

use crate::client::{Client, Console, Machine, ReadOnlyClient};
use crate::task::lookup::MachineRef;
use crate::task::{TaskError, lookup};

/// The machine whose console is opened.
#[derive(Clone, Debug)]
pub struct ConsoleSpec {
    /// Which machine.
    pub machine: MachineRef,
    /// Also open that of a machine that is not assigned to the token's user, which the server lets only administrators do.
    pub allow_unassigned: bool,
}

/// Finds the machine, and refuses what the server would refuse.
pub fn prepare(client: &ReadOnlyClient, spec: &ConsoleSpec) -> Result<Machine, TaskError> {
    let machine = lookup::find_machine(client, &spec.machine)?;
    if !spec.allow_unassigned {
        lookup::require_assignment(client, &machine)?;
    }
    match lookup::has_bmc(client, &machine)? {
        true => Ok(machine),
        false => Err(TaskError::Refused(format!(
            "machine '{}' has no BMC, so it has no console",
            machine.name
        ))),
    }
}

/// Opens the console. The answer contains a secret token.
pub fn open(client: &Client, machine: &Machine) -> Result<Console, TaskError> {
    Ok(client.consoles().create(machine.id)?)
}
