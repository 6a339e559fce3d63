//! Waiting until a machine reports that it is installed.

use std::time::Duration;

use super::TaskError;
use crate::api::{ApiError, Machine, MachineState, Reader};

/// The first pause between two looks; each later one is twice as long, up to the interval.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// How long to wait for an installation, and how often to look.
#[derive(Clone, Copy, Debug)]
pub struct Wait {
    /// From the start of the wait until it fails.
    pub timeout: Duration,
    /// The longest pause between two looks.
    pub interval: Duration,
}

impl Wait {
    /// Polls the state until it is `ready`; fails at once on `error`, and at the deadline with what was last seen.
    ///
    /// A server that does not answer for a while does not end the wait: the machine installs all the same.
    pub(super) fn until_ready(&self, reader: &Reader, machine: &Machine) -> Result<(), TaskError> {
        let clock = reader.clock();
        let start = clock.now();
        let mut pause = FIRST_PAUSE.min(self.interval);
        loop {
            let seen = reader.states().get(machine.id);
            let waited = clock.now().saturating_sub(start);
            let last = match seen {
                Ok(MachineState::Ready) => return Ok(()),
                Ok(MachineState::Error) => {
                    return Err(TaskError::InstallFailed {
                        machine: machine.name.clone(),
                        waited,
                    });
                }
                Ok(state) => state.to_string(),
                Err(error) if is_passing(&error) => format!("not to be had ({error})"),
                Err(error) => return Err(error.into()),
            };
            if waited >= self.timeout {
                let machine = machine.name.clone();
                return Err(TaskError::WaitTimeout {
                    machine,
                    waited: self.timeout,
                    last,
                });
            }
            clock.sleep(pause.min(self.timeout - waited));
            pause = (pause * 2).min(self.interval);
        }
    }
}

/// A failure that says nothing of the machine and may be over at the next look.
fn is_passing(error: &ApiError) -> bool {
    error.status().is_none_or(|status| status >= 500)
}
