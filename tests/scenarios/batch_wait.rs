//! Waiting for several machines: they are polled in parallel, except for what the server asks their BMCs.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mrp_test_support::TestLab;
use serde_json::json;

use crate::start_lab;

/// The largest number of unanswered reads of states at one time, after this number of writes was answered.
fn most_parallel_reads(lab: &TestLab, writes: usize, run: impl FnOnce()) -> usize {
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut most = 0;
            while !is_over.load(Ordering::SeqCst) {
                let requests = lab.requests();
                let answered = requests
                    .iter()
                    .filter(|one| one.is_write() && one.status.is_some());
                if answered.count() >= writes {
                    let reads = requests
                        .iter()
                        .filter(|one| one.path.ends_with("/state") && one.status.is_none());
                    most = most.max(reads.count());
                }
                std::thread::sleep(Duration::from_millis(5));
            }
            most
        });
        run();
        is_over.store(true, Ordering::SeqCst);
        watcher.join().unwrap()
    })
}

#[test]
fn awaited_machines_are_polled_in_parallel() {
    let lab = start_lab();
    let machines = [1, 2, 3].map(|number| {
        let id = lab.add_machine(json!({ "name": format!("new-{number}"), "assignee": "alice" }));
        let path = format!("/api/v1/machine/{id}/state");
        lab.fault(json!({ "method": "GET", "path": path, "delay": 0.3, "times": 0 }));
        json!({ "id": id })
    });
    let options = json!({
        "state": "provisioned", "kernel": "debian-installer kernel", "machines": machines, "wait_interval": 0.01,
    });
    // Each machine gets its parameters and its order.
    let most = most_parallel_reads(&lab, 6, || {
        let result = lab.run("mrp_machine", options);
        assert_eq!(result["changed"], true, "{result:#}");
    });
    assert_eq!(most, 3);
}

#[test]
fn pause_that_the_server_asks_for_is_kept_while_other_machines_are_polled() {
    let lab = start_lab();
    lab.settings(json!({ "bmc_seconds": 0 }));
    lab.run("mrp_power", json!({ "id": 2, "state": "off" }));
    let before = lab.requests().len();
    lab.fault(json!({
        "method": "GET", "path": "/api/v1/machine/2/power", "nth": 2, "status": 503,
        "headers": { "Retry-After": "3" },
    }));
    // Machine 1 never reaches the state, and is polled up to the deadline.
    lab.fault(json!({
        "method": "GET", "path": "/api/v1/machine/1/power", "times": 0, "status": 200,
        "body": { "state": "off" },
    }));
    let options = json!({
        "state": "on", "wait_timeout": 6, "wait_interval": 0.5, "machines": [{ "id": 1 }, { "id": 2 }],
    });
    lab.run("mrp_power", options);
    let requests = &lab.requests()[before..];
    let polls = requests
        .iter()
        .filter(|one| one.path.ends_with("/power") && one.method == "GET");
    let paths: Vec<&str> = polls.map(|one| one.path.as_str()).collect();
    let of_two: Vec<usize> = (0..paths.len())
        .filter(|&at| paths[at].contains("/2/"))
        .collect();
    assert_eq!(of_two.len(), 3, "{paths:?}");
    assert!(of_two[2] - of_two[1] > 3, "{paths:?}");
}
