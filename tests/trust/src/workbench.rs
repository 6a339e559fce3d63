//! A lab of one worker, in which a task is prepared and run.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use mrp_lab::{Lab, Sessions, Snapshot};
use serde_json::{Value, json};

use crate::ending::{self, Ending, Running};
use crate::proxy::{Exchange, Proxy, Script};
use crate::tasks::Task;

/// A lab, and the program that is run against it.
pub(crate) struct Workbench<'a> {
    pub(crate) lab: Lab,
    pub(crate) sessions: Sessions,
    program: &'a Path,
    worker: u8,
}

/// What a task does when nothing disturbs it.
pub(crate) struct CleanRun {
    pub(crate) exchanges: Vec<Exchange>,
    pub(crate) ending: Ending,
    /// What the server has after it.
    pub(crate) after: Snapshot,
    /// How often it starts machines.
    pub(crate) starts: usize,
    pub(crate) duration: Duration,
}

/// How a run is made.
#[derive(Clone, Copy)]
pub(crate) struct Manner {
    /// The program's stall timeout in seconds.
    pub(crate) timeout: f64,
    pub(crate) retries: u32,
    /// How long it waits for a machine, in seconds.
    pub(crate) wait: f64,
}

impl Manner {
    /// For runs without faults on a busy computer.
    pub(crate) const PATIENT: Manner = Manner {
        timeout: 60.0,
        retries: 3,
        wait: 120.0,
    };
}

impl<'a> Workbench<'a> {
    pub(crate) fn new(sessions: Sessions, program: &'a Path, worker: u8) -> Workbench<'a> {
        Workbench {
            lab: Lab::with_sessions(sessions),
            sessions,
            program,
            worker,
        }
    }

    /// Gives the lab what it has before a task.
    pub(crate) fn prepare(&self, task: &Task) -> Snapshot {
        self.lab.reset();
        let mut settings = json!({ "install_seconds": task.install_seconds });
        if self.sessions == Sessions::Request {
            // A stock server that is started in this way stores no reservation at all.
            settings["reservations"] = json!("stored");
        }
        self.lab.settings(settings);
        for name in &task.free_machines {
            self.lab.add_machine(json!({ "name": name }));
        }
        for (module, options) in &task.preparation {
            let arguments = self.arguments(task, options, self.lab.url(), Manner::PATIENT);
            let ending = ending::start(self.program, module, &arguments).end();
            assert!(
                ending.succeeded,
                "'{}' cannot be prepared: {}",
                task.name,
                ending.message()
            );
        }
        self.settled()
    }

    /// What the server has, once all machines that boot have booted.
    pub(crate) fn settled(&self) -> Snapshot {
        self.lab.wait_until("all boots are over", |lab| {
            lab.boots().iter().all(mrp_lab::Boot::is_over)
        });
        self.lab.snapshot()
    }

    /// A proxy before the lab.
    pub(crate) fn proxy(&self, script: Script) -> Proxy {
        let address = self
            .lab
            .url()
            .trim_start_matches("http://")
            .trim_end_matches('/');
        let address: SocketAddr = address.parse().expect("the lab's URL has its address");
        Proxy::start(address, self.worker, script)
    }

    /// Starts a task against a URL.
    pub(crate) fn start(&self, task: &Task, url: &str, manner: Manner) -> Running {
        let arguments = self.arguments(task, &task.options, url, manner);
        ending::start(self.program, task.module, &arguments)
    }

    /// Runs a task straight against the lab, and gives what the server then has.
    pub(crate) fn run(&self, task: &Task) -> (Ending, Snapshot) {
        let ending = self.start(task, self.lab.url(), Manner::PATIENT).end();
        (ending, self.settled())
    }

    /// Prepares and runs a task without faults.
    pub(crate) fn run_clean(&self, task: &Task) -> CleanRun {
        let before = self.prepare(task);
        let proxy = self.proxy(Script::default());
        let start = Instant::now();
        let ending = self.start(task, &proxy.url(), Manner::PATIENT).end();
        let duration = start.elapsed();
        let exchanges = proxy.settle();
        let after = self.settled();
        assert!(
            ending.succeeded,
            "'{}' fails without a fault: {}",
            task.name,
            ending.message()
        );
        CleanRun {
            exchanges,
            ending,
            starts: after.starts - before.starts,
            after,
            duration,
        }
    }

    fn arguments(&self, task: &Task, options: &Value, url: &str, manner: Manner) -> Value {
        let mut arguments = options.clone();
        arguments["mrp_url"] = json!(url);
        arguments["mrp_token"] = json!(task.token);
        arguments["timeout"] = json!(manner.timeout);
        arguments["retries"] = json!(manner.retries);
        arguments["retry_delay"] = json!(0.01);
        if options.get("wait_interval").is_some() {
            arguments["wait_timeout"] = json!(manner.wait);
        }
        // At this verbosity a result has everything that it can have.
        arguments["_ansible_verbosity"] = json!(4);
        arguments["_ansible_diff"] = json!(true);
        arguments
    }
}
