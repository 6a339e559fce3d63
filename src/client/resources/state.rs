//! The provisioning state of machines.
//!
//! Nothing on the server ever ends `provisioning`: the installed system, or somebody, sets `ready`. Writing needs the
//! machine to be assigned to the user; the refusal has no text.

use serde::{Deserialize, Serialize};

use crate::client::client::ReadWrite;
use crate::client::http::operation::Subject;
use crate::client::http::request::Request;
use crate::client::resources::handle::handle;
use crate::client::resources::wire_types::{required_word, words};
use crate::client::{MachineId, Result};

words! {
    /// How far a machine is.
    MachineState {
        /// Nothing was ever reported.
        Unknown = "unknown",
        /// An installation was started and has not reported back.
        Provisioning = "provisioning",
        /// The installed system reported back.
        Ready = "ready",
        /// A failure was reported.
        Error = "error",
    }
}

/// A state that can be reported for a machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ReportedState {
    /// Nothing is known.
    Unknown,
    /// The machine is installed.
    Ready,
    /// The installation failed.
    Error,
}

impl From<ReportedState> for MachineState {
    fn from(state: ReportedState) -> MachineState {
        match state {
            ReportedState::Unknown => MachineState::Unknown,
            ReportedState::Ready => MachineState::Ready,
            ReportedState::Error => MachineState::Error,
        }
    }
}

handle! {
    /// The states of a server's machines.
    States
}

/// The body of every request and every answer about a state, or about power.
///
/// A state decides whether a machine is installed again, so one that is missing or null is an error.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct StateBody<S> {
    #[serde(
        deserialize_with = "required_word",
        bound(deserialize = "S: for<'a> From<&'a str>")
    )]
    pub(crate) state: S,
}

impl<Access> States<'_, Access> {
    /// The state of a machine.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::client::ErrorKind::NotFound) when there is no such machine.
    pub fn get(&self, machine: MachineId) -> Result<MachineState> {
        self.pipeline
            .json(&self.reading(machine))
            .map(|answer: StateBody<MachineState>| answer.state)
    }

    /// Whether a report was given up on that may still change the state of a machine.
    pub(crate) fn may_change_late(&self, machine: MachineId) -> bool {
        self.pipeline.given_up.may_change(&self.reading(machine))
    }

    fn reading(&self, machine: MachineId) -> Request {
        Request::get(
            format!("machine/{machine}/state"),
            format!("reading the state of {}", self.pipeline.machine(machine)),
        )
    }
}

impl States<'_, ReadWrite> {
    /// Starts provisioning: switches netboot on and reboots the machine into it. Needs a BMC, a kernel and a subarch with
    /// a bootloader.
    ///
    /// Each call reboots the machine, so it is never repeated unless it certainly did not reach the server. A success
    /// whose text cannot be read has begun it all the same: release 0.3.1 and some proxies send none.
    ///
    /// # Errors
    ///
    /// [`OutcomeUnknown`](crate::client::ErrorKind::OutcomeUnknown) when its answer is lost,
    /// [`Forbidden`](crate::client::ErrorKind::Forbidden) when the machine is not assigned to the user. After
    /// [`Bmc`](crate::client::ErrorKind::Bmc) the state is `provisioning` and netboot is on all the same.
    pub fn provision(&self, machine: MachineId) -> Result<MachineState> {
        let action = format!(
            "starting the provisioning of {}",
            self.pipeline.machine(machine)
        );
        let request = Request::post(format!("machine/{machine}/state"), action)
            .json(&StateBody { state: "provision" })
            .about(Subject::Bmc)
            .forbidden(UNASSIGNED);
        match self.pipeline.json(&request) {
            Ok(StateBody { state }) => Ok(state),
            Err(error) if error.is_unreadable_success() => Ok(MachineState::Provisioning),
            Err(error) => Err(error.or_outcome_unknown()),
        }
    }

    /// Reports a state for a machine. Sending it twice changes nothing more.
    ///
    /// # Errors
    ///
    /// [`Forbidden`](crate::client::ErrorKind::Forbidden) when the machine is not assigned to the user.
    pub fn set(&self, machine: MachineId, state: ReportedState) -> Result<MachineState> {
        let answered = self.report(machine, state)?;
        Ok(answered.unwrap_or(state.into()))
    }

    /// The same; None for a success that cannot be read, which something in the server's place may have answered.
    pub(crate) fn report(
        &self,
        machine: MachineId,
        state: ReportedState,
    ) -> Result<Option<MachineState>> {
        let action = format!("setting the state of {}", self.pipeline.machine(machine));
        let request = Request::put(
            format!("machine/{machine}/state"),
            action,
            &StateBody { state },
        );
        match self.pipeline.json(&request.forbidden(UNASSIGNED)) {
            Ok(StateBody { state }) => Ok(Some(state)),
            Err(error) if error.is_unreadable_success() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// What a 403 means here, and for power and consoles.
pub(crate) const UNASSIGNED: &str = "the machine is not assigned to this token's user";
