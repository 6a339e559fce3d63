//! A simulated Mr-Provisioner server and its machines, for tests and demonstrations.
//!
//! It answers as the real server was observed to answer, keeps everything except uploads in memory, and simulates faults on
//! request. The README describes its control path.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::runtime::Builder;

mod admin;
mod answering;
mod api;
mod auth;
mod bmc;
mod boot;
mod boot_config;
mod boot_messages;
mod booting;
mod call;
mod console;
mod console_server;
mod control;
mod cors;
mod database;
mod date;
mod faults;
mod generated_machines;
mod lab_state;
mod late_command;
mod log;
mod multipart;
mod network_address;
mod new_machine;
mod open_pages;
mod python;
mod query;
mod random;
mod release;
mod reply;
mod request_origin;
mod response_body;
mod routes;
mod schema;
mod seed;
mod server;
mod session;
mod settings;
mod snapshot;
mod transliterate;

pub use api::image::stored_name;
pub use booting::{Boot, Fetched};
pub use log::Request;
pub use query::found_names;
pub use release::{Release, ServerKind};
pub use routes::token_routes;
pub use session::Sessions;
pub use snapshot::Snapshot;

use lab_state::Shared;
use log::CLIENT;

/// How long tests wait for an event.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running lab; it stops when this is dropped.
pub struct Lab {
    url: String,
    shared: Arc<Shared>,
    /// The thread that stops the lab when the sender is dropped.
    stop: Option<(mpsc::Sender<()>, JoinHandle<()>)>,
}

impl Lab {
    /// Starts a lab on a free port of 127.0.0.1.
    ///
    /// # Panics
    /// When there is no free port or no space for temporary files: tests cannot continue without a lab.
    pub fn start() -> Lab {
        Lab::with_machines(0)
    }

    /// Starts a lab on a free port of 127.0.0.1 with generated machines in addition to the seeded ones.
    ///
    /// # Panics
    /// As [`Lab::start`], and when there are more machines than addresses.
    pub fn with_machines(machines: usize) -> Lab {
        Lab::listen(
            SocketAddr::from(([127, 0, 0, 1], 0)),
            machines,
            ServerKind::default(),
        )
        .expect("a lab needs a port and a temporary folder")
    }

    /// Starts a lab on a free port of 127.0.0.1 that is such a server, also after a reset.
    ///
    /// # Panics
    /// As [`Lab::start`].
    pub fn of_kind(kind: ServerKind) -> Lab {
        Lab::listen(SocketAddr::from(([127, 0, 0, 1], 0)), 0, kind)
            .expect("a lab needs a port and a temporary folder")
    }

    /// Starts a lab on a free port of 127.0.0.1 whose requests share a database session in this way, also after a reset.
    ///
    /// # Panics
    /// As [`Lab::start`].
    pub fn with_sessions(sessions: Sessions) -> Lab {
        Lab::of_kind(ServerKind {
            sessions,
            ..ServerKind::default()
        })
    }

    /// Starts a lab on an address with generated machines. Port 0 selects a free port.
    ///
    /// # Errors
    /// When the address cannot be bound, there is no space for temporary files, or there are more machines than addresses.
    pub fn listen(address: SocketAddr, machines: usize, kind: ServerKind) -> io::Result<Lab> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("mrp-lab")
            .enable_all()
            .build()?;
        let handle = runtime.handle().clone();
        let consoles = TcpListener::bind((address.ip(), 0))?;
        consoles.set_nonblocking(true)?;
        let console_port = consoles.local_addr()?.port();
        let shared = Arc::new(Shared::new(address, console_port, machines, kind, handle)?);
        let (listener, consoles) = {
            let _inside = runtime.enter();
            (
                tokio::net::TcpListener::from_std(listener)?,
                tokio::net::TcpListener::from_std(consoles)?,
            )
        };
        let serving = runtime.spawn(server::serve(listener, shared.clone()));
        runtime.spawn(console_server::serve(consoles, shared.clone()));
        let (sender, stopped) = mpsc::channel();
        let thread = thread::spawn(move || {
            // `recv` returns when the sender is dropped.
            let _ = stopped.recv();
            serving.abort();
            let _ = runtime.block_on(serving);
            runtime.shutdown_timeout(Duration::from_secs(1));
        });
        Ok(Lab {
            url: format!("http://{address}/"),
            shared,
            stop: Some((sender, thread)),
        })
    }

    /// The base URL, with a final slash.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Restores the seeded state: tables, files, settings, faults and logs.
    ///
    /// # Panics
    /// When the seeded files cannot be written.
    pub fn reset(&self) {
        self.shared
            .lock()
            .reset()
            .expect("the seeded files can be written again");
    }

    /// Restarts the server: what is not committed is lost. Settings, faults and logs stay.
    pub fn restart(&self) {
        self.shared.lock().restart();
    }

    /// All requests so far, in the order of arrival, without those to the control path.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.lock().log.requests.clone()
    }

    /// The requests of clients that may have changed something.
    pub fn writes(&self) -> Vec<Request> {
        self.requests()
            .into_iter()
            .filter(|request| request.by == CLIENT && request.is_write())
            .collect()
    }

    /// What the server has now, and what its BMCs were told so far.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::new(&self.shared.lock())
    }

    /// All boots from the network so far.
    pub fn boots(&self) -> Vec<Boot> {
        self.shared.lock().boots.clone()
    }

    /// Whether a request is being answered for which all others wait.
    pub fn keeps_waiting(&self) -> bool {
        self.shared.lock().turn.try_lock().is_err()
    }

    /// Waits until a condition is met.
    ///
    /// # Panics
    /// When the condition is not met within a minute.
    pub fn wait_until(&self, what: &str, is_so: impl Fn(&Lab) -> bool) {
        let start = Instant::now();
        while !is_so(self) {
            assert!(start.elapsed() < PATIENCE, "not within a minute: {what}");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until this number of requests have arrived.
    ///
    /// # Panics
    /// As [`Lab::wait_until`].
    pub fn wait_for_requests(&self, count: usize) {
        let what = format!("{count} requests");
        self.wait_until(&what, |lab| lab.requests().len() >= count);
    }

    /// Waits until the last boot is over.
    ///
    /// # Panics
    /// As [`Lab::wait_until`], and when there was none.
    pub fn last_boot(&self) -> Boot {
        self.wait_until("the last boot is over", |lab| {
            lab.boots().last().is_some_and(Boot::is_over)
        });
        self.boots().pop().expect("it was there")
    }

    /// Sets a fault, or a list of them; see the README.
    ///
    /// # Panics
    /// When the value is not a valid fault.
    pub fn fault(&self, fault: Value) {
        let set = self.shared.lock().faults.add(&fault);
        set.expect("a fault as the README describes it");
    }

    /// Clears all faults.
    pub fn clear_faults(&self) {
        self.shared.lock().faults = Default::default();
    }

    /// Changes settings; see the README.
    ///
    /// # Panics
    /// When the value is not valid as settings.
    pub fn settings(&self, settings: Value) {
        let merged = self.shared.lock().change_settings(&settings);
        merged.expect("settings as the README describes them");
    }

    /// From now on machines that install run the late command of their preseed on this computer, with the rights of this process,
    /// instead of reporting their state themselves; see the README. The control path cannot set this, because it would give a
    /// shell to anyone who reaches it.
    pub fn run_late_commands(&self) {
        self.shared.lock().settings.late_commands = true;
    }

    /// Adds a machine and returns its id. The README says which fields are optional.
    ///
    /// # Panics
    /// When the value is not a valid machine, or the name is in use.
    pub fn add_machine(&self, machine: Value) -> i64 {
        let added = new_machine::add_machine(&mut self.shared.lock(), &machine);
        added.expect("a machine as the README describes it")
    }

    /// Prints on a machine's console, or makes its next session break; see the README. Returns whether somebody reads it and what
    /// was typed.
    ///
    /// # Panics
    /// When the value is not a valid order, or there is no such machine.
    pub fn console(&self, order: Value) -> Value {
        let carried_out = console::control(&mut self.shared.lock(), &order);
        carried_out.expect("an order as the README describes it")
    }

    /// Adds generated machines. The README describes them.
    ///
    /// # Panics
    /// When there are more machines than addresses.
    pub fn add_machines(&self, count: usize) {
        let added = generated_machines::add(&mut self.shared.lock().db, count);
        added.expect("no more machines than addresses");
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if let Some((sender, thread)) = self.stop.take() {
            drop(sender);
            // A thread that panicked has also stopped.
            let _ = thread.join();
        }
    }
}
