//! The command line against the lab, as it is typed.

#![allow(
    clippy::unwrap_used,
    reason = "a test stops where its setting cannot be made"
)]

mod arguments;
mod boot_once;
mod commands;
mod console;
mod help_pages;
mod messages;
mod names;
mod old_client;
mod preseed_render;
mod profiles;
mod session;
mod terminal;
mod values;
mod verbose;
mod waits;

use mrp_test_support::TestLab;

/// A lab, with its server and alice's token in the environment of `mrp`.
fn start_lab() -> TestLab {
    start_bare_lab().with_credentials()
}

/// A lab, with nothing in the environment of `mrp` that leads to it.
fn start_bare_lab() -> TestLab {
    let lab = TestLab::start().with_program(env!("CARGO_BIN_EXE_mrp"));
    // Only configuration files that the test has written are found.
    let home = lab.path("").display().to_string();
    let system = lab.path("xdg").display().to_string();
    lab.with("HOME", home).with("XDG_CONFIG_DIRS", system)
}
