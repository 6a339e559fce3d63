//! The inventory against the lab, run as Ansible runs it. What Ansible makes of it is tested in tests/ansible.

#![allow(
    clippy::unwrap_used,
    reason = "a test stops where its setting cannot be made"
)]

mod cache;
mod configuration;
mod documentation;
mod host_names;
mod listing;
mod untrusted_texts;

use mrp_test_support::TestLab;

/// A lab, with its server and alice's token in the environment of the inventory.
fn start_lab() -> TestLab {
    start_bare_lab().with_credentials()
}

/// A lab, with nothing in the environment of the inventory.
fn start_bare_lab() -> TestLab {
    TestLab::start().with_inventory(env!("CARGO_BIN_EXE_mrp-ansible"))
}
