//! The origin of a request: a client, or a boot of one of the lab's machines.

use hyper::HeaderMap;
use serde::{Deserialize, Serialize};

use crate::log::CLIENT;
use crate::world::World;

/// The header of requests by the lab's machines. Its value is the `BootId`.
pub(crate) const BY_MACHINE: &str = "x-lab-machine";

/// Identifies a boot of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct BootId {
    pub(crate) machine: i64,
    /// Its index in `LabState::boots`.
    pub(crate) place: usize,
    /// The number of resets before the boot.
    pub(crate) age: u64,
}

impl BootId {
    /// Whether the boot is still running. A reset ends it, and so do switching off and another boot of the machine.
    pub(crate) fn goes_on(self, world: &World) -> bool {
        let busy = world.busy.get(&self.machine);
        world.age() == self.age && busy.is_some_and(|busy| busy.place == self.place)
    }
}

/// Who sent a request, and the number of resets before it.
pub(crate) struct Sender {
    boot: Option<BootId>,
    pub(crate) age: u64,
}

impl Sender {
    pub(crate) fn of(world: &World, headers: &HeaderMap) -> Sender {
        let marked = headers.get(BY_MACHINE);
        Sender {
            boot: marked.and_then(|mark| serde_json::from_slice(mark.as_bytes()).ok()),
            age: world.age(),
        }
    }

    /// Whether the request may still have an effect. It may not after a reset or the end of its boot.
    pub(crate) fn counts(&self, world: &World) -> bool {
        world.age() == self.age && self.boot.is_none_or(|boot| boot.goes_on(world))
    }

    /// The sender's name in the log.
    pub(crate) fn name(&self, world: &World) -> String {
        let machine = self
            .boot
            .and_then(|boot| world.db.machines.get(boot.machine));
        machine.map_or(CLIENT.into(), |machine| format!("machine {}", machine.name))
    }
}
