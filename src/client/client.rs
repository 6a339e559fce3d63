//! The client: access to the resources, in a read-only and a writing form.
//!
//! A [`ReadOnlyClient`] has only what reads. A [`Client`] has everything, and can hand out a `ReadOnlyClient`; there is no
//! way back. So code that gets a `ReadOnlyClient` cannot change anything on the server:
//!
//! ```compile_fail
//! # use mr_provisioner::client::{MachineChanges, MachineId, ReadOnlyClient};
//! fn plan(client: &ReadOnlyClient) {
//!     let _ = client.machines().update(MachineId(7), &MachineChanges::default());
//! }
//! ```

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::client::http::Pipeline;
use crate::client::{
    Assignees, BaseUrl, ClientBuilder, Clock, Consoles, Error, Images, Interfaces, Machines,
    Powers, Preseeds, ProgressListener, Reservations, States, Token,
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
    /// Begins a client of the server at this URL, for the user of this token. Both are taken as text, or ready made.
    pub fn builder<Url, Secret>(url: Url, token: Secret) -> ClientBuilder
    where
        Url: TryInto<BaseUrl>,
        Error: From<Url::Error>,
        Secret: TryInto<Token>,
        Error: From<Secret::Error>,
    {
        ClientBuilder::new(
            url.try_into().map_err(Error::from),
            token.try_into().map_err(Error::from),
        )
    }

    pub(crate) fn new(pipeline: Pipeline) -> Client {
        let read_only = ReadOnlyClient::new_read_only(pipeline);
        Client {
            pipeline: Arc::clone(&read_only.pipeline),
            access: ReadWrite { read_only },
        }
    }

    /// A client that tries each request once, for no longer than this.
    pub(crate) fn with_time_limit(&self, limit: Duration) -> Client {
        Client::new(self.pipeline.with_time_limit(limit))
    }

    /// The same client, without what writes.
    pub fn read_only(&self) -> &ReadOnlyClient {
        &self.access.read_only
    }
}

impl ReadOnlyClient {
    pub(crate) fn new_read_only(pipeline: Pipeline) -> ReadOnlyClient {
        Client {
            pipeline: Arc::new(pipeline),
            access: ReadOnly(()),
        }
    }

    /// A client that asks for everything only once and keeps the answers: for plans that are made together, before anything
    /// is written.
    pub(crate) fn with_response_cache(&self) -> ReadOnlyClient {
        ReadOnlyClient::new_read_only(self.pipeline.with_response_cache())
    }

    /// The same client, which asks for everything anew: to look again at what another client may have changed.
    pub(crate) fn without_response_cache(&self) -> ReadOnlyClient {
        ReadOnlyClient::new_read_only(self.pipeline.without_response_cache())
    }

    /// A client that tries each request once, for no longer than this: a wait repeats its requests itself, up to its
    /// deadline.
    pub(crate) fn with_time_limit(&self, limit: Duration) -> ReadOnlyClient {
        ReadOnlyClient::new_read_only(self.pipeline.with_time_limit(limit))
    }
}

impl<Access> Client<Access> {
    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.pipeline.clock
    }

    /// The server's address.
    pub(crate) fn base_url(&self) -> &BaseUrl {
        self.pipeline.base()
    }

    pub(crate) fn progress(&self) -> &ProgressListener {
        &self.pipeline.progress
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

    /// The reservations of free machines.
    pub fn reservations(&self) -> Reservations<'_, Access> {
        Reservations::new(&self.pipeline)
    }

    /// The assignments of machines to users.
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
