//! Reads that fail: whether the result says that something changed.

use mrp_test_support::{ADMIN_TOKEN, assert_contains, assert_failed, message};
use serde_json::json;

use crate::start_lab;

#[test]
fn a_read_that_fails_before_anything_is_sent_is_no_change() {
    let lab = start_lab();
    for fault in [
        json!({ "status": 503 }),
        json!({ "reset": true }),
        json!({ "truncate": 5 }),
        json!({ "stall": true }),
    ] {
        lab.reset();
        let mut fault = fault;
        fault["method"] = json!("GET");
        fault["path"] = json!("/api/v1/machine");
        fault["times"] = json!(0);
        lab.fault(fault.clone());
        for machine in [
            json!({ "name": "qdc01" }),
            json!({ "machines": [{ "name": "qdc01" }] }),
        ] {
            let mut options = json!({ "kernel_opts": "x", "retries": 0, "timeout": 0.5 });
            options
                .as_object_mut()
                .unwrap()
                .extend(machine.as_object().unwrap().clone());
            let result = lab.run("mrp_machine", options);
            assert_failed(&result, false);
        }
    }
    lab.assert_no_writes();
}

#[test]
fn a_read_that_fails_within_a_step_that_sent_nothing_is_no_change() {
    let lab = start_lab();
    lab.keep_reservations();
    lab.fault(
        json!({ "method": "GET", "path": "/api/v1/machine", "nth": 4, "times": 0, "stall": true }),
    );
    let options = json!({ "name": "d05-free", "reason": "z", "timeout": 0.5, "retries": 0 });
    let result = lab.run("mrp_reservation", options);
    assert_eq!(result["failed"], true);
    lab.assert_no_writes();
    assert_eq!(result["not_done"].as_array().unwrap().len(), 1);
    assert_eq!(result["changed"], false, "{result:#}");
}

#[test]
fn read_back_that_fails_after_a_write_counts_as_a_change() {
    let lab = start_lab();
    lab.fault(json!({ "method": "GET", "path": "/api/v1/machine/2", "times": 0, "stall": true }));
    let options = json!({
        "kernel_opts": "x", "timeout": 0.5, "retries": 0, "machines": [{ "name": "qdc01" }],
    });
    let result = lab.run("mrp_machine", options);
    assert_contains(
        &message(&result),
        &["was written, but could not be read back"],
    );
    assert_eq!(result["changed"], true);
}

#[test]
fn https_to_a_server_without_tls_names_the_option_that_helps() {
    let lab = start_lab();
    let url = lab.url().replace("http:", "https:");
    let result = lab.run("mrp_machine_info", json!({ "mrp_url": url }));
    assert_contains(&message(&result), &["it does not speak TLS at this port"]);
    assert_eq!(
        result["hint"],
        "If the server has no TLS, mrp_url begins with http://."
    );
}

#[test]
fn creation_that_certainly_did_not_arrive_is_no_change() {
    let lab = start_lab();
    for (module, path, options) in [
        (
            "mrp_assignee",
            "/api/v1/machine/4/assignee",
            json!({ "id": 4, "user": "bob", "mrp_token": ADMIN_TOKEN }),
        ),
        (
            "mrp_reservation",
            "/api/v1/machine/reservation",
            json!({ "name": "d05-free", "reason": "ci" }),
        ),
        (
            "mrp_preseed",
            "/api/v1/preseed",
            json!({ "name": "new", "content": "x" }),
        ),
    ] {
        lab.reset();
        lab.fault(json!({ "method": "POST", "path": path, "times": 0, "reset": true }));
        let result = lab.run(module, options);
        assert_failed(&result, false);
        assert!(!message(&result).contains("given back"), "{result:#}");
    }
}
