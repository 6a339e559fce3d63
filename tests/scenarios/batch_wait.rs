//! Waiting for several machines: they are polled in parallel.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mrp_test_support::TestLab;
use serde_json::json;

use crate::start_lab;

/// The largest number of unanswered power reads at one time, after this number of writes was answered.
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
                if answered.count() == writes {
                    let reads = requests
                        .iter()
                        .filter(|one| one.path.ends_with("/power") && one.status.is_none());
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
    lab.settings(json!({ "bmc_seconds": 0.4, "bmc_blocks": false }));
    let options = json!({
        "state": "rebooted", "boot": "disk",
        "machines": [{ "name": "moonshot-c1" }, { "name": "qdc01" }, { "name": "qdc02" }],
    });
    let most = most_parallel_reads(&lab, 3, || {
        let result = lab.run("mrp_power", options);
        assert_eq!(result["changed"], true, "{result:#}");
    });
    assert_eq!(most, 3);
}
