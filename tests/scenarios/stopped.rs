//! Runs that are stopped while the server has not answered yet.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::bench::{Bench, result_of, says, text};

/// The result of a run that is stopped once the lab has seen this many requests.
fn stopped_after(requests: usize, bench: &Bench, module: &str, options: Value) -> Value {
    let mut command = bench.to_start(module, options);
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    bench.lab.wait_for_requests(requests);
    let kill = Command::new("kill").arg(child.id().to_string()).status();
    assert!(kill.unwrap().success());
    result_of(&child.wait_with_output().unwrap())
}

#[test]
fn a_write_that_was_not_answered_yet_is_not_told_as_undone() {
    let bench = Bench::new();
    let slow = json!({"method": "POST", "path": "/api/v1/preseed", "delay": 60.0});
    bench.lab.fault(slow);
    let options = json!({"name": "seed-9", "content": "x\n"});
    let result = stopped_after(2, &bench, "mrp_preseed", options);
    says(
        &text(&result["msg"]),
        &[
            "stopped by SIGTERM",
            "No step had been completed",
            "'seed-9': create was under way and may have taken effect.",
        ],
    );
    assert_eq!(result["changed"], true);
    assert_eq!(result["not_done"][0]["action"], "create");
}
