//! The state of a lab: database, settings, faults, logs and boots, behind one lock that makes every handler atomic.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tempfile::TempDir;
use tokio::sync;
use tokio::task::AbortHandle;

use crate::crowd;
use crate::faults::Faults;
use crate::log::Log;
use crate::machine::Boot;
use crate::seed;
use crate::settings::Settings;
use crate::state::Db;

/// A change of a machine's power that a handler causes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Wake {
    /// The machine starts, from the network if netboot is enabled.
    Boot(i64),
    /// The machine is switched off.
    Stop(i64),
}

/// A boot that is running.
pub(crate) struct Busy {
    /// Its index in `boots`.
    pub(crate) place: usize,
    pub(crate) task: AbortHandle,
    /// The installation is complete and the machine is about to report it.
    pub(crate) reporting: bool,
}

pub(crate) struct World {
    pub(crate) db: Db,
    pub(crate) settings: Settings,
    pub(crate) faults: Faults,
    pub(crate) log: Log,
    pub(crate) boots: Vec<Boot>,
    /// The running boots, by the machine's id.
    pub(crate) busy: HashMap<i64, Busy>,
    pub(crate) wakes: Vec<Wake>,
    /// How long the BMC takes that the current handler asked.
    pub(crate) wait: Duration,
    /// Held while a request is answered, when requests are served one at a time.
    pub(crate) turn: Arc<sync::Mutex<()>>,
    folder: PathBuf,
    /// The number of generated machines after a reset.
    machines: usize,
    reseeds: u64,
}

impl World {
    fn new(folder: PathBuf, machines: usize) -> io::Result<World> {
        let mut db = seed::load(&folder)?;
        crowd::add(&mut db, machines).map_err(io::Error::other)?;
        let settings = Settings::new(db.config.max_upload_size);
        Ok(World {
            db,
            settings,
            faults: Faults::default(),
            log: Log::default(),
            boots: Vec::new(),
            busy: HashMap::new(),
            wakes: Vec::new(),
            wait: Duration::ZERO,
            turn: Arc::default(),
            folder,
            machines,
            reseeds: 0,
        })
    }

    /// Restores the seeded state and ends running boots.
    pub(crate) fn reset(&mut self) -> io::Result<()> {
        for (_, busy) in self.busy.drain() {
            busy.task.abort();
        }
        let old = std::mem::take(&mut self.db.files);
        let reseeds = self.reseeds + 1;
        *self = World::new(self.folder.clone(), self.machines)?;
        self.reseeds = reseeds;
        for path in old
            .values()
            .filter(|path| !self.db.files.values().any(|seeded| seeded == *path))
        {
            // A download in progress keeps its open file. A file that cannot be removed now is removed with the folder.
            let _ = std::fs::remove_file(path);
        }
        Ok(())
    }

    /// Records that a machine's state was set. A boot that reports this state gets its result in the same moment, so that a
    /// test that waits for the state finds the result too.
    pub(crate) fn reported(&mut self, machine_id: i64, state: &str) {
        let busy = self.busy.get(&machine_id).filter(|busy| busy.reporting);
        let boot = busy.and_then(|busy| self.boots.get_mut(busy.place));
        boot.into_iter()
            .for_each(|boot| boot.result = state.to_owned());
    }

    /// How often the lab was reset. Requests and boots from before a reset have no effect after it.
    pub(crate) fn age(&self) -> u64 {
        self.reseeds
    }
}

/// What the connections of one lab share.
pub(crate) struct Shared {
    world: Mutex<World>,
    pub(crate) folder: TempDir,
    pub(crate) address: SocketAddr,
}

impl Shared {
    pub(crate) fn new(address: SocketAddr, machines: usize) -> io::Result<Shared> {
        let folder = tempfile::Builder::new().prefix("mrp-lab-").tempdir()?;
        let world = Mutex::new(World::new(folder.path().to_owned(), machines)?);
        Ok(Shared {
            world,
            folder,
            address,
        })
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        // A handler that panicked must not stop the others.
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
