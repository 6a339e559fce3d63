//! Lists in which items fail: what the result says of each, and when the rest is abandoned.

use mrp_test_support::{actions, assert_contains, assert_failed, column, message, text};
use serde_json::{Value, json};

use crate::start_lab;

/// Fifty machines that the server does not have.
fn unknown_machines() -> Value {
    let machines = (0..50).map(|number| json!({ "name": format!("machine-{number}") }));
    machines.collect()
}

/// Asserts that one item failed, the others were abandoned, and its failure is the task's.
fn assert_abandoned_after_one_failure(result: &Value, sentence: &str, hint: Option<&str>) {
    assert_failed(result, false);
    let message = message(result);
    assert_contains(&message, &["1 of 50 failed: ", "; 49 not carried on"]);
    assert_eq!(message.matches(sentence).count(), 1, "{message}");
    assert_eq!(result["hint"].as_str(), hint);
    let results = result["results"].as_array().unwrap();
    let abandoned = results.iter().filter(|one| one["abandoned"] == true);
    assert_eq!((results.len(), abandoned.count()), (50, 49));
    assert!(results.iter().all(|one| one["failed"] == true));
}

#[test]
fn unreachable_server_is_reported_once_for_the_whole_list() {
    let lab = start_lab();
    let options =
        json!({ "machines": unknown_machines(), "state": "on", "mrp_url": "http://127.0.0.1:9/" });
    let result = lab.run("mrp_power", options);
    let hint =
        "Check the server's URL, and the proxy variables http_proxy, https_proxy and no_proxy.";
    assert_abandoned_after_one_failure(&result, "no connection to 127.0.0.1:9", Some(hint));
}

#[test]
fn a_server_that_fails_is_not_asked_again_for_every_item() {
    let lab = start_lab();
    for (fault, sentence) in [
        (json!({ "status": 503 }), "the server is not available"),
        (json!({ "status": 500 }), "the server failed (status 500)"),
        (json!({ "stall": true }), "the connection stalled"),
    ] {
        lab.reset();
        let mut fault = fault;
        fault["times"] = json!(0);
        lab.fault(fault);
        let options = json!({ "machines": unknown_machines(), "state": "on", "retries": 1, "timeout": 0.5, "fail_fast": true });
        let result = lab.run("mrp_power", options);
        assert_abandoned_after_one_failure(&result, sentence, result["hint"].as_str());
        // Eight in parallel, each with one retry.
        assert!(lab.requests().len() <= 16, "{sentence}");
    }
}

#[test]
fn a_token_that_is_refused_is_not_tried_again_for_every_item() {
    let lab = start_lab();
    let options = json!({ "machines": unknown_machines(), "state": "on" });
    let result = lab.run_as("no-token", "mrp_power", options);
    let hint = "Tokens are made and deleted on the user's page of the server.";
    assert_abandoned_after_one_failure(
        &result,
        "the server does not accept this token",
        Some(hint),
    );
    assert!(lab.requests().len() <= 8);
}

#[test]
fn stalled_bmc_fails_its_machine_only() {
    let lab = start_lab();
    lab.fault(
        json!({ "method": "GET", "path": "/api/v1/machine/2/power", "times": 0, "stall": true }),
    );
    let options = json!({
        "state": "off", "timeout": 0.5, "retries": 0, "machines": [{ "name": "qdc01" }, { "name": "qdc02" }],
    });
    let result = lab.run("mrp_power", options);
    assert_contains(&message(&result), &["1 of 2 failed: machine 'qdc01': "]);
    assert_eq!(result["results"][1]["power"], "off");
}

#[test]
fn server_error_for_one_machine_fails_that_machine_only() {
    let lab = start_lab();
    lab.fault(
        json!({ "method": "GET", "path": "/api/v1/machine/2/state", "times": 0, "status": 500 }),
    );
    let options =
        json!({ "kernel_opts": "x", "machines": [{ "name": "qdc01" }, { "name": "qdc02" }] });
    let result = lab.run("mrp_machine", options);
    assert_contains(&message(&result), &["1 of 2 failed: machine 'qdc01': "]);
    assert_eq!(result["results"][1]["changed"], true);
}

#[test]
fn check_mode_fails_where_the_real_run_fails() {
    let lab = start_lab();
    let options = json!({
        "kernel_opts": "zz", "fail_fast": true,
        "machines": [{ "name": "qdc02" }, { "name": "qdc01" }, { "name": "nix" }],
    });
    let checked = lab.check("mrp_machine", options.clone());
    let real = lab.run("mrp_machine", options);
    lab.assert_no_writes();
    for result in [&checked, &real] {
        assert_eq!(result["changed"], false, "{result:#}");
        assert_contains(
            &message(result),
            &["1 of 3 failed: machine 'nix': ", "; 2 not carried on"],
        );
    }
    for key in ["plan", "done", "not_done", "msg", "results"] {
        assert_eq!(checked[key], real[key], "{key}");
    }
}

#[test]
fn failed_list_separates_done_from_not_done_steps() {
    let lab = start_lab();
    lab.fault(json!({ "method": "PUT", "path": "/api/v1/machine/2", "status": 400 }));
    let options =
        json!({ "kernel_opts": "quiet", "machines": [{ "id": 1 }, { "id": 2 }, { "id": 3 }] });
    let result = lab.run("mrp_machine", options);
    assert_eq!(actions(&result), ["update", "update", "update"]);
    assert_eq!(
        column(&result["done"], "target"),
        ["machine 'moonshot-c1'", "machine 'qdc02'"]
    );
    assert_eq!(column(&result["not_done"], "target"), ["machine 'qdc01'"]);
}

#[test]
fn server_response_of_each_item_is_in_its_result_at_high_verbosity() {
    let lab = start_lab();
    let refusal = json!({ "error_type": "InvalidUsage", "errors": ["no such kernel"] });
    lab.fault(json!({
        "method": "PUT", "path": "/api/v1/machine/*", "times": 0, "status": 400, "body": refusal,
    }));
    let machines = json!([{ "id": 1 }, { "id": 2 }]);
    let options = json!({ "kernel_opts": "quiet", "machines": machines });
    let result = lab.run("mrp_machine", options.clone());
    for one in result["results"].as_array().unwrap() {
        assert_contains(&text(&one["server_response"]), &["no such kernel"]);
    }
    let mut quiet = options;
    quiet["_ansible_verbosity"] = json!(2);
    let result = lab.run("mrp_machine", quiet);
    assert!(
        !result.to_string().contains("server_response"),
        "{result:#}"
    );
}

#[test]
fn hint_that_all_failed_items_share_is_the_hint_of_the_task() {
    let lab = start_lab();
    let result = lab.run(
        "mrp_machine",
        json!({ "netboot": true, "machines": [{ "name": "bobs-box" }, { "name": "x86-1" }] }),
    );
    assert_contains(
        &text(&result["hint"]),
        &["Have the machine assigned to this user"],
    );
    let result = lab.run(
        "mrp_machine",
        json!({ "netboot": true, "machines": [{ "name": "bobs-box" }, { "name": "nosuch" }] }),
    );
    assert_eq!(result.get("hint"), None, "{result:#}");
}

/// Asserts that the first of these items failed, and that no request was begun for the others.
#[track_caller]
fn assert_only_the_first_was_begun(result: &Value, others: usize, changed: bool) {
    assert_failed(result, changed);
    let results = result["results"].as_array().unwrap();
    assert_eq!(results[0]["abandoned"], false, "{result:#}");
    assert!(results[1..].iter().all(|one| one["abandoned"] == true));
    let tail = format!("; {others} not carried on");
    assert_contains(&message(result), &[&tail]);
}

#[test]
fn no_further_change_is_begun_after_an_error_that_concerns_all() {
    let lab = start_lab();
    for (fault, changed) in [
        (json!({ "status": 503 }), true),
        (json!({ "status": 401 }), false),
        (json!({ "stall": true }), true),
        (json!({ "reset": true }), true),
    ] {
        lab.reset();
        let mut fault = fault;
        fault["times"] = json!(0);
        fault["method"] = json!("PUT");
        lab.fault(fault.clone());
        let options = json!({
            "kernel_opts": "quiet", "timeout": 0.5, "retries": 1,
            "machines": [{ "id": 1 }, { "id": 2 }, { "id": 3 }],
        });
        let result = lab.run("mrp_machine", options);
        assert_only_the_first_was_begun(&result, 2, changed);
        let mut paths: Vec<String> = lab.writes().into_iter().map(|write| write.path).collect();
        paths.dedup();
        assert_eq!(paths, ["/api/v1/machine/1"], "{fault}");
    }
}

#[test]
fn no_further_creation_is_begun_after_a_lost_one_or_a_failed_read_back() {
    let lab = start_lab();
    for fault in [
        json!({ "method": "POST", "path": "/api/v1/preseed", "stall": true }),
        json!({ "method": "POST", "path": "/api/v1/preseed", "status": 504 }),
        json!({ "method": "POST", "path": "/api/v1/preseed", "status": 500 }),
        json!({ "method": "GET", "path": "/api/v1/preseed/*", "status": 503 }),
        json!({ "method": "GET", "path": "/api/v1/preseed/*", "status": 401 }),
    ] {
        lab.reset();
        let mut lasting = fault.clone();
        lasting["times"] = json!(0);
        lab.fault(lasting);
        let items = ["one", "two", "three"].map(|name| json!({ "name": name, "content": "x\n" }));
        let options = json!({ "timeout": 0.5, "retries": 0, "preseeds": items });
        let result = lab.run("mrp_preseed", options);
        assert_only_the_first_was_begun(&result, 2, true);
        assert_eq!(lab.writes().len(), 1, "{fault}");
    }
}

#[test]
fn wait_that_fails_for_a_reason_that_concerns_all_ends_the_other_waits() {
    let lab = start_lab();
    let names: Vec<String> = (0..40).map(|number| format!("many-{number:02}")).collect();
    for name in &names {
        lab.add_machine(json!({ "name": name, "assignee": "alice" }));
        let path = format!(
            "/api/v1/machine/{}/power",
            lab.server_object("machine", "name", name)["id"]
        );
        // The first read is the plan's, the second begins the wait.
        lab.fault(json!({ "method": "GET", "path": path, "nth": 2, "times": 0, "status": 401 }));
    }
    let machines: Value = names.iter().map(|name| json!({ "name": name })).collect();
    let options = json!({ "machines": machines, "state": "rebooted", "boot": "disk" });
    let result = lab.run("mrp_power", options);
    assert_failed(&result, true);
    let refused = lab
        .requests()
        .into_iter()
        .filter(|request| request.status == Some(401));
    assert!(refused.count() <= 8, "{result:#}");
}
