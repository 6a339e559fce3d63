//! Running the probe as Ansible runs a module.

use std::fs;
use std::os::unix::process::CommandExt;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// One run of the probe, to be prepared step by step.
pub(crate) struct Run {
    pub(crate) command: Command,
    /// Holds the arguments file; removed when the run is dropped.
    directory: TempDir,
}

impl Run {
    /// The module of this name, with these arguments.
    pub(crate) fn new(module: &str, args: &Value) -> Run {
        Run::with_text(module, &args.to_string())
    }

    /// The same with an arguments file that need not be JSON.
    pub(crate) fn with_text(module: &str, args: &str) -> Run {
        let run = Run::without_file(module);
        let file = run.directory.path().join("args");
        fs::write(&file, args).unwrap();
        let mut run = run;
        run.command.arg(file);
        run
    }

    /// The same without an arguments file.
    pub(crate) fn without_file(module: &str) -> Run {
        let directory = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_mrp-probe"));
        command
            .arg0(format!("/tmp/.ansible/ansible-tmp-1/AnsiballZ_{module}"))
            .env("HOME", "/home/tester")
            .env_remove("PROBE_TOKEN")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Run { command, directory }
    }

    /// What it printed: one object on one line, and nothing else anywhere.
    pub(crate) fn result(mut self) -> Value {
        parse(&self.command.output().unwrap())
    }
}

/// The one object in the output of a run that has ended.
pub(crate) fn parse(output: &Output) -> Value {
    let text = str::from_utf8(&output.stdout).unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert!(text.is_ascii() && text.ends_with('\n'), "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
    let result: Value = serde_json::from_str(text).unwrap();
    assert!(result.is_object(), "{text}");
    assert_eq!(
        result.get("failed").is_none(),
        output.status.success(),
        "{text}"
    );
    result
}
