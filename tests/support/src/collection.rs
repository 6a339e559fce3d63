//! The collection, as its users have it: installed from the tarball, and nothing else of this project.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::TestLab;
use crate::ansible::{AnsibleRun, Controller};

/// An installed collection.
pub struct Collection {
    folder: PathBuf,
}

/// The tarball that `make collection` builds.
#[must_use]
pub fn tarball() -> PathBuf {
    let path = std::env::var_os("MRP_TEST_COLLECTION");
    path.expect("MRP_TEST_COLLECTION names no tarball: run `make test`, which builds it")
        .into()
}

impl Collection {
    /// Installs a tarball into an empty folder, as the README says.
    #[must_use]
    pub fn install(ansible: &Controller, tarball: &Path, folder: &Path) -> Collection {
        let _ = fs::remove_dir_all(folder);
        fs::create_dir_all(folder).unwrap();
        let mut command = ansible.command("ansible-galaxy");
        command
            .env_remove("ANSIBLE_CONFIG")
            .current_dir(folder)
            .args(["collection", "install", "-p", "."])
            .arg(tarball);
        ansible.run(&mut command).succeeded();
        Collection {
            folder: folder.to_owned(),
        }
    }

    /// A path in the installed collection.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        let root = self.folder.join("ansible_collections/mr_provisioner/lab");
        root.join(name)
    }

    /// A program of Ansible that finds the collection and no file of this project, in the lab's folder.
    #[must_use]
    pub fn command(&self, ansible: &Controller, lab: &TestLab, program: &str) -> Command {
        let mut command = ansible.command(program);
        command
            .env("ANSIBLE_CONFIG", lab.write("ansible.cfg", ""))
            .env("ANSIBLE_COLLECTIONS_PATH", &self.folder)
            .env("ANSIBLE_LOCALHOST_WARNING", "false")
            .env("ANSIBLE_INVENTORY_UNPARSED_WARNING", "false")
            .current_dir(lab.path(""));
        command
    }

    /// Runs a playbook of the lab's folder, at a verbosity that shows all there is.
    pub fn playbook(
        &self,
        ansible: &Controller,
        lab: &TestLab,
        name: &str,
        arguments: &[&str],
    ) -> AnsibleRun {
        let mut command = self.command(ansible, lab, "ansible-playbook");
        command.args(["-vvvv", name]).args(arguments);
        ansible.run_against(lab, &mut command, &[])
    }

    /// Runs tasks on the controller.
    pub fn tasks(
        &self,
        ansible: &Controller,
        lab: &TestLab,
        tasks: &str,
        arguments: &[&str],
    ) -> AnsibleRun {
        let head = "- hosts: localhost\n  gather_facts: false\n  tasks:\n";
        let indented: String = tasks.lines().map(|line| format!("    {line}\n")).collect();
        lab.write("tasks.yml", format!("{head}{indented}"));
        self.playbook(ansible, lab, "tasks.yml", arguments)
    }
}
