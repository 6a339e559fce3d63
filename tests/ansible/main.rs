//! The real `ansible-playbook`, with the modules found through library/ by the repository's ansible.cfg.
//!
//! `make test` names the installations of Ansible to use in `MRP_TEST_ANSIBLE`, as directories with colons
//! between them. Every byte that a run prints is searched for the token.

#![allow(
    clippy::unwrap_used,
    reason = "a test stops where its setting cannot be made"
)]

mod inventory;
mod old_role;
mod page_playbooks;
mod playbooks;
mod readme;
mod targets;

use mrp_test_support::TestLab;

/// A lab with the files of an installer, and a `linux` and an `initrd.gz` in its folder.
fn start_lab() -> TestLab {
    let lab = TestLab::start();
    write(&lab, "linux", "a kernel");
    write(&lab, "initrd.gz", "an initrd");
    lab
}

/// A file in the lab's folder, as an argument.
fn write(lab: &TestLab, name: &str, text: &str) -> String {
    lab.write(name, text).display().to_string()
}
