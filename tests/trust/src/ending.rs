//! A run of a module, and how it ended.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Output};

use mrp_test_support::module::ModuleRun;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::watchdog;

/// How a run ended.
#[derive(Clone, Debug)]
pub(crate) struct Ending {
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    /// The signal that ended it.
    pub(crate) signal: Option<i32>,
    pub(crate) succeeded: bool,
    /// Its result, where its output is one JSON object on one line.
    pub(crate) result: Option<Value>,
}

impl Ending {
    fn new(output: Output) -> Ending {
        Ending {
            result: one_object(&output.stdout),
            signal: output.status.signal(),
            succeeded: output.status.success(),
            stdout: output.stdout,
            stderr: output.stderr,
        }
    }

    #[cfg(test)]
    pub(crate) fn from_texts(stdout: &str, stderr: &str, succeeded: bool) -> Ending {
        Ending {
            result: one_object(stdout.as_bytes()),
            signal: None,
            succeeded,
            stdout: stdout.into(),
            stderr: stderr.into(),
        }
    }

    pub(crate) fn failed(&self) -> bool {
        self.field("failed") == Some(&Value::Bool(true))
    }

    pub(crate) fn changed(&self) -> Option<bool> {
        self.field("changed")?.as_bool()
    }

    pub(crate) fn message(&self) -> &str {
        let message = self.field("msg").and_then(Value::as_str);
        message.unwrap_or_default()
    }

    /// The requests that it says it has sent.
    pub(crate) fn requests(&self) -> String {
        let requests = self.field("requests").and_then(Value::as_array);
        let texts = requests.into_iter().flatten().map(|request| {
            let word = |key: &str| request[key].as_str().unwrap_or_default().to_owned();
            let status = request["status"].to_string();
            format!("{} {} {status}", word("method"), word("path"))
        });
        texts.collect::<Vec<_>>().join(", ")
    }

    pub(crate) fn field(&self, name: &str) -> Option<&Value> {
        self.result.as_ref()?.get(name)
    }
}

/// The object in an output, where it is one on one line.
fn one_object(stdout: &[u8]) -> Option<Value> {
    let lines = stdout.iter().filter(|byte| **byte == b'\n').count();
    let json = serde_json::from_slice::<Value>(stdout).ok();
    json.filter(|json| json.is_object() && lines == 1)
}

/// A run that goes on.
pub(crate) struct Running {
    child: Child,
    /// Holds the arguments file.
    _run: ModuleRun,
}

/// Starts a module. One that does not end is ended by the watchdog.
pub(crate) fn start(program: &Path, module: &str, arguments: &Value) -> Running {
    let mut run = ModuleRun::new(program, module, arguments);
    let child = run.command.spawn().expect("the program can be started");
    watchdog::watch(child.id());
    Running { child, _run: run }
}

impl Running {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn end(self) -> Ending {
        let pid = self.child.id();
        let output = self.child.wait_with_output();
        watchdog::forget(pid);
        Ending::new(output.expect("the program's output can be read"))
    }
}

/// Sends a signal to a program. One that has ended already gets none.
pub(crate) fn send_signal(pid: u32, signal: Signal) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    if let Some(pid) = pid {
        let _ = kill_process(pid, signal);
    }
}
