//! The server's database session: what requests see before it is stored, and what stores or loses it.
//!
//! This is the only place that says what a commit, a rollback, a savepoint, a restart and a failed flush do. Handlers call
//! [`Database::commit`] and [`Database::begin_nested`] where the server's code does. `routes` applies what an error answer says of
//! the session ([`SessionFailure`]), as the server's error handlers do, and closes the session where it ends with the request.

use std::collections::HashMap;

use crate::database::{
    Assignment, Database, DiscoveredMac, Event, Image, Interface, Lease, Machine, Preseed,
    SharedRows,
};
use crate::reply::Reply;

/// Which requests share a database session. It depends on how the server is started.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Sessions {
    /// Each request has its own: what it does not commit is lost at its end.
    #[default]
    Request,
    /// All requests share one, which ends with the process.
    One,
}

impl Sessions {
    /// The values of the setting and of the option `--sessions`.
    pub(crate) const NAMES: [&str; 2] = ["request", "one"];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Sessions::Request => Self::NAMES[0],
            Sessions::One => Self::NAMES[1],
        }
    }

    /// The value with this name.
    pub fn from_name(name: &str) -> Option<Sessions> {
        [Sessions::Request, Sessions::One]
            .into_iter()
            .find(|sessions| sessions.name() == name)
    }
}

/// What an error does to the session.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum SessionFailure {
    /// The database refused a statement. The server's error handlers roll back.
    Statement,
    /// The database driver refused a text to be stored. No error handler rolls back, so the session cannot be used again.
    Flush,
}

#[derive(Debug, Default)]
pub(crate) struct Session {
    committed: Rows,
    /// The rows at each open savepoint. Reservations open one, and the server forgets it when it finds no machine. Each one takes
    /// a commit or a rollback that was meant for the whole transaction.
    savepoints: Vec<Rows>,
    broken: bool,
    /// The subarchitectures of machines that were changed without a commit, by the machine's id, as the server read them first.
    /// It keeps such a machine in memory and does not notice that its subarchitecture changes.
    loaded_subarchs: HashMap<i64, Option<i64>>,
}

/// The rows of the tables that requests change. Keys are not among them: a rollback does not give them back.
#[derive(Clone, Debug, Default)]
struct Rows {
    images: SharedRows<Image>,
    preseeds: SharedRows<Preseed>,
    machines: SharedRows<Machine>,
    interfaces: SharedRows<Interface>,
    leases: SharedRows<Lease>,
    assignments: SharedRows<Assignment>,
    events: SharedRows<Event>,
    discovered: SharedRows<DiscoveredMac>,
}

impl Database {
    /// Stores what is not stored yet. With an open savepoint it closes only that, and nothing is stored.
    pub(crate) fn commit(&mut self) {
        if self.session.savepoints.pop().is_none() {
            self.session.committed = self.rows();
        }
        self.session.loaded_subarchs.clear();
    }

    /// Loses the changes since the last open savepoint, or all that are not stored.
    pub(crate) fn rollback(&mut self) {
        let rows = self.session.savepoints.pop();
        self.restore(rows.unwrap_or_else(|| self.session.committed.clone()));
        self.session.loaded_subarchs.clear();
    }

    /// Opens a savepoint.
    pub(crate) fn begin_nested(&mut self) {
        let rows = self.rows();
        self.session.savepoints.push(rows);
    }

    /// Does to the session what an error answer implies.
    pub(crate) fn apply_failure(&mut self, failure: SessionFailure) {
        match failure {
            SessionFailure::Statement => self.rollback(),
            SessionFailure::Flush => self.session.broken = true,
        }
    }

    /// Begins a new session, as the end of a request or a restart of the server does. What is not stored is lost.
    pub(crate) fn close_session(&mut self) {
        let committed = std::mem::take(&mut self.session.committed);
        self.restore(committed.clone());
        self.session = Session {
            committed,
            ..Session::default()
        };
    }

    /// Stores everything, whatever savepoints are open: changes that the lab itself makes are in the database at once.
    pub(crate) fn commit_all(&mut self) {
        self.session.savepoints.clear();
        self.commit();
    }

    /// Fails if the session cannot be used any more. Handlers call it where the server reads from the database first.
    pub(crate) fn check_session(&self) -> Result<(), Reply> {
        match self.session.broken {
            true => Err(Reply::internal_error()),
            false => Ok(()),
        }
    }

    /// Keeps a machine in memory that was changed and is not stored, with the subarchitecture that was read from it.
    pub(crate) fn keep_loaded(&mut self, machine: &Machine) {
        let loaded = &mut self.session.loaded_subarchs;
        loaded.entry(machine.id).or_insert(machine.subarch_id);
    }

    /// The id of the subarchitecture that the server reads from a machine.
    pub(crate) fn loaded_subarch(&self, machine: &Machine) -> Option<i64> {
        let loaded = self.session.loaded_subarchs.get(&machine.id);
        loaded.copied().unwrap_or(machine.subarch_id)
    }

    fn rows(&self) -> Rows {
        Rows {
            images: self.images.rows(),
            preseeds: self.preseeds.rows(),
            machines: self.machines.rows(),
            interfaces: self.interfaces.rows(),
            leases: self.leases.rows(),
            assignments: self.assignments.rows(),
            events: self.events.rows(),
            discovered: self.discovered.rows(),
        }
    }

    fn restore(&mut self, rows: Rows) {
        self.images.restore(rows.images);
        self.preseeds.restore(rows.preseeds);
        self.machines.restore(rows.machines);
        self.interfaces.restore(rows.interfaces);
        self.leases.restore(rows.leases);
        self.assignments.restore(rows.assignments);
        self.events.restore(rows.events);
        self.discovered.restore(rows.discovered);
    }
}
