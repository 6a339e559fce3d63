//! Modules, run as Ansible runs them: an arguments file goes in, one JSON object comes out.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{TOKEN, TestLab, assert_contains, message};

/// One run of a module, to be prepared step by step.
pub struct ModuleRun {
    /// What is started. Its environment is empty, its standard streams are pipes.
    pub command: Command,
    /// Holds the arguments file, and goes away with the run.
    folder: TempDir,
}

impl ModuleRun {
    /// The module of this name, with these arguments.
    pub fn new(program: impl AsRef<Path>, module: &str, arguments: &Value) -> ModuleRun {
        ModuleRun::with_text(program, module, &arguments.to_string())
    }

    /// The same with an arguments file that need not be JSON.
    #[must_use]
    pub fn with_text(program: impl AsRef<Path>, module: &str, arguments: &str) -> ModuleRun {
        let mut run = ModuleRun::without_file(program, module);
        let file = run.folder.path().join("args");
        std::fs::write(&file, arguments).unwrap();
        run.command.arg(file);
        run
    }

    /// The same without an arguments file.
    #[must_use]
    pub fn without_file(program: impl AsRef<Path>, module: &str) -> ModuleRun {
        let mut command = Command::new(program.as_ref());
        command
            .arg0(format!("/tmp/.ansible/ansible-tmp-1/AnsiballZ_{module}"))
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let folder = tempfile::tempdir().unwrap();
        ModuleRun { command, folder }
    }

    /// Runs it, and gives its result.
    pub fn result(mut self) -> Value {
        parse_result(&self.command.output().unwrap())
    }
}

/// The result in the output of a run: one object on one line, and nothing else anywhere.
pub fn parse_result(output: &Output) -> Value {
    let text = str::from_utf8(&output.stdout).unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert!(text.is_ascii() && text.ends_with("}\n"), "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
    let result: Value = serde_json::from_str(text).unwrap();
    assert!(result.is_object(), "{text}");
    let has_failed = result.get("failed").is_some();
    assert_eq!(has_failed, !output.status.success(), "{text}");
    result
}

/// What a task can ask of any module.
#[derive(Clone, Copy, Default)]
struct Mode {
    check: bool,
    diff: bool,
}

impl TestLab {
    /// Runs a module as alice, for real.
    pub fn run(&self, module: &str, options: Value) -> Value {
        self.run_as(TOKEN, module, options)
    }

    /// Runs a module with another token, for real.
    pub fn run_as(&self, token: &str, module: &str, options: Value) -> Value {
        self.run_in(Mode::default(), token, module, options)
    }

    /// Runs a module as alice in check mode with differences, which must not write.
    #[track_caller]
    pub fn check(&self, module: &str, options: Value) -> Value {
        let mode = Mode {
            check: true,
            diff: true,
        };
        self.without_writes(|| self.run_in(mode, TOKEN, module, options))
    }

    /// Runs a module that must fail, and gives its message.
    #[track_caller]
    pub fn failure(&self, module: &str, options: Value) -> String {
        let result = self.run(module, options);
        assert_eq!(result["failed"], true, "{result:#}");
        message(&result)
    }

    /// Runs a module that must fail with a message that has each of these parts.
    #[track_caller]
    pub fn assert_fails(&self, module: &str, options: Value, parts: &[&str]) {
        assert_contains(&self.failure(module, options), parts);
    }

    /// Runs a module in check mode, in check mode with differences, for real, and for real again.
    ///
    /// Check mode must predict what then happens, and the second run must find nothing to do.
    #[track_caller]
    pub fn run_in_all_modes(&self, module: &str, options: Value) -> Value {
        let run = |mode| self.run_in(mode, TOKEN, module, options.clone());
        let without_diff = run(Mode {
            check: true,
            diff: false,
        });
        assert!(
            without_diff.get("diff").is_none(),
            "a diff that nobody asked for: {without_diff:#}"
        );
        let predicted = self.check(module, options.clone());
        let writes = self.writes().len();
        let real = run(Mode {
            check: false,
            diff: true,
        });
        assert_ne!(real.get("failed"), Some(&json!(true)), "{real:#}");
        assert_eq!(
            predicted["changed"], real["changed"],
            "check mode predicted otherwise: {real:#}"
        );
        assert_eq!(without_diff["changed"], real["changed"]);
        assert_eq!(
            predicted["plan"], real["plan"],
            "the plan was not what check mode showed"
        );
        assert_eq!(
            predicted["diff"], real["diff"],
            "the difference was not what check mode showed"
        );
        let changed = real["changed"] == true;
        assert_eq!(
            self.writes().len() > writes,
            changed,
            "changed must mean written: {real:#}"
        );
        assert_eq!(
            real["diff"].as_array().is_some_and(|diff| !diff.is_empty()),
            changed
        );
        self.assert_unchanged(module, options);
        real
    }

    /// Runs a module that must change nothing and write nothing.
    #[track_caller]
    pub fn assert_unchanged(&self, module: &str, options: Value) -> Value {
        let result = self.without_writes(|| self.run(module, options));
        assert_eq!(result["changed"], false, "{result:#}");
        assert_eq!(result.get("plan").cloned().unwrap_or(json!([])), json!([]));
        result
    }

    /// A run of a module as alice, to be started.
    pub fn module_run(&self, module: &str, options: Value) -> ModuleRun {
        self.prepare(Mode::default(), TOKEN, module, options)
    }

    fn run_in(&self, mode: Mode, token: &str, module: &str, options: Value) -> Value {
        let token = options["mrp_token"].as_str().unwrap_or(token).to_owned();
        let result = self.prepare(mode, &token, module, options).result();
        assert!(
            !result.to_string().contains(&token),
            "the token was printed: {result:#}"
        );
        result
    }

    fn prepare(&self, mode: Mode, token: &str, module: &str, mut options: Value) -> ModuleRun {
        let arguments = options.as_object_mut().unwrap();
        for (name, value) in [
            ("mrp_url", json!(self.url())),
            ("mrp_token", json!(token)),
            ("retry_delay", json!(0.01)),
            ("_ansible_verbosity", json!(4)),
            ("_ansible_check_mode", json!(mode.check)),
            ("_ansible_diff", json!(mode.diff)),
            ("_ansible_version", json!("2.19.14")),
        ] {
            arguments.entry(name).or_insert(value);
        }
        let mut run = ModuleRun::new(self.program(), module, &options);
        run.command.env("XDG_STATE_HOME", self.path("state"));
        run
    }
}
