//! Everything that a request may read or change; one lock around it makes every handler atomic.

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

/// What a handler wants of a machine's chassis once it is done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Wake {
    /// The machine starts, from the network if it may.
    Boot(i64),
    /// The machine stops what it was doing.
    Stop(i64),
}

/// A machine that boots.
pub(crate) struct Busy {
    /// Where its boot stands in `boots`.
    pub(crate) place: usize,
    pub(crate) task: AbortHandle,
    /// It is installed and about to say so.
    pub(crate) reporting: bool,
}

pub(crate) struct World {
    pub(crate) db: Db,
    pub(crate) settings: Settings,
    pub(crate) faults: Faults,
    pub(crate) log: Log,
    pub(crate) boots: Vec<Boot>,
    /// The machines that are busy booting.
    pub(crate) busy: HashMap<i64, Busy>,
    pub(crate) wakes: Vec<Wake>,
    /// How long the BMC that the current handler asked takes.
    pub(crate) wait: Duration,
    /// Held by the one request that is being answered, where requests wait for each other.
    pub(crate) turn: Arc<sync::Mutex<()>>,
    folder: PathBuf,
    /// How many generated machines belong to the seeded state.
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

    /// Puts everything back into the seeded state; what machines are doing ends.
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
            // A download in progress keeps its open file; one that cannot be removed goes with the folder.
            let _ = std::fs::remove_file(path);
        }
        Ok(())
    }

    /// A machine's state was set; a boot that ends with that shows it at once, so that whoever waits for the one sees the
    /// other.
    pub(crate) fn reported(&mut self, machine_id: i64, state: &str) {
        let busy = self.busy.get(&machine_id).filter(|busy| busy.reporting);
        let boot = busy.and_then(|busy| self.boots.get_mut(busy.place));
        boot.into_iter()
            .for_each(|boot| boot.result = state.to_owned());
    }

    /// How often this world was put back: what began before does not count after.
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
        // A handler that panicked answers nobody, and the others go on.
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
