//! The power of machines.
//!
//! The server stores nothing of it: each request, reading or switching, runs a command against the machine's BMC while
//! every other request waits. Everybody may read; switching needs the machine to be assigned to the user, or an
//! administrator, and the refusal has no text.

use serde::Serialize;

use crate::client::client::ReadWrite;
use crate::client::http::operation::Subject;
use crate::client::http::request::Request;
use crate::client::resources::handle::handle;
use crate::client::resources::state::{StateBody, UNASSIGNED};
use crate::client::resources::wire_types::words;
use crate::client::{ErrorKind, MachineId, Result};

words! {
    /// The power of a machine, as its BMC reports it.
    Power {
        /// It is on.
        On = "on",
        /// It is off.
        Off = "off",
        /// The machine has no BMC to ask.
        NoBmc = "unknown",
        /// The BMC does not answer, or the server does not know how to ask it.
        BmcFails = "Unknown (BMC error)",
    }
}

/// An order to a machine's BMC.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PowerOrder {
    /// Power on.
    On,
    /// Power off, without asking the operating system.
    Off,
    /// Reset. What that does to a machine that is off depends on the BMC.
    Reboot,
    /// Boot over the network, once: by a reset, or by switching on.
    PxeReboot,
    /// Boot from disk, once: by a reset, or by switching on.
    DiskReboot,
    /// Boot into the firmware's setup, once: by a reset, or by switching on.
    BiosReboot,
}

handle! {
    /// The power of a server's machines.
    Powers
}

impl<Access> Powers<'_, Access> {
    /// The power of a machine, asked of its BMC.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::client::ErrorKind::NotFound) when there is no such machine.
    pub fn get(&self, machine: MachineId) -> Result<Power> {
        let request = Request::get(
            format!("machine/{machine}/power"),
            format!("reading the power of {}", self.pipeline.machine(machine)),
        )
        .about(Subject::Bmc);
        match self.pipeline.json(&request) {
            Ok(StateBody { state }) => Ok(state),
            // The server refuses to ask a chassis for a cartridge that is not a number.
            Err(error) if error.kind() == ErrorKind::InvalidRequest => Ok(Power::BmcFails),
            Err(error) => Err(error),
        }
    }
}

impl Powers<'_, ReadWrite> {
    /// Gives an order and returns the power that the BMC then reports, which may be the one from before. It is
    /// `Power::Other` of an empty text where the server accepted the order with an answer that cannot be read: release
    /// 0.3.1 sends none.
    ///
    /// A reboot happens as often as it is ordered, so no order is repeated unless it certainly did not reach the server.
    ///
    /// # Errors
    ///
    /// [`OutcomeUnknown`](ErrorKind::OutcomeUnknown) when its answer is lost, [`Bmc`](ErrorKind::Bmc) when the BMC fails,
    /// [`Forbidden`](ErrorKind::Forbidden) when the machine is not assigned to the user.
    pub fn order(&self, machine: MachineId, order: PowerOrder) -> Result<Power> {
        let title = self.pipeline.machine(machine);
        let action = match order {
            PowerOrder::On => format!("switching {title} on"),
            PowerOrder::Off => format!("switching {title} off"),
            PowerOrder::Reboot => format!("rebooting {title}"),
            PowerOrder::PxeReboot => format!("rebooting {title} over the network"),
            PowerOrder::DiskReboot => format!("rebooting {title} from disk"),
            PowerOrder::BiosReboot => format!("rebooting {title} into its firmware"),
        };
        let request = Request::post(format!("machine/{machine}/power"), action)
            .json(&StateBody { state: order })
            .about(Subject::Bmc)
            .forbidden(UNASSIGNED);
        match self.pipeline.json(&request) {
            Ok(StateBody { state }) => Ok(state),
            Err(error) if error.is_unreadable_success() => Ok(Power::default()),
            Err(error) => Err(error.or_outcome_unknown()),
        }
    }
}
