//! The client: the door to the resources, in a read-only and a writing form.
//!
//! A [`ReadOnlyClient`] has only what reads. A [`Client`] has everything, and can hand out a `ReadOnlyClient`; there is no way back. So
//! whoever is given a `ReadOnlyClient` cannot change anything, whatever they call:
//!
//! ```compile_fail
//! # use mr_provisioner::client::{MachineChanges, MachineId, ReadOnlyClient};
//! fn plan(client: &ReadOnlyClient) {
//!     let _ = client.machines().update(MachineId(7), &MachineChanges::default());
//! }
//! ```

use std::fmt;
use std::sync::Arc;

use crate::client::http::Pipeline;
use crate::client::{
    Assignees, Clock, Consoles, Images, Interfaces, Machines, Powers, Preseeds, ProgressListener,
    Reservations, Result, Settings, States, SystemClock,
};

/// Marks a client that only reads.
#[derive(Clone, Debug)]
pub struct ReadOnly(());

/// Marks a client that also writes.
#[derive(Clone, Debug)]
pub struct ReadWrite {
    read_only: ReadOnlyClient,
}

/// A client of one server. Clones share their connections, and threads may share a client.
#[derive(Clone)]
pub struct Client<Access = ReadWrite> {
    pipeline: Arc<Pipeline>,
    access: Access,
}

/// A client that can only read.
pub type ReadOnlyClient = Client<ReadOnly>;

impl Client {
    /// Prepares a client. Nothing is sent yet; fails when a file of the TLS settings cannot be used.
    pub fn connect(settings: &Settings) -> Result<Client> {
        Client::connect_with_clock(settings, Arc::new(SystemClock))
    }

    /// Like [`Client::connect`], with a clock for the pauses between attempts.
    pub fn connect_with_clock(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Client> {
        let pipeline = Arc::new(Pipeline::new(settings, clock)?);
        let read_only = Client {
            pipeline: Arc::clone(&pipeline),
            access: ReadOnly(()),
        };
        Ok(Client {
            pipeline,
            access: ReadWrite { read_only },
        })
    }

    /// The same client, without what writes.
    pub fn read_only(&self) -> &ReadOnlyClient {
        &self.access.read_only
    }
}

impl ReadOnlyClient {
    /// A client that asks for everything only once and remembers the answer: for plans that are made together, before
    /// anything is written.
    pub fn remembering(&self) -> ReadOnlyClient {
        Client {
            pipeline: Arc::new(self.pipeline.remembering()),
            access: ReadOnly(()),
        }
    }
}

impl<Access> Client<Access> {
    /// The clock the client was given.
    pub fn clock(&self) -> &dyn Clock {
        self.pipeline.clock()
    }

    /// Who is told of the progress of what takes long.
    pub fn progress(&self) -> &ProgressListener {
        self.pipeline.progress()
    }

    /// The images: kernels, initrds and bootloaders.
    pub fn images(&self) -> Images<'_, Access> {
        Images::new(&self.pipeline)
    }

    /// The preseeds.
    pub fn preseeds(&self) -> Preseeds<'_, Access> {
        Preseeds::new(&self.pipeline)
    }

    /// The machines and their boot settings.
    pub fn machines(&self) -> Machines<'_, Access> {
        Machines::new(&self.pipeline)
    }

    /// The machines' network interfaces.
    pub fn interfaces(&self) -> Interfaces<'_, Access> {
        Interfaces::new(&self.pipeline)
    }

    /// The machines' provisioning states.
    pub fn states(&self) -> States<'_, Access> {
        States::new(&self.pipeline)
    }

    /// Asking for free machines.
    pub fn reservations(&self) -> Reservations<'_, Access> {
        Reservations::new(&self.pipeline)
    }

    /// Who the machines are assigned to.
    pub fn assignees(&self) -> Assignees<'_, Access> {
        Assignees::new(&self.pipeline)
    }

    /// The machines' power.
    pub fn powers(&self) -> Powers<'_, Access> {
        Powers::new(&self.pipeline)
    }

    /// The machines' serial consoles.
    pub fn consoles(&self) -> Consoles<'_, Access> {
        Consoles::new(&self.pipeline)
    }
}

impl<Access> fmt::Debug for Client<Access> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Client").finish_non_exhaustive()
    }
}
