//! A simulated Mr-Provisioner server and its machines, for tests and demonstrations.
//!
//! It answers as the real server was observed to answer, keeps all in memory but the uploads, and can be told to
//! misbehave. See the README for its control path.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::runtime::Builder;

mod admin;
mod api;
mod ascii;
mod auth;
mod bmc;
mod body;
mod boot;
mod call;
mod control;
mod cors;
mod crowd;
mod date;
mod docs;
mod faults;
mod late_command;
mod log;
mod machine;
mod multipart;
mod net;
mod plan;
mod py;
mod query;
mod random;
mod reply;
mod routes;
mod schema;
mod seed;
mod sender;
mod server;
mod settings;
mod state;
mod wiring;
mod world;

pub use log::Request;
pub use machine::{Boot, Fetched};
pub use routes::token_routes;

use log::CLIENT;
use world::Shared;

/// What has not happened until then is not going to.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running lab; it stops when this is dropped.
pub struct Lab {
    url: String,
    shared: Arc<Shared>,
    /// The thread that stops the lab as soon as the sender is gone.
    stop: Option<(mpsc::Sender<()>, JoinHandle<()>)>,
}

impl Lab {
    /// Starts a lab on a free port of 127.0.0.1.
    ///
    /// # Panics
    /// When there is no free port or no room for temporary files: without a lab no test can go on.
    pub fn start() -> Lab {
        Lab::with_machines(0)
    }

    /// Starts a lab on a free port of 127.0.0.1 that has so many generated machines beside the seeded ones.
    ///
    /// # Panics
    /// As [`Lab::start`], and when there are more machines than addresses.
    pub fn with_machines(machines: usize) -> Lab {
        Lab::listen(SocketAddr::from(([127, 0, 0, 1], 0)), machines)
            .expect("a lab needs a port and a temporary folder")
    }

    /// Starts a lab on an address, with so many generated machines; port 0 picks a free one.
    ///
    /// # Errors
    /// When the address cannot be listened on, or there is no room for temporary files, and when there are more
    /// machines than addresses.
    pub fn listen(address: SocketAddr, machines: usize) -> io::Result<Lab> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::new(address, machines)?);
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("mrp-lab")
            .enable_all()
            .build()?;
        let listener = {
            let _inside = runtime.enter();
            tokio::net::TcpListener::from_std(listener)?
        };
        let serving = runtime.spawn(server::serve(listener, shared.clone()));
        let (sender, stopped) = mpsc::channel();
        let thread = thread::spawn(move || {
            // It only ever ends by the sender going away.
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

    /// The base URL, with a slash at its end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Puts everything back into the seeded state: tables, files, settings, faults and logs.
    ///
    /// # Panics
    /// When the seeded files cannot be written.
    pub fn reset(&self) {
        self.shared
            .world()
            .reset()
            .expect("the seeded files can be written again");
    }

    /// All requests so far, in the order of their arrival, without those to the control path.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.world().log.requests.clone()
    }

    /// The requests of clients that may have changed something.
    pub fn writes(&self) -> Vec<Request> {
        self.requests()
            .into_iter()
            .filter(|request| request.by == CLIENT && request.is_write())
            .collect()
    }

    /// All boots from the network so far.
    pub fn boots(&self) -> Vec<Boot> {
        self.shared.world().boots.clone()
    }

    /// Whether a request is being answered that keeps all others waiting.
    pub fn keeps_waiting(&self) -> bool {
        self.shared.world().turn.try_lock().is_err()
    }

    /// Waits until this is so, however busy the computer is.
    ///
    /// # Panics
    /// When it is not so within a minute: then it never will be.
    pub fn wait_until(&self, what: &str, is_so: impl Fn(&Lab) -> bool) {
        let start = Instant::now();
        while !is_so(self) {
            assert!(start.elapsed() < PATIENCE, "not within a minute: {what}");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until so many requests have arrived.
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
    /// When it is no fault.
    pub fn fault(&self, fault: Value) {
        let set = self.shared.world().faults.add(&fault);
        set.expect("a fault as the README describes it");
    }

    /// Clears all faults.
    pub fn clear_faults(&self) {
        self.shared.world().faults = Default::default();
    }

    /// Changes settings; see the README.
    ///
    /// # Panics
    /// When they are no settings.
    pub fn settings(&self, settings: Value) {
        let merged = self.shared.world().settings.merge(&settings);
        merged.expect("settings as the README describes them");
    }

    /// From now on machines that install run the late command of their preseed here, with the rights of this process,
    /// instead of reporting by themselves; see the README. Not on the control path: whoever reaches that would have a
    /// shell.
    pub fn run_late_commands(&self) {
        self.shared.world().settings.late_commands = true;
    }

    /// Adds a machine and returns its number; see the README for what may be left out.
    ///
    /// # Panics
    /// When it is no machine, or there is one of that name.
    pub fn add_machine(&self, machine: Value) -> i64 {
        let added = wiring::add_machine(&mut self.shared.world(), &machine);
        added.expect("a machine as the README describes it")
    }

    /// Adds so many generated machines; see the README for what they are like.
    ///
    /// # Panics
    /// When there are more machines than addresses.
    pub fn add_machines(&self, count: usize) {
        let added = crowd::add(&mut self.shared.world().db, count);
        added.expect("no more machines than addresses");
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if let Some((sender, thread)) = self.stop.take() {
            drop(sender);
            // A thread that panicked has stopped too.
            let _ = thread.join();
        }
    }
}
