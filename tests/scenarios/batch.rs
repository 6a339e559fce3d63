//! Lists of items in one task: defaults, order, failures, shared requests.

use mrp_test_support::{TestLab, actions, assert_contains, assert_failed, column, message, text};
use serde_json::{Value, json};

use crate::start_lab;

fn paths(lab: &TestLab, method: &str) -> Vec<String> {
    let requests = lab.requests();
    requests
        .into_iter()
        .filter(|one| one.method == method)
        .map(|one| one.path)
        .collect()
}

#[test]
fn options_outside_the_list_are_defaults_of_its_items() {
    let lab = start_lab();
    let options = json!({
        "arch": "arm64", "description": "installer", "public": true,
        "images": [
            { "type": "Kernel", "path": lab.write("linux", "a kernel") },
            { "type": "Initrd", "path": lab.write("initrd.gz", "an initrd"), "public": false },
        ],
    });
    let result = lab.run_in_all_modes("mrp_image", options);
    assert_eq!(actions(&result), ["upload", "upload"]);
    assert_eq!(
        column(&result["results"], "item"),
        [
            "Kernel image 'installer' for arm64",
            "Initrd image 'installer' for arm64"
        ]
    );
    assert_eq!(result["results"][0]["image"]["public"], true);
    assert_eq!(result["results"][1]["image"]["public"], false);
}

#[test]
fn server_lists_are_requested_once_for_all_items() {
    let lab = start_lab();
    let preseeds: Vec<Value> = (0..20)
        .map(|number| json!({ "name": format!("seed-{number}"), "content": "x\n" }))
        .collect();
    lab.run_in_all_modes("mrp_preseed", json!({ "preseeds": preseeds }));
    lab.reset();
    lab.check("mrp_preseed", json!({ "preseeds": preseeds }));
    assert_eq!(paths(&lab, "GET"), ["/api/v1/preseed?show_all=true"]);
}

#[test]
fn one_failing_item_does_not_stop_the_others_and_the_task_names_it() {
    let lab = start_lab();
    let options = json!({
        "netboot": true,
        "machines": [{ "name": "qdc01" }, { "name": "bobs-box" }, { "name": "nosuch" }, { "id": 1 }],
    });
    let result = lab.run("mrp_machine", options);
    assert_failed(&result, true);
    assert_contains(
        &message(&result),
        &[
            "2 of 4 failed",
            "failed: machine 'bobs-box' is not assigned",
            "no machine 'nosuch'",
        ],
    );
    assert_eq!(lab.server("/api/v1/machine/1")["netboot_enabled"], true);
    assert_eq!(lab.server("/api/v1/machine/2")["netboot_enabled"], true);
    assert_eq!(result["results"][1]["failed"], true);
    assert_eq!(result["results"][3]["changed"], true);
}

#[test]
fn fail_fast_changes_nothing_where_an_item_cannot_be_planned() {
    let lab = start_lab();
    let options = json!({
        "netboot": true, "fail_fast": true, "machines": [{ "name": "qdc01" }, { "name": "nosuch" }],
    });
    let result = lab.run("mrp_machine", options);
    assert_contains(
        &message(&result),
        &["1 of 2 failed: machine 'nosuch'", "1 not carried on"],
    );
    lab.assert_no_writes();
}

#[test]
fn fail_fast_begins_nothing_more_once_an_item_has_failed() {
    let lab = start_lab();
    lab.fault(json!({ "method": "PUT", "path": "/api/v1/machine/2", "status": 400 }));
    let options = json!({
        "kernel_opts": "quiet", "fail_fast": true, "machines": [{ "id": 1 }, { "id": 2 }, { "id": 3 }],
    });
    let result = lab.run("mrp_machine", options);
    assert_eq!(result["changed"], true);
    assert_eq!(lab.server("/api/v1/machine/1")["kernel_opts"], "quiet");
    assert_ne!(lab.server("/api/v1/machine/3")["kernel_opts"], "quiet");
    assert_contains(&text(&result["results"][2]["msg"]), &["not carried on"]);
}

#[test]
fn machines_are_provisioned_one_after_the_other_and_awaited_together() {
    let lab = start_lab();
    lab.settings(json!({ "install_seconds": 0.5 }));
    let options = json!({
        "kernel_id": 3, "initrd_id": 4, "subarch": "efi", "state": "provisioned", "wait_interval": 0.1,
        "wait_timeout": 30, "netboot_when_ready": false,
        "machines": [{ "name": "moonshot-c1" }, { "name": "qdc01" }, { "name": "qdc02" }],
    });
    let result = lab.run_in_all_modes("mrp_machine", options);
    for one in result["results"].as_array().unwrap() {
        assert_eq!(one["machine"]["state"], "ready");
        assert_eq!(one["machine"]["netboot_enabled"], false);
    }
    let writes = lab.writes();
    let last_provisioning = writes
        .iter()
        .rposition(|write| write.method == "POST")
        .unwrap();
    let netboot_off = writes
        .iter()
        .rposition(|write| write.method == "PUT")
        .unwrap();
    assert!(last_provisioning < netboot_off);
    let provisioned = writes.iter().filter(|write| write.method == "POST");
    let provisioned: Vec<_> = provisioned.map(|write| write.path.as_str()).collect();
    assert_eq!(
        provisioned,
        [1, 2, 3].map(|id| format!("/api/v1/machine/{id}/state"))
    );
    assert_eq!(lab.boots().len(), 3);
}

#[test]
fn wrong_items_are_errors_with_their_place_before_anything_is_sent() {
    let lab = start_lab();
    let fails = |options| lab.failure("mrp_image", options);
    let good = json!({ "description": "x", "type": "Kernel", "arch": "arm64", "path": lab.write("x", "x") });
    assert_eq!(
        fails(json!({ "images": [good, { "type": "Kernel", "arch": "arm64" }] })),
        "images[1]: missing required arguments: description"
    );
    assert_contains(
        &fails(json!({ "images": [{ "description": "x", "type": "kernel", "arch": "arm64" }] })),
        &["images[0]: value of type must be one of: Kernel, Initrd, bootloader, got: kernel"],
    );
    assert_contains(
        &fails(json!({ "images": [{ "desription": "x", "type": "Kernel", "arch": "arm64" }] })),
        &["images[0]: ", "'description'"],
    );
    assert_contains(
        &fails(json!({ "images": ["x"] })),
        &["images[0] is no dictionary"],
    );
    assert_contains(
        &fails(json!({ "images": 3 })),
        &["must be a list of dictionaries"],
    );
    assert_contains(
        &fails(json!({ "images": [], "imags": 1 })),
        &["Unsupported parameters", "'images'"],
    );
    assert!(lab.requests().is_empty());
}

#[test]
fn options_of_an_item_that_exclude_each_other_are_errors_with_its_place() {
    let lab = start_lab();
    let machines = |second: Value| json!([{ "name": "qdc01", "state": "rebooted" }, second]);
    for (second, sentence) in [
        (
            json!({ "name": "qdc02", "state": "off", "boot": "pxe" }),
            "machines[1]: boot needs state: rebooted",
        ),
        (
            json!({ "name": "", "state": "off" }),
            "machines[1]: name must not be empty",
        ),
    ] {
        assert_eq!(
            lab.failure("mrp_power", json!({ "machines": machines(second) })),
            sentence
        );
    }
    let eth0 = |options: Value| {
        let mut all = json!({ "name": "qdc01", "interface": "eth0", "config_type_v4": "static" });
        all.as_object_mut()
            .unwrap()
            .extend(options.as_object().unwrap().clone());
        all
    };
    let good = eth0(json!({ "ipv4": "auto" }));
    for (second, sentence) in [
        (
            json!({ "name": "qdc02", "ipv4": "10.1" }),
            "interfaces[1]: ipv4 must be an IPv4 address",
        ),
        (
            json!({ "name": "qdc02", "config_type_v4": "dynamic", "ipv4": "auto" }),
            "interfaces[1]: config_type_v4: dynamic and the option ipv4 exclude each other",
        ),
    ] {
        let options = json!({ "interfaces": [good, eth0(second)] });
        lab.assert_fails("mrp_interface", options, &[sentence]);
    }
    for (second, sentence) in [
        (
            json!({ "name": "qdc02", "state": "ready", "force": true }),
            "machines[1]: force needs state: provisioned",
        ),
        (
            json!({ "name": "qdc02", "kernel_opts": "x".repeat(1025) }),
            "machines[1]: kernel_opts is 1025 characters long",
        ),
    ] {
        let options = json!({ "machines": [{ "name": "qdc01", "netboot": true }, second] });
        lab.assert_fails("mrp_machine", options, &[sentence]);
    }
    assert!(lab.requests().is_empty());
}

#[test]
fn an_item_overrides_a_default_by_any_name_and_by_what_excludes_it() {
    let lab = start_lab();
    let options = json!({
        "kernel": "no such kernel", "kernel_opts": "outside", "machine_name": "nosuch",
        "machines": [{ "machine": "qdc01", "kernel_id": 3, "kernel_options": "inside" }],
    });
    let result = lab.run_in_all_modes("mrp_machine", options);
    assert_eq!(result["results"][0]["machine"]["kernel_opts"], "inside");
}

#[test]
fn empty_list_changes_nothing() {
    let lab = start_lab();
    let result = lab.run_in_all_modes("mrp_machine", json!({ "machines": [] }));
    assert_eq!(result["results"], json!([]));
}

#[test]
fn the_text_of_a_preseed_in_a_list_is_not_shown() {
    let lab = start_lab();
    let options = json!({ "preseeds": [{ "name": "ci-seed", "content": "canary-99\n" }] });
    let result = lab.run("mrp_preseed", options);
    assert!(!result.to_string().contains("canary-99"), "{result:#}");
}
