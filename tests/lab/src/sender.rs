//! Who sends a request: a client, or one of the lab's machines for one of its boots.

use hyper::HeaderMap;
use serde::{Deserialize, Serialize};

use crate::log::CLIENT;
use crate::world::World;

/// Marks a request as a machine's own; its value tells the boot that it belongs to.
pub(crate) const BY_MACHINE: &str = "x-lab-machine";

/// Which boot of which machine asks.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct BootId {
    pub(crate) machine: i64,
    /// Where it stands in the world's boots.
    pub(crate) place: usize,
    /// The age of that world.
    pub(crate) age: u64,
}

impl BootId {
    /// Whether the boot goes on: none does after a reset, after its machine was switched off or has begun another.
    pub(crate) fn goes_on(self, world: &World) -> bool {
        let busy = world.busy.get(&self.machine);
        world.age() == self.age && busy.is_some_and(|busy| busy.place == self.place)
    }
}

/// Who sent a request, and into which world.
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

    /// Whether its request may still do something: one that is under way does not, once its boot has ended or the world
    /// was put back.
    pub(crate) fn counts(&self, world: &World) -> bool {
        world.age() == self.age && self.boot.is_none_or(|boot| boot.goes_on(world))
    }

    /// As the log has it.
    pub(crate) fn name(&self, world: &World) -> String {
        let machine = self
            .boot
            .and_then(|boot| world.db.machines.get(boot.machine));
        machine.map_or(CLIENT.into(), |machine| format!("machine {}", machine.name))
    }
}
