//! A lab of its own for every test, and the command line run against it.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

use mrp_lab::Lab;
use reqwest::blocking::Client;
use serde_json::{Value, json};
use tempfile::TempDir;

/// The lab's seeded user who holds most machines; no output may have it.
pub(crate) const TOKEN: &str = "alice-token";

pub(crate) struct Site {
    pub(crate) lab: Lab,
    dir: TempDir,
    environment: Vec<(&'static str, String)>,
}

/// How a run ended.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Site {
    /// With the server and the token in the environment.
    pub(crate) fn new() -> Site {
        let site = Site::bare();
        let url = site.lab.url().to_owned();
        site.with("MRP_URL", url).with("MRP_TOKEN", TOKEN)
    }

    /// With nothing but a home in the environment.
    pub(crate) fn bare() -> Site {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().to_str().unwrap().to_owned();
        let site = Site {
            lab: Lab::start(),
            dir,
            environment: Vec::new(),
        };
        // Nothing is found but what the test has put there.
        site.with("HOME", home.clone())
            .with("XDG_CONFIG_DIRS", home + "/xdg")
    }

    /// With one more variable, or another value for it.
    pub(crate) fn with(mut self, variable: &'static str, value: impl Into<String>) -> Site {
        self.environment.retain(|(known, _)| *known != variable);
        self.environment.push((variable, value.into()));
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A file that only its owner can read. Commands are run where it is.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        self.allow(&path, 0o600);
        path
    }

    pub(crate) fn allow(&self, path: &Path, mode: u32) {
        std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    }

    /// What is typed behind `mrp`, quoted as for a shell, to be run.
    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mrp"));
        command
            .args(words(line))
            .env_clear()
            .envs(self.environment.clone())
            .current_dir(self.dir.path())
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, line: &str) -> Ran {
        ran(&self.command(line).output().unwrap())
    }

    /// What a command prints that must do what it is asked.
    pub(crate) fn good(&self, line: &str) -> String {
        let ran = self.run(line);
        assert_eq!(ran.code, 0, "mrp {line}: {}{}", ran.out, ran.err);
        ran.out
    }

    /// What a command says that must fail, and print nothing.
    pub(crate) fn bad(&self, line: &str, code: i32) -> String {
        let ran = self.run(line);
        assert_eq!((ran.code, &*ran.out), (code, ""), "mrp {line}: {}", ran.err);
        ran.err
    }

    /// How many requests have written.
    pub(crate) fn writes(&self) -> usize {
        self.lab.writes().len()
    }

    /// The result of a module on these options, run as Ansible runs it.
    pub(crate) fn module(&self, name: &str, mut options: Value, mode: &Value) -> Value {
        let given = options.as_object_mut().unwrap();
        given.insert("mrp_url".into(), json!(self.lab.url()));
        given.insert("mrp_token".into(), json!(TOKEN));
        given.extend(mode.as_object().unwrap().clone());
        let file = self.write("args.json", options.to_string());
        let mut command = Command::new(env!("CARGO_BIN_EXE_mrp-ansible"));
        command.arg0(format!("/tmp/AnsiballZ_{name}")).arg(file);
        command.env_clear().current_dir(self.dir.path());
        let output = command.output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// The object of a list of the server that has this value under this key.
    pub(crate) fn server_object(&self, list: &str, key: &str, value: &str) -> Value {
        let all = self.server(&format!("api/v1/{list}?show_all=true"));
        let mut all = all.as_array().unwrap().iter();
        let found = all.rfind(|object| object[key] == value);
        found.cloned().unwrap_or(Value::Null)
    }

    /// What the server has, asked by an administrator.
    pub(crate) fn server(&self, path: &str) -> Value {
        let url = format!("{}{path}", self.lab.url());
        let answer = http().get(url).bearer_auth("admin-token").send().unwrap();
        answer.error_for_status().unwrap().json().unwrap()
    }
}

/// Looks at what a run printed that no run may print.
pub(crate) fn ran(output: &Output) -> Ran {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    let printed = format!("{out}{err}");
    assert!(!printed.contains(TOKEN), "the token was printed: {printed}");
    assert!(!printed.contains('\u{1b}'), "for no terminal: {printed:?}");
    assert!(!printed.contains("panicked"), "{printed}");
    Ran {
        code: output.status.code().unwrap(),
        out,
        err,
    }
}

/// A command line taken apart as a shell does it.
pub(crate) fn words(line: &str) -> Vec<String> {
    let script = format!("set -- {line}\n[ $# = 0 ] || printf '%s\\0' \"$@\"");
    let output = Command::new("sh").args(["-c", &script]).output().unwrap();
    std::io::stderr().write_all(&output.stderr).unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_terminator('\0').map(str::to_owned).collect()
}

/// Asserts that a text says each of these things.
pub(crate) fn says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no {part:?} in {text:?}");
    }
}

/// Past any proxy: the lab is on this machine.
fn http() -> &'static Client {
    static CLIENT: LazyLock<Client> = LazyLock::new(|| {
        // Somebody else may have installed it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Client::builder().no_proxy().build().unwrap()
    });
    &CLIENT
}
