//! The dynamic inventory, run as Ansible runs it.

use std::os::unix::fs::symlink;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::{TestLab, assert_no_token};

/// How a run ended that printed no inventory.
pub struct InventoryFailure {
    /// The one line on standard error.
    pub message: String,
    /// The exit code.
    pub code: i32,
}

impl TestLab {
    /// With the program under test in the folder, under the inventory's name.
    #[must_use]
    pub fn with_inventory(self, program: &str) -> TestLab {
        symlink(program, self.path("mrp_inventory")).unwrap();
        self
    }

    /// Writes the file of options beside the inventory.
    pub fn configure_inventory(&self, lines: &str) {
        self.write("mrp_inventory.cfg", format!("retries = 0\n{lines}\n"));
    }

    /// The inventory, without a word on standard error.
    #[track_caller]
    pub fn inventory(&self) -> Value {
        let (inventory, warnings) = self.inventory_with_warnings();
        assert_eq!(warnings, "");
        inventory
    }

    /// The inventory, and what is printed on standard error.
    #[track_caller]
    pub fn inventory_with_warnings(&self) -> (Value, String) {
        let output = self.run_inventory(&["--list"]);
        let warnings = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{warnings}");
        (serde_json::from_slice(&output.stdout).unwrap(), warnings)
    }

    /// A run that must fail: a code, one line, and nothing of an inventory.
    #[track_caller]
    pub fn inventory_failure(&self, arguments: &[&str]) -> InventoryFailure {
        let output = self.run_inventory(arguments);
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(output.stdout.is_empty(), "half an inventory");
        assert_eq!(message.lines().count(), 1, "{message}");
        InventoryFailure {
            message,
            code: output.status.code().unwrap(),
        }
    }

    /// The message of `--list`, which must fail.
    #[track_caller]
    pub fn inventory_error(&self) -> String {
        let failure = self.inventory_failure(&["--list"]);
        assert_eq!(failure.code, 1);
        failure.message
    }

    /// Runs the inventory.
    pub fn run_inventory(&self, arguments: &[&str]) -> Output {
        let mut command = self.command(self.path("mrp_inventory"));
        self.run_inventory_command(command.args(arguments))
    }

    /// Runs a command that leads to the inventory in another way.
    pub fn run_inventory_command(&self, command: &mut Command) -> Output {
        let output = command.output().unwrap();
        assert_no_token(&String::from_utf8([&*output.stdout, &*output.stderr].concat()).unwrap());
        output
    }
}

/// A text of the server, marked as data.
pub fn unsafe_text(text: &str) -> Value {
    json!({ "__ansible_unsafe": text })
}

/// A host's variables, which must be there.
pub fn host_variables<'a>(inventory: &'a Value, name: &str) -> &'a Value {
    let host = &inventory["_meta"]["hostvars"][name];
    assert!(host.is_object(), "no {name} in {inventory:#}");
    host
}

/// A group's hosts.
pub fn group_hosts(inventory: &Value, name: &str) -> Vec<String> {
    let hosts = inventory[name]["hosts"].as_array();
    let hosts = hosts.unwrap_or_else(|| panic!("no {name} in {inventory:#}"));
    hosts.iter().map(crate::text).collect()
}

/// The warnings that the inventory hands to playbooks.
pub fn inventory_warnings(inventory: &Value) -> String {
    inventory["mrp"]["vars"]["mrp_warnings"].to_string()
}

/// Asserts that a host has no address to connect to.
#[track_caller]
pub fn assert_no_ansible_host(inventory: &Value, name: &str) {
    let host = host_variables(inventory, name);
    assert!(host.get("ansible_host").is_none(), "{host:#}");
}
