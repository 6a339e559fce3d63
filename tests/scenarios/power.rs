//! mrp_power: switching, reboots, waiting for the BMC.

use mrp_test_support::{ADMIN_TOKEN, Release, TestLab, actions, assert_contains, message, text};
use serde_json::{Value, json};

use crate::start_lab;

const MODULE: &str = "mrp_power";

fn power_of(lab: &TestLab, machine: u32) -> Value {
    lab.server(&format!("/api/v1/machine/{machine}/power"))["state"].clone()
}

/// The number of requests that switched a machine or rebooted it.
fn power_writes(lab: &TestLab) -> usize {
    lab.writes()
        .iter()
        .filter(|request| request.path.ends_with("/power"))
        .count()
}

fn enable_netboot(lab: &TestLab) {
    lab.run("mrp_machine", json!({ "name": "qdc01", "netboot": true }));
}

#[test]
fn a_machine_is_switched_off_and_on() {
    let lab = start_lab();
    for (state, before) in [("off", "on"), ("on", "off")] {
        let result = lab.run_in_all_modes(MODULE, json!({ "name": "qdc01", "state": state }));
        assert_eq!(actions(&result), ["update", "wait"]);
        assert_eq!(result["plan"][0]["before"], json!({ "power": before }));
        assert_eq!(result["plan"][0]["after"], json!({ "power": state }));
        assert_eq!(result["power"], state);
        assert_eq!(result["machine"]["name"], "qdc01");
        assert_eq!(power_of(&lab, 2), state);
    }
    assert_eq!(power_writes(&lab), 2);
}

#[test]
fn yaml_booleans_are_taken_for_the_words_they_were() {
    let lab = start_lab();
    lab.assert_unchanged(MODULE, json!({ "machine": "qdc01", "state": true }));
    lab.run_in_all_modes(MODULE, json!({ "id": 2, "state": false }));
}

#[test]
fn the_bmc_is_asked_once_before_and_once_after() {
    let lab = start_lab();
    let asked = || {
        let requests = lab.requests();
        let on_power = requests
            .iter()
            .filter(|request| request.method == "GET" && request.path.ends_with("/power"));
        on_power.count()
    };
    lab.run(MODULE, json!({ "name": "qdc01", "state": "off" }));
    assert_eq!(asked(), 2);
    lab.run(
        MODULE,
        json!({ "name": "qdc01", "state": "on", "wait": false }),
    );
    // Release 0.3.1 does not tell what its BMC says after an order.
    let asked_after_the_order = usize::from(lab.release() == Release::V0_3_1);
    assert_eq!(asked(), 3 + asked_after_the_order);
}

#[test]
fn rebooted_reboots_in_every_run() {
    let lab = start_lab();
    let options = json!({ "name": "qdc01", "state": "rebooted" });
    let predicted = lab.check(MODULE, options.clone());
    for times in 1..=2 {
        let result = lab.run(MODULE, options.clone());
        assert_eq!(result["changed"], true);
        assert_eq!(result["plan"], predicted["plan"]);
        assert_eq!(actions(&result), ["reboot", "wait"]);
        assert_eq!(result["plan"][0]["after"], json!({ "power": "reboot" }));
        assert_eq!(result["power"], "on");
        assert_eq!(power_writes(&lab), times);
    }
}

#[test]
fn a_machine_that_is_off_is_switched_on_instead_of_reset() {
    let lab = start_lab();
    let result = lab.run(MODULE, json!({ "name": "qdc02", "state": "rebooted" }));
    assert_eq!(result["plan"][0]["after"], json!({ "power": "on" }));
    assert_eq!(power_of(&lab, 3), "on");
}

#[test]
fn boot_decides_what_the_machine_boots_from() {
    let lab = start_lab();
    enable_netboot(&lab);
    for boot in ["pxe", "disk", "bios"] {
        let options = json!({ "name": "qdc01", "state": "rebooted", "boot": boot });
        let result = lab.run(MODULE, options);
        assert_eq!(
            result["plan"][0]["after"],
            json!({ "power": format!("{boot}_reboot") })
        );
        assert!(result.get("warnings").is_none(), "{result:#}");
    }
    assert_eq!(lab.boots().len(), 1);
}

#[test]
fn options_without_the_ones_they_need_are_refused() {
    let lab = start_lab();
    let options = json!({ "name": "qdc01", "state": "on", "boot": "pxe" });
    assert_eq!(lab.failure(MODULE, options), "boot needs state: rebooted");
    let options = json!({ "name": "qdc01", "state": "rebooted", "force": true });
    assert_eq!(
        lab.failure(MODULE, options),
        "force is True but all of the following are missing: boot"
    );
    let options = json!({ "name": "qdc01", "state": "rebooted", "boot": "disk", "force": true });
    assert_eq!(lab.failure(MODULE, options), "force needs boot: pxe");
}

#[test]
fn several_machines_are_switched_in_one_task() {
    let lab = start_lab();
    let options = json!({
        "state": "off",
        "machines": [{ "name": "qdc01" }, { "id": 1, "state": "on" }, { "name": "qdc02" }],
    });
    let result = lab.run_in_all_modes(MODULE, options);
    assert_eq!(actions(&result), ["update", "wait", "update", "wait"]);
    let powers: Vec<&Value> = result["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["power"])
        .collect();
    assert_eq!(powers, ["off", "on", "off"]);
    assert_eq!(power_writes(&lab), 2);
}

#[test]
fn several_machines_are_awaited_together() {
    let lab = start_lab();
    // The first read of each machine is the plan's. The second begins the wait, and still returns the old power.
    for (id, power) in [(2, "on"), (1, "off")] {
        let body = json!({ "state": power });
        let path = format!("/api/v1/machine/{id}/power");
        lab.fault(json!({ "method": "GET", "path": path, "nth": 2, "status": 200, "body": body }));
    }
    let options = json!({
        "wait_interval": 0.01,
        "machines": [{ "id": 2, "state": "off" }, { "id": 1, "state": "on" }, { "name": "no-bmc", "state": "on" }],
    });
    let result = lab.run(MODULE, options);
    assert_contains(
        &message(&result),
        &["1 of 3 failed", "machine 'no-bmc' has no BMC"],
    );
    assert_eq!(power_writes(&lab), 2);
    let paths: Vec<String> = lab
        .requests()
        .into_iter()
        .filter(|request| request.path.ends_with("/power"))
        .map(|request| format!("{} {}", request.method, &request.path[16..17]))
        .collect();
    let (writes, reads) = paths[paths.len() - 6..].split_at(2);
    assert_eq!(writes, ["POST 2", "POST 1"]);
    for round in reads.chunks(2) {
        let mut round = round.to_vec();
        round.sort();
        assert_eq!(round, ["GET 1", "GET 2"]);
    }
}

#[test]
fn a_pxe_reboot_with_netboot_off_is_refused_unless_forced() {
    let lab = start_lab();
    let mut options = json!({ "name": "qdc01", "state": "rebooted", "boot": "pxe" });
    lab.assert_fails(
        MODULE,
        options.clone(),
        &[
            "PXE reboot of machine 'qdc01'",
            "netboot is off",
            "the option force",
        ],
    );
    lab.assert_no_writes();
    options["force"] = json!(true);
    let result = lab.run(MODULE, options);
    assert_eq!(actions(&result), ["reboot", "wait"]);
}

#[test]
fn pxe_reboot_that_installs_again_warns() {
    let lab = start_lab();
    enable_netboot(&lab);
    lab.run("mrp_machine", json!({ "name": "qdc01", "state": "ready" }));
    let options = json!({ "name": "qdc01", "state": "rebooted", "boot": "pxe" });
    let result = lab.check(MODULE, options);
    assert_contains(
        &text(&result["warnings"][0]),
        &["machine 'qdc01' is installed", "installs it again"],
    );
}

#[test]
fn wait_ends_when_the_bmc_reports_the_power() {
    let lab = start_lab();
    // The first read is the plan's, the second begins the wait.
    lab.fault(json!([
        { "method": "GET", "path": "/api/v1/machine/2/power", "nth": 2, "status": 200, "body": { "state": "on" } },
        { "method": "GET", "path": "/api/v1/machine/2/power", "nth": 3, "status": 502 },
        { "method": "GET", "path": "/api/v1/machine/2/power", "nth": 4, "status": 200,
          "body": { "state": "Unknown (BMC error)" } },
    ]));
    let options = json!({ "name": "qdc01", "state": "off", "wait_interval": 0.01, "retries": 0 });
    let result = lab.run(MODULE, options);
    assert_eq!(result["power"], "off", "{result:#}");
    assert_eq!(power_writes(&lab), 1);
}

#[test]
fn power_that_does_not_change_in_time_is_an_error_with_the_last_state_seen() {
    let lab = start_lab();
    lab.fault(json!({
        "method": "GET", "path": "/api/v1/machine/2/power", "times": 0, "status": 200, "body": { "state": "on" },
    }));
    let options = json!({
        "name": "qdc01", "state": "off", "wait_timeout": 0.05, "wait_interval": 0.01,
    });
    let result = lab.run(MODULE, options);
    assert_contains(
        &message(&result),
        &[
            "machine 'qdc01' was not off within 0.05 s",
            "last state seen was on",
        ],
    );
    assert_eq!(result["changed"], true);
    assert_eq!(result["done"][0]["action"], "update");
    assert_eq!(result["not_done"][0]["action"], "wait");
}

#[test]
fn without_a_wait_the_power_is_what_the_server_read() {
    let lab = start_lab();
    let body = json!({ "state": "on" });
    lab.fault(json!({
        "method": "POST", "path": "/api/v1/machine/2/power", "status": 202, "body": body,
    }));
    let options = json!({ "name": "qdc01", "state": "off", "wait": false });
    let result = lab.run(MODULE, options);
    assert_eq!(actions(&result), ["update"]);
    assert_eq!(
        (&result["changed"], &result["power"]),
        (&json!(true), &json!("on"))
    );
}

#[test]
fn a_machine_without_a_bmc_is_refused() {
    let lab = start_lab();
    for state in ["on", "off", "rebooted"] {
        lab.assert_fails(
            MODULE,
            json!({ "name": "no-bmc", "state": state }),
            &["machine 'no-bmc' has no BMC"],
        );
    }
    lab.assert_no_writes();
}

#[test]
fn failing_bmc_is_an_error_before_anything_is_written() {
    let lab = start_lab();
    for state in ["on", "off", "rebooted"] {
        lab.assert_fails(
            MODULE,
            json!({ "id": 7, "state": state }),
            &[
                "BMC of machine 'bad bmc/box \"q\"' does not answer",
                "power is unknown",
            ],
        );
    }
    lab.assert_no_writes();
}

#[test]
fn bmc_that_fails_while_switching_shows_no_password() {
    let lab = start_lab();
    lab.fault(json!({
        "method": "GET", "path": "/api/v1/machine/7/power", "status": 200, "body": { "state": "off" },
    }));
    let result = lab.run(MODULE, json!({ "id": 7, "state": "on" }));
    assert_eq!(
        message(&result).split(". ").next().unwrap(),
        "switching machine 'bad bmc/box \"q\"' on: the machine's BMC did not do as asked"
    );
    assert!(!result.to_string().contains("ipmipass"), "{result:#}");
    assert_eq!(result["changed"], false);
    assert_eq!(result["not_done"].as_array().unwrap().len(), 2);
}

#[test]
fn lost_answer_to_a_reboot_is_an_error_with_an_unknown_outcome() {
    let lab = start_lab();
    lab.fault(json!({
        "method": "POST", "path": "/api/v1/machine/2/power", "reset": true, "when": "after",
    }));
    lab.assert_fails(
        MODULE,
        json!({ "name": "qdc01", "state": "rebooted" }),
        &["rebooting machine 'qdc01': whether it took effect is unknown"],
    );
    assert_eq!(power_writes(&lab), 1);
}

#[test]
fn lost_answer_to_switching_is_settled_by_reading_the_power() {
    let lab = start_lab();
    let lost = |when: &str| json!({ "method": "POST", "path": "/api/v1/machine/2/power", "reset": true, "when": when });
    lab.fault(lost("after"));
    let result = lab.run(MODULE, json!({ "name": "qdc01", "state": "off" }));
    assert_eq!(
        (&result["changed"], &result["power"]),
        (&json!(true), &json!("off")),
        "{result:#}"
    );
    lab.fault(lost("before"));
    lab.assert_fails(
        MODULE,
        json!({ "name": "qdc01", "state": "on" }),
        &["switching machine 'qdc01' on", "unknown"],
    );
    assert_eq!(power_writes(&lab), 2);
}

#[test]
fn switching_another_users_machine_needs_an_administrator() {
    let lab = start_lab();
    let mut options = json!({ "name": "bobs-box", "state": "on" });
    lab.assert_fails(
        MODULE,
        options.clone(),
        &["not assigned", "held by bob (mine)"],
    );
    lab.assert_no_writes();
    options["allow_unassigned"] = json!(true);
    let result = lab.run(MODULE, options.clone());
    assert_contains(
        &message(&result),
        &[
            "switching machine 'bobs-box' on",
            "not assigned to this token's user",
        ],
    );
    let result = lab.run_as(ADMIN_TOKEN, MODULE, options);
    assert_eq!(result["changed"], true, "{result:#}");
}

#[test]
fn unknown_machine_is_an_error_with_similar_names() {
    let lab = start_lab();
    lab.assert_fails(
        MODULE,
        json!({ "name": "qdc1", "state": "on" }),
        &["no machine 'qdc1'", "'qdc01'"],
    );
}

#[test]
fn power_words_of_the_server_are_not_accepted_as_states() {
    let lab = start_lab();
    let message = lab.failure(MODULE, json!({ "name": "qdc01", "state": "pxe_reboot" }));
    assert_eq!(
        message,
        "value of state must be one of: on, off, rebooted, got: pxe_reboot"
    );
    let message = lab.failure(MODULE, json!({ "name": "qdc01" }));
    assert_eq!(message, "missing required arguments: state");
}

#[test]
fn power_is_awaited_without_an_order() {
    let lab = start_lab();
    // It is on, and somebody switches it off meanwhile.
    let waits = |state: &str| json!({ "id": 2, "state": state, "switch": false, "wait_timeout": 30, "wait_interval": 0.05 });
    lab.fault(json!({
        "method": "GET", "path": "/api/v1/machine/2/power", "nth": 3,
        "meanwhile": { "user": "alice", "method": "POST", "path": "/api/v1/machine/2/power", "body": { "state": "off" } },
    }));
    let result = lab.without_writes(|| lab.run("mrp_power", waits("off")));
    assert_eq!(mrp_test_support::actions(&result), ["wait"], "{result:#}");
    assert_eq!(
        (&result["power"], &result["changed"]),
        (&json!("off"), &json!(false))
    );
    lab.run_in_all_modes("mrp_power", waits("off"));

    let mut hurried = waits("on");
    hurried["wait_timeout"] = json!(0.1);
    lab.without_writes(|| {
        lab.assert_fails(
            "mrp_power",
            hurried.clone(),
            &["was not on within 0.1 s", "switch: false"],
        );
        let planned = lab.check("mrp_power", hurried);
        assert_eq!(
            (&planned["changed"], &planned["power"]),
            (&json!(false), &json!("on"))
        );
    });
    for more in [json!({ "wait": false }), json!({ "state": "rebooted" })] {
        let mut options = waits("off");
        options
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        lab.assert_fails("mrp_power", options, &["switch: false", "wait: true"]);
    }
}

fn switched_after(seconds: f64) -> Value {
    json!({ "id": 2, "state": "off", "switch_after": seconds, "wait_interval": 0.05 })
}

#[test]
fn machine_that_does_not_shut_down_in_time_has_its_power_cut() {
    let lab = start_lab();
    let result = lab.run_in_all_modes("mrp_power", switched_after(0.2));
    assert_eq!(actions(&result), ["wait", "update", "wait"]);
    assert_contains(
        &result["plan"][1]["why"].to_string(),
        &["the machine is on", "not off by itself"],
    );
    assert_eq!((power_of(&lab, 2), power_writes(&lab)), (json!("off"), 1));
}

#[test]
fn machine_that_shuts_down_in_time_is_not_switched() {
    let lab = start_lab();
    lab.fault(json!({
        "method": "GET", "path": "/api/v1/machine/2/power", "nth": 3,
        "meanwhile": { "user": "alice", "method": "POST", "path": "/api/v1/machine/2/power", "body": { "state": "off" } },
    }));
    let result = lab.without_writes(|| lab.run("mrp_power", switched_after(60.0)));
    assert_eq!(
        (&result["power"], &result["changed"]),
        (&json!("off"), &json!(false))
    );
    assert_eq!(actions(&result), ["wait", "wait"]);
    assert_contains(
        &result["warnings"].to_string(),
        &["was off by itself", "nothing was ordered"],
    );
}

#[test]
fn bmc_that_does_not_answer_while_the_machine_shuts_down_does_not_end_the_task() {
    let lab = start_lab();
    lab.fault(json!({
        "method": "GET", "path": "/api/v1/machine/2/power", "nth": 2, "times": 3, "status": 502,
    }));
    let result = lab.run("mrp_power", switched_after(0.3));
    assert_eq!(
        (&result["power"], power_writes(&lab)),
        (&json!("off"), 1),
        "{result:#}"
    );
}

#[test]
fn switch_after_without_an_order_to_give_is_refused() {
    let lab = start_lab();
    for more in [
        json!({ "switch": false }),
        json!({ "state": "rebooted" }),
        json!({ "switch_after": 0 }),
    ] {
        let mut options = switched_after(5.0);
        options
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        lab.assert_fails("mrp_power", options, &["switch_after"]);
    }
    assert!(lab.requests().is_empty());
}
