//! Every module against the lab. Most scenarios run in check mode, in check mode with differences, for real, and for
//! real again. All of them run against every kind of server: see `every_server`.

#![allow(
    clippy::unwrap_used,
    reason = "a test stops where its setting cannot be made"
)]

mod administrator;
mod assignee;
mod batch;
mod batch_duplicates;
mod batch_failures;
mod batch_wait;
mod boot_once;
mod concurrent_reservations;
mod concurrent_runs;
mod console;
mod console_log;
mod endless_files;
mod every_server;
mod exhausted;
mod image;
mod image_info;
mod interface;
mod late_reports;
mod machine;
mod machine_info;
mod network_facts;
mod old_role;
mod one_session;
mod power;
mod preseed;
mod preseed_check;
mod preseed_info;
mod progress_events;
mod provisioning_once;
mod read_failures;
mod ready_when;
mod releases;
mod reporting_ready;
mod reservation;
mod signals;
mod slow_bmcs;
mod texts;
mod values;

use mrp_test_support::TestLab;

/// A lab of the test's own, and the modules to run against it.
fn start_lab() -> TestLab {
    TestLab::start().with_program(env!("CARGO_BIN_EXE_mrp-ansible"))
}
