//! The state of a lab: database, settings, faults, logs and boots, behind one lock that makes every handler atomic.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Handle;
use tokio::sync;
use tokio::task::AbortHandle;

use crate::answering::{self, Answering};
use crate::bmc::Chassis;
use crate::booting::Boot;
use crate::console::Consoles;
use crate::database::{Database, Machine};
use crate::faults::Faults;
use crate::generated_machines;
use crate::log::Log;
use crate::release::ServerKind;
use crate::seed;
use crate::settings::Settings;

/// A change of a machine's power that a handler causes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum PowerEvent {
    /// The machine starts, from the network if netboot is enabled.
    Boot(i64),
    /// The machine is switched off.
    Stop(i64),
}

/// A boot that is running.
pub(crate) struct RunningBoot {
    /// Its index in `boots`.
    pub(crate) index: usize,
    pub(crate) task: AbortHandle,
    /// The installation is complete and the machine is about to report it.
    pub(crate) reporting: bool,
}

pub(crate) struct LabState {
    pub(crate) db: Database,
    pub(crate) settings: Settings,
    pub(crate) faults: Faults,
    pub(crate) log: Log,
    pub(crate) boots: Vec<Boot>,
    /// The running boots, by the machine's id.
    pub(crate) running: HashMap<i64, RunningBoot>,
    pub(crate) power_events: Vec<PowerEvent>,
    pub(crate) answering: Answering,
    pub(crate) consoles: Consoles,
    /// Where the lab's own consoles are.
    pub(crate) console_port: u16,
    /// The commands that BMCs carried out: the machine's name and the arguments of `ipmitool`.
    pub(crate) bmc_orders: Vec<(String, String)>,
    /// How often a machine was switched on, reset or cycled.
    pub(crate) starts: usize,
    /// How long the BMC takes that the current handler asked.
    pub(crate) bmc_delay: Duration,
    /// Held while a request is answered, when requests are served one at a time.
    pub(crate) turn: Arc<sync::Mutex<()>>,
    folder: PathBuf,
    /// The number of generated machines after a reset.
    machines: usize,
    /// How the server runs after a reset.
    kind: ServerKind,
    resets: u64,
}

impl LabState {
    fn new(
        folder: PathBuf,
        console_port: u16,
        machines: usize,
        kind: ServerKind,
        runtime: Handle,
    ) -> io::Result<LabState> {
        let mut db = seed::load(&folder)?;
        generated_machines::add(&mut db, machines).map_err(io::Error::other)?;
        let settings = Settings::new(db.config.max_upload_size, kind);
        Ok(LabState {
            db,
            settings,
            faults: Faults::default(),
            log: Log::default(),
            boots: Vec::new(),
            running: HashMap::new(),
            power_events: Vec::new(),
            answering: Answering::new(runtime),
            consoles: Consoles::default(),
            console_port,
            bmc_orders: Vec::new(),
            starts: 0,
            bmc_delay: Duration::ZERO,
            turn: Arc::default(),
            folder,
            machines,
            kind,
            resets: 0,
        })
    }

    /// Restores the seeded state and ends running boots.
    pub(crate) fn reset(&mut self) -> io::Result<()> {
        for (_, running) in self.running.drain() {
            running.task.abort();
        }
        let old = std::mem::take(&mut self.db.files);
        let resets = self.resets + 1;
        self.answering.close_all();
        let runtime = self.answering.runtime.clone();
        *self = LabState::new(
            self.folder.clone(),
            self.console_port,
            self.machines,
            self.kind,
            runtime,
        )?;
        self.resets = resets;
        for path in old
            .values()
            .filter(|path| !self.db.files.values().any(|seeded| seeded == *path))
        {
            // A download in progress keeps its open file. A file that cannot be removed now is removed with the folder.
            let _ = std::fs::remove_file(path);
        }
        Ok(())
    }

    /// Restarts the server: changes that are not stored are lost. Settings, faults, logs and machines stay.
    pub(crate) fn restart(&mut self) {
        self.db.close_session();
    }

    /// Changes settings. A server that is started in another way is restarted for it.
    pub(crate) fn change_settings(&mut self, settings: &Value) -> Result<(), String> {
        let before = self.settings.kind;
        self.settings.merge(settings)?;
        if self.settings.kind != before {
            self.restart();
        }
        answering::run_all(self);
        Ok(())
    }

    /// Whether a machine's power is on.
    pub(crate) fn is_on(&self, machine: &Machine) -> bool {
        let chassis = Chassis::for_machine(self, machine);
        chassis.is_ok_and(|chassis| chassis.is_some_and(|chassis| chassis.is_on(self)))
    }

    /// Records that a machine's state was set. A boot that reports this state gets its result in the same moment, so that a
    /// test that waits for the state finds the result too.
    pub(crate) fn record_reported_state(&mut self, machine_id: i64, state: &str) {
        let running = self
            .running
            .get(&machine_id)
            .filter(|running| running.reporting);
        let boot = running.and_then(|running| self.boots.get_mut(running.index));
        boot.into_iter()
            .for_each(|boot| boot.result = state.to_owned());
    }

    /// How often the lab was reset. Requests and boots from before a reset have no effect after it.
    pub(crate) fn resets(&self) -> u64 {
        self.resets
    }
}

/// What the connections of one lab share.
pub(crate) struct Shared {
    lab: Mutex<LabState>,
    pub(crate) folder: TempDir,
    pub(crate) address: SocketAddr,
}

impl Shared {
    pub(crate) fn new(
        address: SocketAddr,
        console_port: u16,
        machines: usize,
        kind: ServerKind,
        runtime: Handle,
    ) -> io::Result<Shared> {
        let folder = tempfile::Builder::new().prefix("mrp-lab-").tempdir()?;
        let state = LabState::new(
            folder.path().to_owned(),
            console_port,
            machines,
            kind,
            runtime,
        )?;
        let lab = Mutex::new(state);
        Ok(Shared {
            lab,
            folder,
            address,
        })
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, LabState> {
        // A handler that panicked must not stop the others.
        self.lab.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
