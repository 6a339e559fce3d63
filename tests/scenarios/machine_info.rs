//! mrp_machine_info: the machines that the filters select, and their details.

use mrp_test_support::column;
use serde_json::json;

use crate::start_lab;

const MODULE: &str = "mrp_machine_info";

#[test]
fn without_a_filter_every_machine_is_returned_with_one_request() {
    let lab = start_lab();
    let result = lab.run(MODULE, json!({}));
    assert_eq!(
        column(&result["machines"], "name"),
        [
            "bad bmc/box \"q\"",
            "bobs-box",
            "d05-free",
            "moonshot-c1",
            "no-bmc",
            "qdc01",
            "qdc02",
            "x86-1"
        ]
    );
    assert_eq!(lab.requests().len(), 1);
    let machine = &result["machines"][3];
    assert_eq!(machine["kernel_opts"], "console=ttyS0");
    assert_eq!(
        (&machine["id"], &machine["kernel_id"]),
        (&json!(1), &json!(3))
    );
    for detail in ["state", "interfaces", "assignees", "power"] {
        assert!(machine.get(detail).is_none(), "{detail} was not asked for");
    }
}

#[test]
fn filters_select_machines_that_match_all_of_them() {
    let lab = start_lab();
    let mine = lab.run_in_all_modes(
        MODULE,
        json!({ "mine": true, "name": "*q*", "arch": "arm64" }),
    );
    assert_eq!(
        column(&mine["machines"], "name"),
        ["bad bmc/box \"q\"", "qdc01", "qdc02"]
    );
    let other = lab.run(MODULE, json!({ "arch": "x86_64" }));
    assert_eq!(column(&other["machines"], "name"), ["x86-1"]);
}

#[test]
fn a_query_filters_on_the_server() {
    let lab = start_lab();
    let options = json!({ "query": "(= assignee_count 0)", "name": "d*" });
    let result = lab.run_in_all_modes(MODULE, options);
    assert_eq!(column(&result["machines"], "name"), ["d05-free"]);
    lab.assert_fails(
        MODULE,
        json!({ "query": "\"machine.id = 2\"" }),
        &["not valid at character 1"],
    );
}

#[test]
fn machines_by_name_are_returned_in_the_order_given_and_an_unknown_one_is_an_error() {
    let lab = start_lab();
    let result = lab.run_in_all_modes(MODULE, json!({ "names": ["x86-1", "qdc01"] }));
    assert_eq!(column(&result["machines"], "name"), ["x86-1", "qdc01"]);
    lab.assert_fails(MODULE, json!({ "names": "qdc3" }), &["'qdc3'", "'qdc01'"]);
    lab.assert_fails(
        MODULE,
        json!({ "names": "qdc01", "mine": true }),
        &["mutually exclusive: names|mine"],
    );
}

#[test]
fn details_are_requested_only_for_machines_that_match() {
    let lab = start_lab();
    let options = json!({ "name": "qdc*", "gather": ["state", "interfaces", "assignees"] });
    let result = lab.run(MODULE, options.clone());
    assert_eq!(lab.requests().len(), 1 + 2 * 3);
    let machine = &result["machines"][0];
    assert_eq!(machine["state"], "unknown");
    assert_eq!(machine["interfaces"][0]["lease_ipv4"], "10.40.5.12");
    assert_eq!(machine["assignees"][0]["user"], "alice");
    assert_eq!(machine["assignees"][0]["reason"], "ci");
    lab.run_in_all_modes(MODULE, options);
}

#[test]
fn state_filters_before_other_details_are_requested() {
    let lab = start_lab();
    lab.run("mrp_machine", json!({ "name": "qdc02", "state": "ready" }));
    let before = lab.requests().len();
    let options = json!({ "mine": true, "state": ["ready", "error"], "gather": "interfaces" });
    let result = lab.run(MODULE, options.clone());
    assert_eq!(column(&result["machines"], "name"), ["qdc02"]);
    assert_eq!(column(&result["machines"], "state"), ["ready"]);
    assert_eq!(lab.requests().len() - before, 1 + 5 + 1);
    lab.run_in_all_modes(MODULE, options);
}

#[test]
fn power_is_returned_as_the_server_reports_it() {
    let lab = start_lab();
    let options = json!({ "mine": true, "gather": ["power"] });
    let result = lab.run_in_all_modes(MODULE, options);
    assert_eq!(
        column(&result["machines"], "power"),
        ["Unknown (BMC error)", "off", "unknown", "on", "off"]
    );
    assert!(!result.to_string().contains("ipmipass"));
}

#[test]
fn bmc_that_the_server_cannot_address_does_not_fail_the_list() {
    let lab = start_lab();
    let text = "invalid literal for int() with base 10: 'c1'";
    lab.fault(json!({
        "method": "GET", "path": "/api/v1/machine/1/power", "times": 0, "status": 400,
        "body": { "error_type": "ValueError", "error_message": text },
    }));
    let options = json!({ "mine": true, "gather": ["power"] });
    let result = lab.run_in_all_modes(MODULE, options);
    assert_eq!(
        column(&result["machines"], "power")[1],
        "Unknown (BMC error)"
    );
    lab.assert_fails(
        "mrp_power",
        json!({ "id": 1, "state": "on" }),
        &["BMC of machine 'moonshot-c1'", "cartridge"],
    );
}

#[test]
fn machine_that_is_deleted_meanwhile_is_left_out() {
    let lab = start_lab();
    let gone = json!({ "error_type": "InvalidUsage", "errors": ["machine not found"] });
    lab.fault(json!({ "path": "/api/v1/machine/3/state", "status": 404, "body": gone }));
    let result = lab.run(MODULE, json!({ "name": "qdc*", "gather": "state" }));
    assert_eq!(column(&result["machines"], "name"), ["qdc01"]);
}

#[test]
fn one_failing_request_fails_the_task() {
    let lab = start_lab();
    lab.fault(json!({ "path": "/api/v1/machine/3/interface", "status": 500, "times": 0 }));
    lab.assert_fails(
        MODULE,
        json!({ "gather": "interfaces" }),
        &["listing the interfaces of machine 'qdc02'"],
    );
}
