//! A lab of its own for every test, and the inventory run against it as Ansible runs it.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use mrp_lab::Lab;
use serde_json::{Value, json};
use tempfile::TempDir;

/// The lab's seeded user who holds most machines; no output may have it.
const TOKEN: &str = "alice-token";

pub(crate) struct Site {
    pub(crate) lab: Lab,
    dir: TempDir,
    environment: Vec<(&'static str, String)>,
}

/// How a run ended that printed no inventory.
pub(crate) struct Failed {
    pub(crate) sentence: String,
    pub(crate) code: i32,
}

impl Site {
    /// With the server and the token in the environment.
    pub(crate) fn new() -> Site {
        let site = Site::bare();
        let url = site.lab.url().to_owned();
        site.with("MRP_URL", url).with("MRP_TOKEN", TOKEN)
    }

    /// With nothing in the environment.
    pub(crate) fn bare() -> Site {
        let site = Site {
            lab: Lab::start(),
            dir: tempfile::tempdir().unwrap(),
            environment: Vec::new(),
        };
        symlink(
            env!("CARGO_BIN_EXE_mrp-ansible"),
            site.path("mrp_inventory"),
        )
        .unwrap();
        site
    }

    pub(crate) fn with(mut self, variable: &'static str, value: impl Into<String>) -> Site {
        self.environment.push((variable, value.into()));
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A file beside the inventory that only its owner can read.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        self.allow(&path, 0o600);
        path
    }

    pub(crate) fn allow(&self, path: &Path, mode: u32) {
        std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    }

    /// The file with the options beside the inventory.
    pub(crate) fn config(&self, lines: &str) {
        self.write("mrp_inventory.cfg", &format!("retries = 0\n{lines}\n"));
    }

    /// The inventory, of which nothing may be said on standard error.
    pub(crate) fn list(&self) -> Value {
        let (inventory, said) = self.list_and_hear();
        assert_eq!(said, "");
        inventory
    }

    /// The inventory, and what is said on standard error.
    pub(crate) fn list_and_hear(&self) -> (Value, String) {
        let output = self.run(&["--list"]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{said}");
        (serde_json::from_slice(&output.stdout).unwrap(), said)
    }

    /// A run that must fail: a code, one line, and nothing of an inventory.
    pub(crate) fn failure(&self, arguments: &[&str]) -> Failed {
        let output = self.run(arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.stdout.is_empty(), "half an inventory");
        assert_eq!(said.lines().count(), 1, "{said}");
        Failed {
            sentence: said,
            code: output.status.code().unwrap(),
        }
    }

    /// The sentence of `--list`, which must fail.
    pub(crate) fn refusal(&self) -> String {
        let failed = self.failure(&["--list"]);
        assert_eq!(failed.code, 1);
        failed.sentence
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.run_as(Command::new(self.path("mrp_inventory")).args(arguments))
    }

    /// A run of a command that was made otherwise.
    pub(crate) fn run_as(&self, command: &mut Command) -> Output {
        command.env_clear();
        let output = command.envs(self.environment.clone()).output().unwrap();
        let printed = String::from_utf8([&*output.stdout, &*output.stderr].concat()).unwrap();
        assert!(!printed.contains(TOKEN), "the token was printed: {printed}");
        output
    }
}

/// A text of the server, as data.
pub(crate) fn marked(text: &str) -> Value {
    json!({ "__ansible_unsafe": text })
}

/// A host's variables.
pub(crate) fn host<'a>(inventory: &'a Value, name: &str) -> &'a Value {
    let host = &inventory["_meta"]["hostvars"][name];
    assert!(host.is_object(), "no {name} in {inventory:#}");
    host
}

/// A group's hosts.
pub(crate) fn group(inventory: &Value, name: &str) -> Vec<String> {
    let hosts = inventory[name]["hosts"].as_array();
    let hosts = hosts.unwrap_or_else(|| panic!("no {name} in {inventory:#}"));
    hosts
        .iter()
        .map(|host| host.as_str().unwrap().to_owned())
        .collect()
}

/// Asserts that a text says each of these things.
pub(crate) fn says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{text:?} does not say {part:?}");
    }
}
