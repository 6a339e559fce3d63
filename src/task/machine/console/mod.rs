//! The console of a machine in a file while the machine installs.
//!
//! It is read in a thread of its own, and is never a reason to fail: what keeps it from being read is a warning.

mod progress;
mod reader;

use std::fs::{self, File};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use serde::{Serialize, Serializer};

use progress::ReaderState;
use reader::{ConsoleReader, LONGEST_END, LONGEST_START};

use crate::client::{Client, Machine, MachineId};
use crate::support::{append_file, io_error};
use crate::task::machine::{MachinePlan, machine_title};
use crate::task::{Result, TaskError};

/// What stands for the machine's name in a path.
const NAME: &str = "{name}";

/// The log of one machine's console.
#[derive(Debug)]
pub(crate) struct ConsoleLog {
    path: PathBuf,
    machine: MachineId,
    title: String,
    /// Taken by the thread that writes. None in check mode, too.
    file: Option<File>,
    is_started: bool,
    state: Arc<ReaderState>,
}

impl Serialize for ConsoleLog {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.path.display())
    }
}

impl ConsoleLog {
    /// The log at a path, which may have the machine's name in it. The file is opened here, before anything is ordered;
    /// check mode only looks at what is there.
    pub(super) fn plan(path: &str, machine: &Machine, is_check: bool) -> Result<ConsoleLog> {
        let path = PathBuf::from(path.replace(NAME, &file_name(&machine.name)));
        let opened = match is_check {
            true => append_file::check(&path).map(|()| None),
            false => append_file::open(&path).map(Some),
        };
        let file = opened.map_err(|error| {
            let reason = io_error::text(&error);
            TaskError::with_hint(
                format!(
                    "the console cannot be logged to {}: {reason}",
                    path.display()
                ),
                "O(console_log) names a file, on the computer that the task runs on, in a folder that is there and may be \
                 written to.",
            )
        })?;
        Ok(ConsoleLog {
            path,
            machine: machine.id,
            title: format!("the console of {}", machine_title(machine)),
            file,
            is_started: false,
            state: Arc::default(),
        })
    }

    /// Begins to read. `waits` until the console is open, or cannot be opened, but not long.
    pub(super) fn start(&mut self, client: &Client, waits: bool) {
        let Some(file) = self.file.take() else {
            return;
        };
        self.is_started = true;
        let reader = ConsoleReader {
            client: client.clone(),
            machine: self.machine,
            file: Some(file),
            state: Arc::clone(&self.state),
        };
        match thread::Builder::new().spawn(move || reader.run()) {
            Ok(_) if waits => self.state.wait_for_start(LONGEST_START),
            Ok(_) => {}
            Err(error) => self.state.cannot_start(io_error::text(&error)),
        }
    }

    /// Ends reading, after what has come already. Nothing is waited for that is still to come.
    pub(super) fn stop(&self) {
        self.state.stop(LONGEST_END);
    }

    /// The last lines that were printed; None where it was never begun.
    pub(super) fn tail(&self) -> Option<Vec<String>> {
        self.is_started.then(|| self.state.tail())
    }

    /// What kept the console from being read.
    pub(super) fn warnings(&self) -> Vec<String> {
        match self.is_started {
            true => self.state.warnings(&self.title, &self.path),
            false => Vec::new(),
        }
    }

    /// The same for two paths of the same file.
    fn identity(&self) -> PathBuf {
        if let Ok(whole) = fs::canonicalize(&self.path) {
            return whole;
        }
        let folder = append_file::folder_of(&self.path);
        let folder = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
        folder.join(self.path.file_name().unwrap_or_default())
    }
}

/// Refuses machines of a list that would write into one file.
pub(super) fn refuse_shared_files(plans: &mut [Result<MachinePlan>]) {
    let log = |plan: &Result<MachinePlan>| -> Option<(PathBuf, String)> {
        let plan = plan.as_ref().ok()?;
        let log = plan.report.console_log.as_ref()?;
        let title = machine_title(&plan.report.machine.machine);
        Some((log.identity(), title))
    };
    let logs: Vec<_> = plans.iter().map(log).collect();
    for (index, plan) in plans.iter_mut().enumerate() {
        let Some((file, title)) = &logs[index] else {
            continue;
        };
        let others = logs.iter().enumerate().filter(|(other, _)| *other != index);
        let mut others = others.filter_map(|(_, log)| log.as_ref());
        let Some((_, other)) = others.find(|(path, _)| path == file) else {
            continue;
        };
        *plan = Err(TaskError::Failed {
            object: Some(title.clone()),
            problem: format!(
                "has the console log {}, which is also that of {other}",
                file.display()
            ),
            hint: Some("With {name} in O(console_log), each machine has a file of its own."),
        });
    }
}

/// A name as a part of a file's name.
fn file_name(name: &str) -> String {
    let replaced = |character: char| match character {
        '/' => '_',
        control if control.is_control() => '_',
        other => other,
    };
    name.chars().map(replaced).collect()
}
