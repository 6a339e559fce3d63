//! The origin of a request: a client, or a boot of one of the lab's machines.

use hyper::HeaderMap;
use serde::{Deserialize, Serialize};

use crate::lab_state::LabState;
use crate::log::CLIENT;

/// The header of requests by the lab's machines. Its value is the `BootId`.
pub(crate) const BY_MACHINE: &str = "x-lab-machine";

/// Identifies a boot of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct BootId {
    pub(crate) machine: i64,
    /// Its index in `LabState::boots`.
    pub(crate) index: usize,
    /// The number of resets before the boot.
    pub(crate) resets: u64,
}

impl BootId {
    /// Whether the boot is still running. A reset ends it, and so do switching off and another boot of the machine.
    pub(crate) fn is_running(self, lab: &LabState) -> bool {
        let running = lab.running.get(&self.machine);
        lab.resets() == self.resets && running.is_some_and(|running| running.index == self.index)
    }
}

/// Who sent a request, and the number of resets before it.
pub(crate) struct RequestOrigin {
    boot: Option<BootId>,
    pub(crate) resets: u64,
}

impl RequestOrigin {
    pub(crate) fn new(lab: &LabState, headers: &HeaderMap) -> RequestOrigin {
        let marked = headers.get(BY_MACHINE);
        RequestOrigin {
            boot: marked.and_then(|mark| serde_json::from_slice(mark.as_bytes()).ok()),
            resets: lab.resets(),
        }
    }

    /// Whether the request may still have an effect. It may not after a reset or the end of its boot.
    pub(crate) fn may_have_effect(&self, lab: &LabState) -> bool {
        lab.resets() == self.resets && self.boot.is_none_or(|boot| boot.is_running(lab))
    }

    /// The sender's name in the log.
    pub(crate) fn name(&self, lab: &LabState) -> String {
        let machine = self.boot.and_then(|boot| lab.db.machines.get(boot.machine));
        machine.map_or(CLIENT.into(), |machine| format!("machine {}", machine.name))
    }
}
