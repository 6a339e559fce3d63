//! Servers with one database session for all requests: what they keep although they refuse it, and what they lose although
//! they confirm it.

use mrp_test_support::{
    ADMIN_TOKEN, Sessions, TestLab, assert_contains, assert_failed, column, message,
};
use serde_json::{Value, json};

const RESERVE: &str = "/api/v1/machine/reservation";

fn start_lab() -> TestLab {
    TestLab::with_sessions(Sessions::One).with_program(env!("CARGO_BIN_EXE_mrp-ansible"))
}

fn holders(lab: &TestLab, machine: &Value) -> Vec<String> {
    column(
        &lab.server(&format!("/api/v1/machine/{machine}/assignee")),
        "user",
    )
}

/// A query by bob that the database refuses: it loses what nobody has stored yet.
fn rollback() -> Value {
    json!({ "user": "bob", "method": "GET", "path": "/api/v1/machine?q=(%3D%20name%205)" })
}

#[test]
fn reservation_outlives_a_restart_and_the_errors_of_others() {
    let lab = start_lab();
    let options = json!({ "name": "d05-free", "reason": "ci" });
    let result = lab.run_in_all_modes("mrp_reservation", options.clone());
    assert_eq!(result["machines"][0]["assignment"]["user"], "alice");
    lab.restart();
    assert_eq!(holders(&lab, &json!(4)), ["alice"]);
    lab.assert_unchanged("mrp_reservation", options);
}

#[test]
fn reservation_outlives_a_restart_after_others_of_the_same_run_were_refused() {
    for refused in 1..=3 {
        let lab = start_lab();
        let machines: Vec<Value> = (0..=refused)
            .map(|number| json!(lab.add_machine(json!({ "name": format!("free-{number}") }))))
            .collect();
        for number in 0..refused {
            let query = format!("(= name \"free-{number}\")");
            lab.fault(json!({
                "method": "POST", "path": RESERVE, "nth": number + 1,
                "meanwhile": { "user": "bob", "method": "POST", "path": RESERVE,
                               "body": { "query": query, "reason": "quick" } },
            }));
        }
        let options = json!({ "query": "(=~ name \"free-\")", "reason": "ci" });
        let result = lab.run("mrp_reservation", options.clone());
        assert_eq!(result["changed"], true, "{result:#}");
        lab.restart();
        assert_eq!(holders(&lab, &machines[refused]), ["alice"]);
        lab.assert_unchanged("mrp_reservation", options);
    }
}

#[test]
fn reservation_that_an_equal_run_made_just_before_outlives_a_restart() {
    let lab = start_lab();
    // The other run has not stored it yet.
    lab.fault(json!({
        "method": "POST", "path": RESERVE,
        "meanwhile": { "user": "alice", "method": "POST", "path": RESERVE,
                       "body": { "query": "(= name \"d05-free\")", "reason": "ci" } },
    }));
    let options = json!({ "name": "d05-free", "reason": "ci" });
    let result = lab.run("mrp_reservation", options.clone());
    assert_eq!(result["changed"], false, "{result:#}");
    assert_eq!(result["machines"][0]["assignment"]["user"], "alice");
    lab.restart();
    assert_eq!(holders(&lab, &json!(4)), ["alice"]);
    lab.assert_unchanged("mrp_reservation", options);
}

#[test]
fn reservation_that_an_error_of_another_user_took_back_is_made_again() {
    // Before it is read, after it is read, and after it was stored and before that is read.
    for (method, path) in [
        ("GET", "/api/v1/machine/4/assignee/self"),
        ("PUT", "/api/v1/machine/4/assignee/*"),
    ] {
        let lab = start_lab();
        lab.fault(json!({ "method": method, "path": path, "meanwhile": rollback() }));
        let options = json!({ "name": "d05-free", "reason": "ci" });
        let result = lab.run("mrp_reservation", options);
        assert_eq!(result["changed"], true, "{result:#}");
        lab.restart();
        assert_eq!(holders(&lab, &json!(4)), ["alice"]);
    }
}

/// The machine with netboot on and a subarch that has no bootloader, which the server refuses after it has set all of it.
fn without_bootloader(machine: &str) -> Value {
    json!({ "name": machine, "subarch": "nobl", "netboot": true, "kernel_opts": "quiet" })
}

#[test]
fn machine_that_a_refused_write_had_changed_is_put_back() {
    let lab = start_lab();
    let before = lab.server("/api/v1/machine/2");
    lab.check("mrp_machine", without_bootloader("qdc01"));
    let result = lab.run("mrp_machine", without_bootloader("qdc01"));
    assert_failed(&result, false);
    let parts = ["bootloader", "kept", "put back"];
    assert_contains(&message(&result), &parts);
    assert_eq!(result["done"], json!([]));
    assert_eq!(result["not_done"].as_array().unwrap().len(), 1);
    // The next write of anybody stores what is open.
    let reason = json!({ "name": "qdc01", "user": "alice", "reason": "other" });
    lab.run_as(ADMIN_TOKEN, "mrp_assignee", reason);
    lab.restart();
    assert_eq!(lab.server("/api/v1/machine/2"), before);
    let options = json!({ "name": "qdc01", "kernel_opts": "quiet" });
    lab.run_in_all_modes("mrp_machine", options);
}

#[test]
fn netboot_that_a_refused_write_had_left_on_is_put_back() {
    let lab = start_lab();
    lab.run("mrp_machine", json!({ "name": "qdc01", "netboot": true }));
    let before = lab.server("/api/v1/machine/2");
    let result = lab.run("mrp_machine", json!({ "name": "qdc01", "subarch": "nobl" }));
    assert_failed(&result, false);
    lab.restart();
    assert_eq!(lab.server("/api/v1/machine/2"), before);
}

#[test]
fn field_that_cannot_be_put_back_is_named_and_counts_as_changed() {
    let lab = start_lab();
    // It has no subarch, and the server cannot clear one.
    let result = lab.run("mrp_machine", without_bootloader("qdc02"));
    assert_failed(&result, true);
    assert_contains(
        &message(&result),
        &["the server kept subarch", "could not be put back"],
    );
    let found = lab.server("/api/v1/machine/3");
    assert_eq!(found["netboot_enabled"], false);
    assert_eq!(found["subarch"], "nobl");
}

#[test]
fn server_that_keeps_nothing_of_a_refused_write_gets_no_further_one() {
    let lab =
        TestLab::with_sessions(Sessions::Request).with_program(env!("CARGO_BIN_EXE_mrp-ansible"));
    let before = lab.server("/api/v1/machine/2");
    let result = lab.run("mrp_machine", without_bootloader("qdc01"));
    assert_failed(&result, false);
    assert!(!message(&result).contains("put back"));
    assert_eq!(lab.written(), ["PUT /api/v1/machine/2"]);
    assert_eq!(lab.server("/api/v1/machine/2"), before);
}

#[test]
fn description_that_was_null_before_a_refused_write_is_null_again() {
    let lab = start_lab();
    let bare = json!({ "name": "bare", "content": "d-i one\n" });
    let made = lab.run("mrp_preseed", bare.clone());
    let path = format!("/api/v1/preseed/{}", made["preseed"]["id"]);
    let before = lab.server(&path);
    assert_eq!(before["description"], json!(null));
    lab.fault(json!({
        "method": "PUT", "path": path, "status": 500,
        "meanwhile": { "user": "alice", "method": "PUT", "path": path, "body": { "description": "for CI" } },
    }));
    let mut described = bare;
    described["description"] = json!("for CI");
    let result = lab.run("mrp_preseed", described);
    assert_failed(&result, false);
    assert_contains(&message(&result), &["kept", "put back"]);
    assert_eq!(lab.server(&path), before);
}

#[test]
fn any_object_that_a_refused_write_had_changed_is_put_back() {
    let cases = [
        (
            "mrp_image",
            "image/6",
            json!({ "public": true }),
            json!({ "type": "Kernel", "arch": "arm64", "description": "dup kernel", "public": true }),
        ),
        (
            "mrp_preseed",
            "preseed/3",
            json!({ "content": "canary-31\n", "known_good": true }),
            json!({ "name": "alice-seed", "content": "canary-31\n", "known_good": true }),
        ),
        (
            "mrp_interface",
            "machine/2/interface/7",
            json!({ "config_type_v4": "static", "configured_ipv4": "10.40.2.17" }),
            json!({ "machine": "qdc01", "interface": "eth0", "config_type_v4": "static", "ipv4": "10.40.2.17" }),
        ),
        (
            "mrp_assignee",
            "machine/2/assignee/2",
            json!({ "reason": "other" }),
            json!({ "name": "qdc01", "user": "alice", "reason": "other" }),
        ),
    ];
    for (module, path, body, options) in cases {
        for status in [400, 403, 500] {
            let lab = start_lab();
            let path = format!("/api/v1/{path}");
            let before = lab.server(&path);
            let refusal = json!({ "error_type": "InvalidUsage", "errors": ["no such luck"] });
            lab.fault(json!({
                "method": "PUT", "path": path, "status": status, "body": refusal,
                "meanwhile": { "user": "alice", "method": "PUT", "path": path, "body": body },
            }));
            let result = lab.run(module, options.clone());
            assert_failed(&result, false);
            assert_contains(&message(&result), &["kept", "put back"]);
            assert!(!result["msg"].to_string().contains("canary-31"));
            assert_eq!(lab.server(&path), before, "{module} after {status}");
            lab.run_in_all_modes(module, options.clone());
        }
    }
}
