//! Runs that end by a signal while the server has not answered yet.

use std::process::Command;

use mrp_test_support::module::parse_result;
use mrp_test_support::{TestLab, assert_contains, message};
use serde_json::{Value, json};

use crate::start_lab;

/// The result of a run that is stopped once the lab has seen this many requests.
fn stopped_after(requests: usize, lab: &TestLab, module: &str, options: Value) -> Value {
    let mut run = lab.module_run(module, options);
    let child = run.command.spawn().unwrap();
    lab.wait_for_requests(requests);
    let kill = Command::new("kill").arg(child.id().to_string()).status();
    assert!(kill.unwrap().success());
    parse_result(&child.wait_with_output().unwrap())
}

#[test]
fn write_without_an_answer_is_reported_as_under_way_when_the_run_is_stopped() {
    let lab = start_lab();
    let slow = json!({"method": "POST", "path": "/api/v1/preseed", "delay": 60.0});
    lab.fault(slow);
    let options = json!({"name": "seed-9", "content": "x\n"});
    let result = stopped_after(2, &lab, "mrp_preseed", options);
    assert_contains(
        &message(&result),
        &[
            "stopped by SIGTERM",
            "No step had been completed",
            "'seed-9': create was under way and may have taken effect.",
        ],
    );
    assert_eq!(result["changed"], true);
    assert_eq!(result["not_done"][0]["action"], "create");
}
