//! mrp_machine where a report of a state gets no answer in time, is sent again, and the first one takes effect only after
//! later steps.

use mrp_test_support::{TestLab, actions, assert_contains, message};
use serde_json::{Value, json};

use crate::start_lab;

const MACHINE: &str = "/api/v1/machine/2";
const STATE: &str = "/api/v1/machine/2/state";

/// Alice's machine with other parameters than those that it was installed with.
fn reinstalled(lab: &TestLab) -> Value {
    let mut options = json!({
        "id": 2, "subarch": "efi", "kernel_id": 3, "initrd_id": 4, "state": "provisioned",
        "wait_interval": 0.05, "wait_timeout": 30, "netboot_when_ready": false,
    });
    lab.run("mrp_machine", options.clone());
    assert_eq!(state(lab), "ready");
    options["kernel_opts"] = json!("quiet");
    options["timeout"] = json!(0.5);
    options
}

/// The first report of `unknown` gets no answer, and takes effect before or after this later request. The next ones of this
/// kind of request are counted from now on.
fn deliver_late(lab: &TestLab, later: &Value) {
    let mut late = json!({
        "meanwhile": { "user": "alice", "method": "PUT", "path": STATE, "body": { "state": "unknown" } },
    });
    late.as_object_mut()
        .unwrap()
        .extend(later.as_object().unwrap().clone());
    lab.fault(json!([{ "method": "PUT", "path": STATE, "stall": true }, late]));
}

fn state(lab: &TestLab) -> Value {
    lab.server(STATE)["state"].clone()
}

/// How often the client has ordered the machine's provisioning.
fn orders(lab: &TestLab) -> usize {
    let writes = lab.writes();
    let orders = writes
        .iter()
        .filter(|request| request.method == "POST" && request.path == STATE);
    orders.count()
}

#[test]
fn state_that_a_late_report_sets_back_after_the_machine_is_ready_is_set_again_and_told() {
    let lab = start_lab();
    let options = reinstalled(&lab);
    // Netboot is switched off when the machine is ready.
    deliver_late(&lab, &json!({ "method": "PUT", "path": MACHINE, "nth": 2 }));
    let result = lab.run("mrp_machine", options.clone());
    assert_eq!(result.get("failed"), None, "{result:#}");
    assert_eq!(
        actions(&result),
        ["update", "update", "provision", "wait", "update"]
    );
    assert_eq!(result["machine"]["state"], "ready");
    assert_eq!(state(&lab), "ready");
    let warnings = result["warnings"].to_string();
    assert_contains(
        &warnings,
        &["machine 'qdc01'", "arrived late", "ready again"],
    );
    lab.clear_faults();
    lab.assert_unchanged("mrp_machine", options);
    assert_eq!(lab.boots().len(), 2);
}

#[test]
fn machine_whose_order_a_late_report_hides_is_awaited_and_not_ordered_again() {
    let lab = start_lab();
    let options = reinstalled(&lab);
    lab.settings(json!({ "install_seconds": 0.5 }));
    let before = orders(&lab);
    deliver_late(
        &lab,
        &json!({ "method": "POST", "path": STATE, "when": "after" }),
    );
    let result = lab.run("mrp_machine", options.clone());
    assert_eq!(result.get("failed"), None, "{result:#}");
    assert_eq!(
        (result["machine"]["state"].clone(), state(&lab)),
        (json!("ready"), json!("ready"))
    );
    assert_eq!((orders(&lab) - before, lab.boots().len()), (1, 2));
    lab.clear_faults();
    lab.assert_unchanged("mrp_machine", options);
}

#[test]
fn late_report_that_hides_an_order_without_a_wait_is_a_failure_that_says_so() {
    let lab = start_lab();
    let mut options = reinstalled(&lab);
    options["wait"] = json!(false);
    options
        .as_object_mut()
        .unwrap()
        .remove("netboot_when_ready");
    lab.settings(json!({ "install_result": "never" }));
    // The machine is read after its state.
    deliver_late(&lab, &json!({ "method": "GET", "path": MACHINE, "nth": 3 }));
    let result = lab.run("mrp_machine", options);
    assert_eq!(
        (&result["failed"], &result["changed"]),
        (&json!(true), &json!(true)),
        "{result:#}"
    );
    assert_contains(
        &message(&result),
        &["machine 'qdc01'", "arrived late", "unknown"],
    );
}
