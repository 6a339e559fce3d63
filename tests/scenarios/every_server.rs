//! Every scenario again, against the other kinds of servers: those that keep one database session for all requests, and
//! those of release 0.3.1. Each test here runs this program once more with `MRP_TEST_SERVER`.
//!
//! One scenario alone: `MRP_TEST_SERVER='one 0.3.1' cargo test --test scenarios NAME`.

use std::process::Command;

use mrp_test_support::SERVER_VARIABLE;

#[test]
fn scenarios_hold_with_one_session() {
    run_scenarios("one 0.3.2");
}

#[test]
fn scenarios_hold_with_release_0_3_1() {
    run_scenarios("request 0.3.1");
}

#[test]
fn scenarios_hold_with_one_session_of_release_0_3_1() {
    run_scenarios("one 0.3.1");
}

#[track_caller]
fn run_scenarios(server: &str) {
    // The runs that this program starts end here.
    if std::env::var_os(SERVER_VARIABLE).is_some() {
        return;
    }
    let program = std::env::current_exe().unwrap();
    let run = Command::new(program)
        .args(["--skip", "every_server"])
        .env(SERVER_VARIABLE, server)
        .output()
        .unwrap();
    assert!(
        run.status.success(),
        "scenarios failed with MRP_TEST_SERVER='{server}':\n{}{}",
        String::from_utf8_lossy(&run.stdout),
        String::from_utf8_lossy(&run.stderr)
    );
}
