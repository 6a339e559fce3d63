//! mrp_machine: boot parameters, provisioning, reported states.

use mrp_test_support::{TestLab, actions, assert_contains, assert_failed, message};
use serde_json::{Value, json};

use crate::start_lab;

const MODULE: &str = "mrp_machine";

/// Uploads an installer, and gives the options that let alice's machine boot it.
fn with_installer(lab: &TestLab) -> Value {
    for (kind, name) in [("Kernel", "linux"), ("Initrd", "initrd.gz")] {
        let options = json!({
            "description": "installer", "type": kind, "arch": "arm64", "path": lab.write(name, name),
        });
        lab.run("mrp_image", options);
    }
    lab.run(
        "mrp_preseed",
        json!({ "name": "ci-seed", "content": "host {{ hostname }}\n" }),
    );
    json!({
        "name": "qdc01", "arch": "arm64", "subarch": "efi", "kernel": "installer", "initrd": "installer",
        "preseed": "ci-seed", "kernel_opts": "console=ttyAMA0",
    })
}

fn provisioned(mut options: Value) -> Value {
    options["state"] = json!("provisioned");
    options["wait_interval"] = json!(0.1);
    options["wait_timeout"] = json!(30);
    options
}

#[test]
fn boot_parameters_are_set_in_one_step() {
    let lab = start_lab();
    let result = lab.run_in_all_modes(MODULE, with_installer(&lab));
    assert_eq!(actions(&result), ["update"]);
    assert_eq!(result["kernel"]["description"], "installer");
    assert_eq!(result["preseed"]["name"], "ci-seed");
    assert!(!result["preseed"].to_string().contains("hostname"));
    let machine = lab.server("/api/v1/machine/2");
    assert_eq!(machine["kernel_id"], result["kernel"]["id"]);
    assert_eq!(machine["kernel_opts"], "console=ttyAMA0");
    assert_eq!(result["machine"]["state"], "unknown");
}

#[test]
fn a_new_upload_of_the_kernel_is_a_change_of_the_machine() {
    let lab = start_lab();
    lab.run(MODULE, with_installer(&lab));
    let options = json!({
        "description": "installer", "type": "Kernel", "arch": "arm64", "path": lab.write("linux", "newer"),
    });
    let newer = lab.run("mrp_image", options);
    let result = lab.run_in_all_modes(MODULE, json!({ "machine": "qdc01", "kernel": "installer" }));
    assert_eq!(
        result["plan"][0]["after"],
        json!({ "kernel_id": newer["image"]["id"] })
    );
}

#[test]
fn an_empty_text_clears_what_the_server_lets_be_cleared() {
    let lab = start_lab();
    lab.run(MODULE, with_installer(&lab));
    let options = json!({ "name": "qdc01", "initrd": "", "preseed": "", "kernel_opts": "" });
    lab.run_in_all_modes(MODULE, options);
    let machine = lab.server("/api/v1/machine/2");
    assert_eq!(
        (&machine["initrd_id"], &machine["preseed_id"]),
        (&json!(null), &json!(null))
    );
    lab.assert_fails(
        MODULE,
        json!({ "name": "qdc01", "kernel": "" }),
        &["cannot take a kernel away"],
    );
    lab.assert_fails(
        MODULE,
        json!({ "name": "qdc01", "subarch": "" }),
        &["cannot take a subarch away"],
    );
}

#[test]
fn netboot_alone_can_be_switched() {
    let lab = start_lab();
    let result = lab.run_in_all_modes(MODULE, json!({ "id": 2, "netboot": true }));
    assert_eq!(
        result["plan"][0]["after"],
        json!({ "netboot_enabled": true })
    );
}

#[test]
fn provisioning_installs_the_machine_with_exactly_these_bytes() {
    let lab = start_lab();
    let options = provisioned(with_installer(&lab));
    let result = lab.run_in_all_modes(MODULE, options);
    assert_eq!(actions(&result), ["update", "provision", "wait"]);
    assert_eq!(result["machine"]["state"], "ready");
    let boots = lab.boots();
    assert_eq!(boots.len(), 1);
    let boot = serde_json::to_value(&boots[0]).unwrap();
    assert_eq!(boot["kernel"]["size"], 5);
    assert_eq!(boot["preseed"], "host qdc01");
    assert_eq!(boot["kernel_opts"], "console=ttyAMA0");
}

#[test]
fn netboot_when_ready_switches_netboot_off_at_the_end() {
    let lab = start_lab();
    let mut options = provisioned(with_installer(&lab));
    options["netboot_when_ready"] = json!(false);
    let result = lab.run_in_all_modes(MODULE, options);
    assert_eq!(actions(&result), ["update", "provision", "wait", "update"]);
    assert_eq!(lab.server("/api/v1/machine/2")["netboot_enabled"], false);
}

#[test]
fn force_provisions_a_machine_that_is_ready() {
    let lab = start_lab();
    let mut options = provisioned(with_installer(&lab));
    lab.run(MODULE, options.clone());
    options["force"] = json!(true);
    assert_eq!(actions(&lab.run(MODULE, options)), ["provision", "wait"]);
    assert_eq!(lab.boots().len(), 2);
}

#[test]
fn an_installation_that_fails_ends_the_wait_at_once() {
    let lab = start_lab();
    lab.settings(json!({ "install_result": "error" }));
    let mut options = provisioned(with_installer(&lab));
    options["wait_timeout"] = json!(600);
    let result = lab.run(MODULE, options);
    assert_contains(
        &message(&result),
        &["machine 'qdc01' reported the state error"],
    );
    assert_eq!(result["done"].as_array().unwrap().len(), 2);
    assert_eq!(result["not_done"][0]["action"], "wait");
}

#[test]
fn machine_that_never_reports_is_an_error_with_the_last_state_seen() {
    let lab = start_lab();
    lab.settings(json!({ "install_result": "never" }));
    let mut options = provisioned(with_installer(&lab));
    options["wait_timeout"] = json!(0.5);
    lab.assert_fails(
        MODULE,
        options,
        &[
            "not ready within 0.5 s",
            "last state seen was provisioning",
            "must set the state ready",
        ],
    );
}

#[test]
fn without_wait_the_task_ends_with_the_reboot() {
    let lab = start_lab();
    let mut options = provisioned(with_installer(&lab));
    options["wait"] = json!(false);
    let result = lab.run(MODULE, options);
    assert_eq!(actions(&result), ["update", "provision"]);
}

#[test]
fn a_machine_without_a_bmc_is_refused_before_anything_is_written() {
    let lab = start_lab();
    let mut options = provisioned(with_installer(&lab));
    options["name"] = json!("no-bmc");
    lab.without_writes(|| lab.assert_fails(MODULE, options, &["machine 'no-bmc' has no BMC"]));
}

#[test]
fn a_failing_bmc_leaves_netboot_as_it_was_and_shows_no_password() {
    let lab = start_lab();
    let mut options = provisioned(with_installer(&lab));
    options["name"] = json!("bad bmc/box \"q\"");
    let result = lab.run(MODULE, options);
    assert_contains(
        &message(&result),
        &["provisioning machine 'bad bmc/box \"q\"' failed", "BMC"],
    );
    assert!(!result.to_string().contains("ipmipass"), "{result:#}");
    assert_eq!(lab.server("/api/v1/machine/7")["netboot_enabled"], false);
    assert_eq!(lab.server("/api/v1/machine/7/state")["state"], "error");
    assert_contains(
        &message(&result),
        &["netboot was set back to what it was, and the state to error"],
    );
    assert_eq!(result["done"][0]["action"], "update");
    assert_eq!(result["not_done"][0]["action"], "provision");
}

#[test]
fn states_are_reported_on_the_machines_behalf() {
    let lab = start_lab();
    for state in ["ready", "error", "unknown"] {
        let result = lab.run_in_all_modes(MODULE, json!({ "name": "qdc01", "state": state }));
        assert_eq!(result["machine"]["state"], state);
    }
}

#[test]
fn a_machine_of_somebody_else_is_refused_and_its_holder_named() {
    let lab = start_lab();
    let options = json!({ "name": "bobs-box", "kernel_opts": "x" });
    lab.assert_fails(
        MODULE,
        options.clone(),
        &["not assigned", "held by bob (mine)", "allow_unassigned"],
    );
    lab.assert_no_writes();
    let mut options = options;
    options["allow_unassigned"] = json!(true);
    assert_eq!(lab.run_in_all_modes(MODULE, options)["changed"], true);
}

#[test]
fn free_machine_is_refused() {
    let lab = start_lab();
    lab.assert_fails(
        MODULE,
        json!({ "name": "d05-free", "netboot": false }),
        &["nobody holds it"],
    );
}

#[test]
fn unknown_machine_is_an_error_with_similar_names() {
    let lab = start_lab();
    lab.assert_fails(
        MODULE,
        json!({ "name": "qdc1" }),
        &["no machine 'qdc1'", "'qdc01'"],
    );
    lab.assert_fails(MODULE, json!({ "id": 4711 }), &["no machine with id 4711"]);
}

#[test]
fn arch_that_differs_from_the_machines_is_an_error() {
    let lab = start_lab();
    lab.assert_fails(
        MODULE,
        json!({ "name": "qdc01", "arch": "x86_64" }),
        &["machine 'qdc01' is arm64, not x86_64"],
    );
}

#[test]
fn an_image_for_another_architecture_is_refused() {
    let lab = start_lab();
    lab.assert_fails(
        MODULE,
        json!({ "name": "qdc01", "kernel_id": 10 }),
        &["for x86_64", "one of type Kernel for arm64 is needed"],
    );
    lab.assert_fails(
        MODULE,
        json!({ "name": "qdc01", "kernel_id": 12 }),
        &["is of type Initrd"],
    );
}

#[test]
fn what_an_earlier_task_may_create_is_unresolved_in_check_mode_and_an_error_otherwise() {
    let lab = start_lab();
    let options =
        json!({ "name": "qdc01", "kernel": "to come", "initrd": "to come", "preseed": "to-come" });
    let result = lab.check(MODULE, options.clone());
    assert_eq!(result["changed"], true, "{result:#}");
    assert_eq!(result["warnings"].as_array().unwrap().len(), 3);
    assert_eq!(
        result["plan"][0]["after"]["kernel_id"],
        "unresolved: 'to come'"
    );
    lab.assert_fails(
        MODULE,
        options,
        &["no visible Kernel image for arm64 'to come'"],
    );
    let provision = lab.check(
        MODULE,
        provisioned(json!({ "name": "qdc01", "kernel": "to come" })),
    );
    assert_eq!(actions(&provision), ["update", "provision", "wait"]);
}

#[test]
fn refusal_of_the_server_is_reported_in_one_sentence() {
    let lab = start_lab();
    lab.assert_fails(
        MODULE,
        json!({ "name": "qdc01", "subarch": "nosuch" }),
        &["no such subarch for architecture arm64"],
    );
    lab.assert_fails(
        MODULE,
        json!({ "name": "qdc01", "subarch": "nobl", "netboot": true }),
        &["Enabled netboot requires a subarch with a valid bootloader"],
    );
}

#[test]
fn field_that_the_server_drops_fails_the_read_back() {
    let lab = start_lab();
    lab.fault(json!({
        "method": "PUT", "path": "/api/v1/machine/2", "status": 200,
        "body": lab.server("/api/v1/machine/2"),
    }));
    lab.assert_fails(
        MODULE,
        json!({ "name": "qdc01", "kernel_opts": "quiet" }),
        &["machine 'qdc01' was written, but the server has", "quiet"],
    );
}

#[test]
fn names_and_ids_exclude_each_other_and_one_is_needed() {
    let lab = start_lab();
    assert_eq!(
        lab.failure(MODULE, json!({ "name": "qdc01", "id": 2 })),
        "parameters are mutually exclusive: name|id"
    );
    assert_eq!(
        lab.failure(MODULE, json!({})),
        "one of the following is required: name, id"
    );
}

#[test]
fn names_with_quotes_slashes_and_other_characters_find_exactly_their_machine() {
    let lab = start_lab();
    let names = [
        "a b",
        "a'b",
        "a\\b",
        "a\\",
        "a/b",
        "100%",
        "a_b",
        "(a;b)",
        "\u{fc}n\u{ef}\u{4e2d}",
        "a\nb",
        "\"",
        "a+b",
    ];
    for name in names {
        lab.add_machine(json!({ "name": name, "arch": "arm64", "assignee": "alice" }));
    }
    for name in names {
        // The command line is one line, whatever a name is.
        let kernel_opts = name.replace('\n', " ");
        let options = json!({ "name": name, "kernel_opts": kernel_opts });
        let result = lab.run(MODULE, options);
        assert_eq!(result["machine"]["name"], name, "{result:#}");
    }
}

/// Installs alice's machine, and gives the options that did.
fn installed(lab: &TestLab) -> Value {
    let options = provisioned(with_installer(lab));
    assert_eq!(
        lab.run(MODULE, options.clone())["machine"]["state"],
        "ready"
    );
    options
}

#[test]
fn a_ready_machine_with_new_parameters_is_not_ready_until_it_has_booted_them() {
    let lab = start_lab();
    let mut options = installed(&lab);
    options["kernel_opts"] = json!("quiet");
    let result = lab.run_in_all_modes(MODULE, options);
    assert_eq!(actions(&result), ["update", "update", "provision", "wait"]);
    assert_eq!(result["plan"][0]["after"], json!({ "state": "unknown" }));
    assert_eq!(lab.boots().len(), 2);
}

#[test]
fn run_that_breaks_between_parameters_and_reboot_is_completed_by_the_next() {
    let lab = start_lab();
    let breaks = [
        json!({ "method": "PUT", "path": "/api/v1/machine/2", "reset": true, "when": "after", "times": 4 }),
        json!({ "method": "POST", "path": "/api/v1/machine/2/state", "status": 500 }),
        json!({ "method": "GET", "path": "/api/v1/machine/2", "status": 500 }),
    ];
    for (run, fault) in breaks.into_iter().enumerate() {
        lab.reset();
        let mut options = installed(&lab);
        options["kernel_opts"] = json!(format!("run={run}"));
        lab.fault(fault);
        let broken = lab.run(MODULE, options.clone());
        assert_failed(&broken, true);
        let boots = lab.boots().len();
        lab.clear_faults();
        let next = lab.run(MODULE, options);
        assert_eq!(
            (&next["changed"], &next["machine"]["state"]),
            (&json!(true), &json!("ready")),
            "{next:#}"
        );
        assert_eq!(lab.boots().len(), boots + 1);
    }
}

#[test]
fn provisioning_continues_after_a_lost_answer_without_another_reboot() {
    let lab = start_lab();
    let fault = json!({
        "method": "POST", "path": "/api/v1/machine/2/state", "reset": true, "when": "after",
    });
    lab.fault(fault);
    let result = lab.run(MODULE, provisioned(with_installer(&lab)));
    assert_eq!(result["machine"]["state"], "ready", "{result:#}");
    assert_eq!(lab.boots().len(), 1, "the machine was rebooted again");
}

#[test]
fn machine_stays_ready_when_the_server_refuses_a_forced_provisioning() {
    let lab = start_lab();
    let mut options = installed(&lab);
    options["force"] = json!(true);
    let fault = json!({ "method": "POST", "path": "/api/v1/machine/2/state", "status": 503 });
    lab.fault(fault);
    let result = lab.run(MODULE, options);
    assert_eq!(result["failed"], true);
    assert_eq!(lab.server("/api/v1/machine/2/state")["state"], "ready");
}

#[test]
fn provisioning_of_another_users_machine_is_refused_before_its_parameters_change() {
    let lab = start_lab();
    let before = lab.server("/api/v1/machine/5");
    for state in ["provisioned", "ready"] {
        let mut options = with_installer(&lab);
        options["name"] = json!("bobs-box");
        options["allow_unassigned"] = json!(true);
        options["state"] = json!(state);
        lab.assert_fails(MODULE, options, &["not assigned"]);
        assert_eq!(lab.server("/api/v1/machine/5"), before);
    }
}

#[test]
fn options_that_need_provisioning_are_refused_without_it() {
    let lab = start_lab();
    for (option, value) in [("force", json!(true)), ("netboot_when_ready", json!(false))] {
        let message = lab.failure(MODULE, json!({ "name": "qdc01", option: value }));
        assert_eq!(message, format!("{option} needs state: provisioned"));
    }
}

#[test]
fn the_result_after_a_wait_is_what_the_server_has_then() {
    let lab = start_lab();
    let options = provisioned(with_installer(&lab));
    let result = lab.run(MODULE, options);
    let mut machine = lab.server("/api/v1/machine/2");
    machine["state"] = json!("ready");
    assert_eq!(result["machine"], machine);
}

#[test]
fn images_and_a_preseed_can_be_named_by_id() {
    let lab = start_lab();
    let options = json!({ "id": 2, "kernel_id": 3, "initrd_id": 4, "preseed_id": 1 });
    let result = lab.run_in_all_modes(MODULE, options);
    assert_eq!(result["kernel"]["description"], "debian-installer kernel");
    assert_eq!(result["preseed"]["name"], "debian-std");
    lab.assert_fails(
        MODULE,
        json!({ "id": 2, "kernel_id": 8 }),
        &["belongs to another user"],
    );
    lab.assert_fails(
        MODULE,
        json!({ "id": 2, "preseed_id": 99 }),
        &["no preseed with id 99"],
    );
}

#[test]
fn machine_that_is_as_wanted_takes_four_requests() {
    let lab = start_lab();
    let options = with_installer(&lab);
    lab.run(MODULE, options.clone());
    let before = lab.requests().len();
    let result = lab.run(MODULE, options);
    assert_eq!(result["changed"], false);
    let requests = &lab.requests()[before..];
    let paths: Vec<&str> = requests
        .iter()
        .map(|request| request.path.as_str())
        .collect();
    assert!(paths.len() <= 4, "{paths:?}");
}
