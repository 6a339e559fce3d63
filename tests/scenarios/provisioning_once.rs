//! mrp_machine and mrp_power where the server, or something before it, gives no clear answer: a machine is never installed
//! for want of one, and an installation that has begun is neither undone nor begun again.

use std::time::{Duration, Instant};

use mrp_test_support::{TestLab, actions, assert_contains, message};
use serde_json::{Value, json};

use crate::start_lab;

const STATE: &str = "/api/v1/machine/2/state";
const POWER: &str = "/api/v1/machine/2/power";

/// Alice's machine with a kernel of its own, to be provisioned.
fn provisioned() -> Value {
    json!({
        "id": 2, "subarch": "efi", "kernel_id": 3, "initrd_id": 4, "state": "provisioned",
        "wait_interval": 0.05, "wait_timeout": 30,
    })
}

fn with(mut options: Value, more: &Value) -> Value {
    let more = more.as_object().unwrap().clone();
    options.as_object_mut().unwrap().extend(more);
    options
}

/// The answer to every read of this path.
fn answer(lab: &TestLab, path: &str, body: &Value) {
    lab.fault(json!({ "method": "GET", "path": path, "times": 0, "status": 200, "body": body }));
}

/// How often the client has ordered the machine's provisioning.
fn orders(lab: &TestLab) -> usize {
    let writes = lab.writes();
    let orders = writes
        .iter()
        .filter(|request| request.method == "POST" && request.path == STATE);
    orders.count()
}

fn state(lab: &TestLab) -> Value {
    lab.server(STATE)["state"].clone()
}

/// Leaves the machine in its installer, which does not end.
fn begin_installation(lab: &TestLab) {
    lab.settings(json!({ "install_result": "never" }));
    let result = lab.run(
        "mrp_machine",
        with(provisioned(), &json!({ "wait": false })),
    );
    assert_eq!(actions(&result), ["update", "provision"]);
    lab.wait_until("the machine has booted", |lab| lab.boots().len() == 1);
    assert_eq!(state(lab), "provisioning");
}

#[test]
fn state_that_is_missing_null_or_unknown_provisions_nothing() {
    let lab = start_lab();
    lab.run("mrp_machine", provisioned());
    for (body, part) in [
        (json!({}), "missing field `state`"),
        (json!({ "state": null }), "state: "),
        (json!([null]), "expected"),
        (json!(["ready"]), "expected"),
        (json!({ "state": 7 }), "state: "),
        (json!({ "state": "Ready" }), "'Ready'"),
        (json!({ "state": "retired" }), "'retired'"),
        (json!({ "state": "" }), "''"),
    ] {
        lab.clear_faults();
        answer(&lab, STATE, &body);
        for force in [false, true] {
            let options = with(provisioned(), &json!({ "force": force }));
            lab.without_writes(|| {
                lab.assert_fails("mrp_machine", options.clone(), &[part]);
                assert_eq!(lab.check("mrp_machine", options)["failed"], true);
            });
        }
    }
    assert_eq!(lab.boots().len(), 1);
}

#[test]
fn state_that_turns_unknown_before_the_order_provisions_nothing() {
    let lab = start_lab();
    lab.fault(json!({
        "method": "GET", "path": STATE, "nth": 2, "times": 0, "status": 200, "body": { "state": "retired" },
    }));
    lab.assert_fails("mrp_machine", provisioned(), &["'retired'"]);
    assert_eq!(orders(&lab), 0);
}

#[test]
fn machine_without_the_fields_that_decide_is_neither_changed_nor_provisioned() {
    let lab = start_lab();
    lab.run("mrp_machine", provisioned());
    let machine = lab.server("/api/v1/machine/2");
    for field in [
        "name",
        "arch",
        "subarch",
        "kernel_id",
        "kernel_opts",
        "initrd_id",
        "preseed_id",
        "netboot_enabled",
    ] {
        let mut machine = machine.clone();
        machine.as_object_mut().unwrap().remove(field);
        lab.clear_faults();
        answer(&lab, "/api/v1/machine/2", &machine);
        let part = format!("missing field `{field}`");
        lab.without_writes(|| lab.assert_fails("mrp_machine", provisioned(), &[&part]));
    }
    lab.clear_faults();
    let values: Vec<&Value> = machine.as_object().unwrap().values().collect();
    answer(&lab, "/api/v1/machine/2", &json!(values));
    lab.without_writes(|| lab.assert_fails("mrp_machine", provisioned(), &["expected"]));
}

#[test]
fn power_that_is_missing_null_or_unknown_orders_nothing() {
    let lab = start_lab();
    for (body, part) in [
        (json!({}), "missing field `state`"),
        (json!({ "state": null }), "state: "),
        (json!([null]), "expected"),
        (json!(["off"]), "expected"),
        (json!({ "state": "On" }), "'On'"),
        (json!({ "state": "cycling" }), "'cycling'"),
    ] {
        lab.clear_faults();
        answer(&lab, POWER, &body);
        for goal in ["on", "off", "rebooted"] {
            let options = json!({ "id": 2, "state": goal });
            lab.without_writes(|| lab.assert_fails("mrp_power", options, &[part]));
        }
    }
}

#[test]
fn pxe_reboot_of_a_machine_in_an_unknown_state_is_refused() {
    let lab = start_lab();
    lab.run("mrp_machine", json!({ "id": 2, "netboot": true }));
    answer(&lab, STATE, &json!({ "state": "retired" }));
    let options = json!({ "id": 2, "state": "rebooted", "boot": "pxe" });
    lab.without_writes(|| lab.assert_fails("mrp_power", options, &["'retired'"]));
}

/// The request to this path takes effect, and the answer is another one.
fn answer_after_effect(lab: &TestLab, path: &str, sent: &Value, fault: &Value) {
    // A status takes the place of the request, so another client of the same user sends it.
    let meanwhile = match fault["status"].is_null() {
        true => json!({}),
        false => {
            json!({ "meanwhile": { "user": "alice", "method": "POST", "path": path, "body": sent } })
        }
    };
    let request = json!({ "method": "POST", "path": path });
    lab.fault(with(with(request, fault), &meanwhile));
}

/// Answers to a request that was done, none of which can be read.
fn unreadable_answers() -> Vec<Value> {
    vec![
        json!({ "status": 200, "body": "" }),
        json!({ "status": 204, "body": "" }),
        json!({ "status": 202, "body": "<html>accepted</html>" }),
        json!({ "status": 202, "body": {} }),
        json!({ "status": 202, "body": [null] }),
        json!({ "truncate": 3 }),
        json!({ "status": 500, "body": "<html>Internal Server Error</html>" }),
        json!({ "status": 504, "body": "" }),
        json!({ "reset": true, "when": "after" }),
    ]
}

#[test]
fn provisioning_goes_on_when_the_answer_to_its_order_cannot_be_read() {
    for fault in unreadable_answers() {
        let lab = start_lab();
        answer_after_effect(&lab, STATE, &json!({ "state": "provision" }), &fault);
        let result = lab.run("mrp_machine", provisioned());
        assert_eq!(result["machine"]["state"], "ready", "{fault}: {result:#}");
        assert_eq!(actions(&result), ["update", "provision", "wait"]);
        assert_eq!(lab.boots().len(), 1, "{fault}");
        lab.clear_faults();
        lab.assert_unchanged("mrp_machine", provisioned());
    }
}

#[test]
fn order_that_was_confirmed_without_an_effect_is_an_error() {
    for before in ["unknown", "error", "ready"] {
        let lab = start_lab();
        lab.run(
            "mrp_machine",
            with(provisioned(), &json!({ "state": before })),
        );
        lab.fault(json!({ "method": "POST", "path": STATE, "status": 202, "body": { "state": "provisioning" } }));
        let options = with(provisioned(), &json!({ "force": true }));
        let state = format!("the state {before}");
        lab.assert_fails(
            "mrp_machine",
            options.clone(),
            &["machine 'qdc01' was written", &state],
        );
        assert_eq!((orders(&lab), lab.boots().len()), (1, 0));
        assert_eq!(lab.run("mrp_machine", options)["machine"]["state"], "ready");
    }
}

#[test]
fn order_without_an_effect_is_noticed_also_when_it_could_not_be_read_back_at_once() {
    let lab = start_lab();
    lab.run(
        "mrp_machine",
        with(provisioned(), &json!({ "state": "ready" })),
    );
    lab.fault(json!([
        { "method": "POST", "path": STATE, "status": 200, "body": "" },
        { "method": "GET", "path": STATE, "nth": 3, "times": 2, "status": 503 },
    ]));
    let options = with(provisioned(), &json!({ "force": true }));
    lab.assert_fails("mrp_machine", options, &["was written", "the state ready"]);
}

#[test]
fn forced_order_without_an_effect_on_a_machine_that_is_being_installed_is_an_error() {
    let lab = start_lab();
    begin_installation(&lab);
    lab.fault(json!({ "method": "POST", "path": STATE, "status": 200, "body": "" }));
    let options = with(provisioned(), &json!({ "force": true }));
    lab.assert_fails(
        "mrp_machine",
        options,
        &["was written", "the state unknown"],
    );
    assert_eq!(lab.boots().len(), 1);
}

#[test]
fn machine_that_is_being_installed_with_these_parameters_is_joined() {
    let lab = start_lab();
    lab.settings(json!({ "install_seconds": 2 }));
    let begun = lab.run(
        "mrp_machine",
        with(provisioned(), &json!({ "wait": false })),
    );
    assert_eq!(actions(&begun), ["update", "provision"]);
    let result = lab.run_in_all_modes("mrp_machine", provisioned());
    assert_eq!(actions(&result), ["wait"]);
    assert_eq!(
        (&result["changed"], &result["machine"]["state"]),
        (&json!(false), &json!("ready"))
    );
    assert_eq!((orders(&lab), lab.boots().len()), (1, 1));
}

#[test]
fn without_a_wait_a_machine_that_is_being_installed_is_left_alone() {
    let lab = start_lab();
    begin_installation(&lab);
    let options = with(provisioned(), &json!({ "wait": false }));
    let result = lab.assert_unchanged("mrp_machine", options);
    assert_eq!(result["machine"]["state"], "provisioning");
}

#[test]
fn force_begins_an_installation_anew() {
    let lab = start_lab();
    begin_installation(&lab);
    lab.settings(json!({ "install_result": "ready" }));
    let options = with(provisioned(), &json!({ "force": true }));
    let result = lab.run("mrp_machine", options);
    assert_eq!(actions(&result), ["provision", "wait"]);
    assert_eq!((orders(&lab), lab.boots().len()), (2, 2));
}

#[test]
fn machine_that_is_being_installed_with_other_parameters_is_provisioned_with_these() {
    let lab = start_lab();
    begin_installation(&lab);
    lab.settings(json!({ "install_result": "ready" }));
    let options = with(provisioned(), &json!({ "kernel_opts": "quiet" }));
    let result = lab.run_in_all_modes("mrp_machine", options);
    assert_eq!(actions(&result), ["update", "update", "provision", "wait"]);
    assert_eq!(result["plan"][0]["after"], json!({ "state": "unknown" }));
    assert_eq!(orders(&lab), 2);
}

#[test]
fn installation_that_is_joined_and_does_not_end_is_an_error_that_names_force() {
    let lab = start_lab();
    begin_installation(&lab);
    let options = with(provisioned(), &json!({ "wait_timeout": 0.2 }));
    let result = lab.run("mrp_machine", options);
    assert_contains(
        &message(&result),
        &["last state seen was provisioning", "force"],
    );
    assert_eq!(result["changed"], false);
}

/// Another run of alice's begins to provision when the client sends this request.
fn another_run_begins(lab: &TestLab, method: &str, path: &str, nth: u32) {
    lab.fault(json!({
        "method": method, "path": path, "nth": nth,
        "meanwhile": { "user": "alice", "method": "POST", "path": STATE, "body": { "state": "provision" } },
    }));
}

#[test]
fn installation_that_another_run_has_begun_meanwhile_is_joined() {
    // After the first read of the state; when the parameters are read back, just before the order.
    for (method, path, nth) in [
        ("GET", "/api/v1/machine/2", 2),
        ("PUT", "/api/v1/machine/2", 1),
    ] {
        let lab = start_lab();
        lab.settings(json!({ "install_seconds": 1 }));
        lab.run(
            "mrp_machine",
            with(
                provisioned(),
                &json!({ "state": "configured", "kernel_opts": "" }),
            ),
        );
        let requests = lab.requests();
        assert!(!requests.is_empty());
        another_run_begins(&lab, method, path, nth);
        let options = with(provisioned(), &json!({ "kernel_opts": "quiet" }));
        let result = lab.run("mrp_machine", options);
        assert_eq!(result["machine"]["state"], "ready", "{result:#}");
        assert_eq!((orders(&lab), lab.boots().len()), (0, 1), "{result:#}");
        assert_contains(&result["warnings"].to_string(), &["is being installed"]);
    }
}

#[test]
fn installation_of_another_run_stays_provisioning_when_new_parameters_are_the_same() {
    let lab = start_lab();
    lab.run("mrp_machine", provisioned());
    lab.settings(json!({ "install_seconds": 1 }));
    // Planned while the machine was ready; the other run has set the same parameters and begun before this one writes.
    let options = with(provisioned(), &json!({ "kernel_opts": "quiet" }));
    lab.fault(json!([
        { "method": "GET", "path": STATE, "nth": 2,
          "meanwhile": { "user": "alice", "method": "PUT", "path": "/api/v1/machine/2", "body": { "kernel_opts": "quiet" } } },
    ]));
    another_run_begins(&lab, "GET", STATE, 2);
    let result = lab.run("mrp_machine", options);
    assert_eq!(result["machine"]["state"], "ready", "{result:#}");
    assert!(lab.boots().len() <= 3, "{result:#}");
}

#[test]
fn installation_that_another_run_begins_just_after_the_state_was_set_to_unknown_is_joined() {
    let lab = start_lab();
    lab.run("mrp_machine", provisioned());
    lab.settings(json!({ "install_seconds": 1 }));
    let options = with(provisioned(), &json!({ "kernel_opts": "quiet" }));
    lab.fault(json!({
        "method": "PUT", "path": STATE, "when": "after",
        "meanwhile": { "user": "alice", "method": "PUT", "path": "/api/v1/machine/2", "body": { "kernel_opts": "quiet" } },
    }));
    // The plan, the look before the state is set, the look after it.
    another_run_begins(&lab, "GET", STATE, 3);
    let before = orders(&lab);
    let result = lab.run("mrp_machine", options);
    assert_eq!(result.get("failed"), None, "{result:#}");
    assert_eq!(result["machine"]["state"], "ready");
    assert_eq!((orders(&lab), lab.boots().len()), (before, 2), "{result:#}");
    assert_contains(&result["warnings"].to_string(), &["another client"]);
}

#[test]
fn installation_that_an_equal_run_begins_anew_just_after_the_state_was_set_to_unknown_is_joined() {
    for wait in [true, false] {
        let lab = start_lab();
        begin_installation(&lab);
        lab.settings(json!({ "install_result": "ready", "install_seconds": 1 }));
        let options = with(
            provisioned(),
            &json!({ "kernel_opts": "quiet", "wait": wait }),
        );
        // The state is `provisioning` again, as it was when the task was planned.
        lab.fault(json!({
            "method": "PUT", "path": STATE, "when": "after",
            "meanwhile": { "user": "alice", "method": "PUT", "path": "/api/v1/machine/2", "body": { "kernel_opts": "quiet" } },
        }));
        another_run_begins(&lab, "GET", STATE, 3);
        let before = orders(&lab);
        let result = lab.run("mrp_machine", options);
        assert_eq!(result.get("failed"), None, "{result:#}");
        assert_eq!((orders(&lab), lab.boots().len()), (before, 2), "{result:#}");
        assert_contains(&result["warnings"].to_string(), &["another client"]);
    }
}

#[test]
fn order_that_an_equal_run_hides_just_before_its_own_is_no_failure() {
    for wait in [true, false] {
        let lab = start_lab();
        lab.run("mrp_machine", provisioned());
        lab.settings(json!({ "install_seconds": 1 }));
        let options = with(
            provisioned(),
            &json!({ "kernel_opts": "quiet", "wait": wait }),
        );
        lab.fault(json!({
            "method": "POST", "path": STATE, "when": "after",
            "meanwhile": { "user": "alice", "method": "PUT", "path": STATE, "body": { "state": "unknown" } },
        }));
        // The plan; before and after the report of `unknown`; before and after the order; once more.
        another_run_begins(&lab, "GET", STATE, 6);
        let result = lab.run("mrp_machine", options);
        assert_eq!(result.get("failed"), None, "{result:#}");
        let expected = if wait { "ready" } else { "provisioning" };
        assert_eq!(result["machine"]["state"], expected);
    }
}

/// Answers of a server that is restarting, or of something before it.
fn passing_faults() -> Vec<Value> {
    vec![
        json!({ "status": 200, "body": "" }),
        json!({ "status": 200, "body": "<html>starting</html>" }),
        json!({ "status": 200, "body": {} }),
        json!({ "status": 200, "body": { "state": "starting" } }),
        json!({ "status": 302, "body": "", "headers": { "Location": "http://127.0.0.1:9/" } }),
        json!({ "status": 400, "body": "" }),
        json!({ "status": 404, "body": "<html>no such page</html>" }),
        json!({ "status": 405, "body": "" }),
        json!({ "status": 429, "body": "" }),
        json!({ "status": 500, "body": "" }),
        json!({ "status": 503, "body": "" }),
        json!({ "truncate": 3 }),
        json!({ "reset": true }),
    ]
}

#[test]
fn faults_after_the_order_pass_within_the_wait() {
    for fault in passing_faults() {
        let lab = start_lab();
        // The plan and the look before the order read the state; then come the read-back and the wait.
        let fault = with(
            json!({ "method": "GET", "path": STATE, "nth": 3, "times": 4 }),
            &fault,
        );
        lab.fault(json!([
            fault.clone(),
            with(
                fault.clone(),
                &json!({ "path": "/api/v1/machine/2", "nth": 3, "times": 1 })
            )
        ]));
        let result = lab.run("mrp_machine", with(provisioned(), &json!({ "retries": 0 })));
        assert_eq!(result["machine"]["state"], "ready", "{fault}: {result:#}");
        assert_eq!((orders(&lab), lab.boots().len()), (1, 1));
    }
}

#[test]
fn power_is_awaited_through_faults() {
    for fault in passing_faults() {
        let lab = start_lab();
        let fault = with(
            json!({ "method": "GET", "path": POWER, "nth": 2, "times": 2 }),
            &fault,
        );
        lab.fault(fault.clone());
        let options = json!({ "id": 2, "state": "off", "wait_interval": 0.05, "retries": 0 });
        assert_eq!(lab.run("mrp_power", options)["power"], "off", "{fault}");
    }
}

#[test]
fn refused_token_and_missing_machine_end_the_wait_at_once() {
    let not_found = json!({ "error_type": "InvalidUsage", "errors": ["machine not found"] });
    for (status, body, part) in [
        (401, json!(""), "does not accept this token"),
        (403, json!(""), "not allowed"),
        (404, not_found, "machine not found"),
    ] {
        for nth in [3, 4] {
            let lab = start_lab();
            lab.settings(json!({ "install_result": "never" }));
            lab.fault(json!({ "method": "GET", "path": STATE, "nth": nth, "times": 0, "status": status, "body": body }));
            lab.assert_fails("mrp_machine", provisioned(), &[part]);
            assert_eq!(orders(&lab), 1);
        }
    }
}

#[test]
fn wait_for_a_server_that_does_not_answer_ends_at_its_deadline() {
    for (module, path, nth, options) in [
        ("mrp_machine", STATE, 3, provisioned()),
        ("mrp_power", POWER, 2, json!({ "id": 2, "state": "off" })),
    ] {
        let lab = start_lab();
        lab.fault(json!({ "method": "GET", "path": path, "nth": nth, "times": 0, "stall": true }));
        let start = Instant::now();
        let options = with(options, &json!({ "wait_timeout": 1, "timeout": 60 }));
        lab.assert_fails(module, options, &["within 1 s", "not to be had"]);
        assert!(
            start.elapsed() < Duration::from_secs(30),
            "the wait did not end at its deadline"
        );
    }
}

#[test]
fn pause_that_the_server_asks_for_is_made_within_a_wait() {
    let lab = start_lab();
    lab.fault(json!({
        "method": "GET", "path": STATE, "nth": 3, "times": 0, "status": 503, "headers": { "Retry-After": "60" },
    }));
    let options = with(provisioned(), &json!({ "wait_timeout": 2 }));
    lab.assert_fails("mrp_machine", options, &["within 2 s", "503"]);
    let reads = lab.requests();
    let reads = reads
        .iter()
        .filter(|request| request.method == "GET" && request.path == STATE);
    // Two before the order, the read-back, the first and the last of the wait.
    assert!(reads.count() <= 5);
}

#[test]
fn power_order_whose_answer_cannot_be_read_was_given() {
    for fault in [
        json!({ "status": 202, "body": "" }),
        json!({ "status": 200, "body": "<html>accepted</html>" }),
        json!({ "status": 202, "body": {} }),
        json!({ "status": 202, "body": { "state": null } }),
    ] {
        for wait in [true, false] {
            for (goal, order, power) in [("rebooted", "reboot", "on"), ("off", "off", "off")] {
                let lab = start_lab();
                answer_after_effect(&lab, POWER, &json!({ "state": order }), &fault);
                let options = json!({ "id": 2, "state": goal, "wait": wait });
                let result = lab.run("mrp_power", options);
                assert_eq!(
                    (&result["changed"], &result["power"]),
                    (&json!(true), &json!(power)),
                    "{fault}: {result:#}"
                );
            }
        }
    }
}

#[test]
fn only_what_a_bmc_error_left_is_undone() {
    let lab = start_lab();
    lab.settings(json!({ "install_result": "never" }));
    let fault = json!({ "status": 500, "body": "<html>Internal Server Error</html>" });
    answer_after_effect(&lab, STATE, &json!({ "state": "provision" }), &fault);
    let options = with(provisioned(), &json!({ "wait_timeout": 0.2 }));
    lab.assert_fails(
        "mrp_machine",
        options,
        &["last state seen was provisioning"],
    );
    assert_eq!(state(&lab), "provisioning");
    assert_eq!(lab.server("/api/v1/machine/2")["netboot_enabled"], true);
}
