//! The old role's modules: its options and result keys, over the tasks of their successors.

use std::process::Command;
use std::thread;

use mrp_test_support::{TestLab, actions, text};
use serde_json::{Value, json};

use crate::start_lab;

const IMAGE: &str = "mr_provisioner_image";
const PRESEED: &str = "mr_provisioner_preseed";
const MACHINE: &str = "mr_provisioner_machine_provision";
const ADDRESS: &str = "mr_provisioner_get_ip";

/// The names of an object's fields.
fn fields(object: &Value) -> Vec<&str> {
    let object = object
        .as_object()
        .unwrap_or_else(|| panic!("not an object: {object}"));
    object.keys().map(String::as_str).collect()
}

fn kernel(lab: &TestLab, bytes: &str) -> Value {
    let path = lab.write("linux", bytes);
    json!({ "description": "installer", "type": "Kernel", "arch": "arm64", "path": path })
}

/// Uploads what the role uploads before it provisions, and gives the options of the provisioning.
fn with_installer(lab: &TestLab) -> Value {
    let mut image = kernel(lab, "a kernel");
    lab.run(IMAGE, image.clone());
    image["type"] = json!("Initrd");
    lab.run(IMAGE, image);
    let path = lab.write("seed", "host {{ hostname }}\n");
    lab.run(PRESEED, json!({ "name": "ci-seed", "path": path }));
    machine()
}

fn machine() -> Value {
    json!({
        "machine_name": "qdc01", "kernel_description": "installer", "initrd_description": "installer",
        "arch": "arm64", "subarch": "efi", "preseed_name": "ci-seed", "kernel_options": "console=ttyAMA0",
    })
}

#[test]
fn result_has_the_image_as_the_server_returns_it() {
    let lab = start_lab();
    let result = lab.run_in_all_modes(IMAGE, kernel(&lab, "a kernel"));
    assert_eq!(actions(&result), ["upload"]);
    assert_eq!(
        result["json"],
        lab.server_object("image", "description", "installer")
    );
    let predicted = lab.check(IMAGE, kernel(&lab, "a newer kernel"));
    assert_eq!(fields(&predicted["json"]), fields(&result["json"]));
    assert_eq!(predicted["json"]["id"], json!(null));
}

#[test]
fn changed_bytes_upload_again_and_changed_flags_update() {
    let lab = start_lab();
    let old = lab.run(IMAGE, kernel(&lab, "a kernel"));
    let new = lab.run_in_all_modes(IMAGE, kernel(&lab, "a newer kernel"));
    assert_ne!(old["json"]["id"], new["json"]["id"]);
    let mut public = kernel(&lab, "a newer kernel");
    public["public"] = json!(true);
    assert_eq!(actions(&lab.run_in_all_modes(IMAGE, public)), ["update"]);
    // As in the old role, an omitted flag means false.
    let private = lab.run_in_all_modes(IMAGE, kernel(&lab, "a newer kernel"));
    assert_eq!(private["plan"][0]["after"], json!({ "public": false }));
    assert_eq!(private["json"]["public"], false);
}

#[test]
fn wrong_type_and_missing_file_are_refused() {
    let lab = start_lab();
    let mut image = kernel(&lab, "a kernel");
    image["type"] = json!("bootloader");
    lab.assert_fails(
        IMAGE,
        image.clone(),
        &["value of type must be one of: Kernel, Initrd, got: bootloader"],
    );
    image["type"] = json!("Kernel");
    image["path"] = json!("/no/such/file");
    lab.assert_fails(IMAGE, image.clone(), &["/no/such/file"]);
    image.as_object_mut().unwrap().remove("path");
    lab.assert_fails(IMAGE, image, &["missing required arguments: path"]);
    lab.assert_no_writes();
}

#[test]
fn a_preseed_is_uploaded_with_all_its_flags() {
    let lab = start_lab();
    let path = lab.write("seed", "d-i one\n");
    let options = json!({
        "name": "ci-seed", "path": path, "description": "for ci", "public": true, "known_good": true,
    });
    let result = lab.run_in_all_modes(PRESEED, options.clone());
    assert_eq!(actions(&result), ["create"]);
    let mut stored = lab.server_object("preseed", "name", "ci-seed");
    assert_eq!(
        stored.as_object_mut().unwrap().remove("content"),
        Some(json!("d-i one\n"))
    );
    assert_eq!(result["json"], stored);
    // As in the old role, an omitted flag means false, and an omitted description leaves it unchanged.
    let result = lab.run_in_all_modes(PRESEED, json!({ "name": "ci-seed", "path": path }));
    assert_eq!(
        result["plan"][0]["after"],
        json!({ "known_good": false, "public": false })
    );
    assert_eq!(result["json"]["description"], "for ci");
    let mut kickstart = options;
    kickstart["type"] = json!("kickstart");
    assert_eq!(
        lab.run_in_all_modes(PRESEED, kickstart)["json"]["type"],
        "kickstart"
    );
}

#[test]
fn a_preseed_from_a_pipe_is_not_empty() {
    let lab = start_lab();
    let pipe = lab.write("pipe", "").with_extension("fifo");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let writer = {
        let pipe = pipe.clone();
        thread::spawn(move || std::fs::write(pipe, "d-i a/b string c\n"))
    };
    let options = json!({ "name": "piped", "path": pipe });
    let result = lab.run(PRESEED, options);
    assert_eq!(result["changed"], true, "{result:#}");
    writer.join().unwrap().unwrap();
    let kept = lab.server_object("preseed", "name", "piped");
    assert_eq!(kept["content"], "d-i a/b string c\n");
}

#[test]
fn a_preseed_without_a_path_must_exist_and_stays_as_it_is() {
    let lab = start_lab();
    // It belongs to another user, and its flags are not the defaults.
    let options = json!({ "name": "debian-std", "type": "kickstart", "description": "x" });
    let result = lab.run_in_all_modes(PRESEED, options);
    assert_eq!(
        (&result["changed"], &result["json"]["user"]),
        (&json!(false), &json!("admin"))
    );
    let missing = json!({ "name": "debian-sdt", "path": "" });
    lab.assert_fails(PRESEED, missing, &["'debian-sdt'", "'debian-std'"]);
}

#[test]
fn every_run_provisions_without_waiting_and_says_so() {
    let lab = start_lab();
    let options = with_installer(&lab);
    lab.settings(json!({ "install_seconds": 60 }));
    let predicted = lab.check(MACHINE, options.clone());
    let result = lab.run(MACHINE, options.clone());
    assert_eq!(actions(&result), ["update", "provision"]);
    for key in ["changed", "plan", "machine_state", "machine_provision"] {
        assert_eq!(predicted[key], result[key], "{key}");
    }
    assert_eq!(result["machine_state"], lab.server("/api/v1/machine/2"));
    assert_eq!(result["machine_state"]["netboot_enabled"], true);
    assert_eq!(result["machine_state"]["kernel_opts"], "console=ttyAMA0");
    assert_eq!(
        result["machine_provision"],
        json!({ "state": "provisioning" })
    );
    let again = lab.check(MACHINE, options.clone());
    assert_eq!(actions(&again), ["provision"]);
    let again = lab.run(MACHINE, options);
    assert_eq!(
        (&again["changed"], actions(&again)),
        (&json!(true), vec!["provision".to_owned()])
    );
    assert_eq!(lab.boots().len(), 2);
}

#[test]
fn without_kernel_options_the_machine_has_none() {
    let lab = start_lab();
    let mut options = with_installer(&lab);
    lab.run(MACHINE, options.clone());
    options["kernel_options"] = json!("");
    assert_eq!(
        lab.run(MACHINE, options.clone())["machine_state"]["kernel_opts"],
        ""
    );
    options["kernel_options"] = json!("quiet");
    lab.run(MACHINE, options.clone());
    options.as_object_mut().unwrap().remove("kernel_options");
    assert_eq!(
        lab.run(MACHINE, options)["machine_state"]["kernel_opts"],
        ""
    );
}

#[test]
fn check_mode_provisions_with_what_earlier_tasks_would_upload() {
    let lab = start_lab();
    let result = lab.check(MACHINE, machine());
    assert_eq!(actions(&result), ["update", "provision"]);
    assert_eq!(result["warnings"].as_array().unwrap().len(), 3);
    lab.assert_fails(MACHINE, machine(), &["'installer'"]);
}

#[test]
fn machine_that_cannot_be_provisioned_is_not_written() {
    let lab = start_lab();
    let mut options = with_installer(&lab);
    let writes = lab.writes().len();
    for (name, parts) in [
        (
            "bobs-box",
            &["held by bob", "mrp_machine has that option."][..],
        ),
        ("qdc0l", &["'qdc0l'", "'qdc01'"]),
        ("no-bmc", &["no BMC"]),
    ] {
        options["machine_name"] = json!(name);
        lab.assert_fails(MACHINE, options.clone(), parts);
    }
    options["machine_name"] = json!("qdc01");
    for (option, value, sentence) in [
        ("arch", "x86_64", "machine 'qdc01' is arm64, not x86_64"),
        (
            "initrd_description",
            "",
            "initrd_description must not be empty",
        ),
        ("preseed_name", "", "preseed_name must not be empty"),
        ("machine_name", "", "machine_name must not be empty"),
    ] {
        let mut wrong = options.clone();
        wrong[option] = json!(value);
        assert_eq!(lab.failure(MACHINE, wrong), sentence);
    }
    assert_eq!(lab.writes().len(), writes);
}

#[test]
fn hint_for_an_ambiguous_name_names_the_module_that_has_the_option() {
    let lab = start_lab();
    let options = with_installer(&lab);
    for _ in 0..2 {
        let image =
            json!({ "type": "Kernel", "arch": "arm64", "description": "bobs", "public": true });
        lab.upload("bob-token", &image, "linux", b"x");
    }
    let mut several = options;
    several["kernel_description"] = json!("bobs");
    lab.assert_fails(
        MACHINE,
        several,
        &[
            "ambiguous",
            "Give the id instead. mrp_machine has that option.",
        ],
    );
    let twins = json!({ "name": "twins", "interfaces": [{ "identifier": "eth1" }, { "identifier": "eth1" }] });
    lab.add_machine(twins);
    lab.assert_fails(
        ADDRESS,
        json!({ "machine_name": "twins" }),
        &["ambiguous", "Give its MAC address instead."],
    );
}

#[test]
fn an_address_is_the_configured_one_or_else_the_lease() {
    let lab = start_lab();
    let ask = |machine: &str, interface: &str| {
        let options = json!({ "machine_name": machine, "interface_name": interface });
        text(&lab.run_in_all_modes(ADDRESS, options)["ip"])
    };
    assert_eq!(ask("qdc01", "eth0"), "10.40.5.12");
    assert_eq!(ask("moonshot-c1", "eth2"), "10.40.2.31");
    lab.lease(&json!({ "mac": "52:54:00:00:05:01", "ipv4": "10.40.5.99", "duration": 60 }));
    assert_eq!(ask("bobs-box", "eth0"), "10.40.1.22");
    let usual = lab.run_in_all_modes(ADDRESS, json!({ "machine_name": "moonshot-c1" }));
    assert_eq!(
        (&usual["ip"], &usual["changed"]),
        (&json!("10.40.1.21"), &json!(false))
    );
}

#[test]
fn missing_address_is_an_error() {
    let lab = start_lab();
    for (machine, interface, parts) in [
        (
            "qdc02",
            "eth0",
            &["interface 'eth0' of machine 'qdc02' has no address. It is not configured"][..],
        ),
        ("qdc01", "eth1", &["'eth1'", "'eth0'"]),
        ("qdc0l", "eth0", &["'qdc0l'", "'qdc01'"]),
    ] {
        let options = json!({ "machine_name": machine, "interface_name": interface });
        lab.assert_fails(ADDRESS, options, parts);
    }
}

#[test]
fn every_result_announces_the_successor() {
    let lab = start_lab();
    for (module, successor) in [
        (IMAGE, "mrp_image"),
        (PRESEED, "mrp_preseed"),
        (MACHINE, "mrp_machine"),
        (ADDRESS, "mrp_network_facts"),
    ] {
        let expected =
            json!([{ "msg": format!("{module} is the old role's name: use {successor}") }]);
        assert_eq!(lab.run(module, json!({}))["deprecations"], expected);
    }
    let done = lab.run(
        ADDRESS,
        json!({ "machine_name": "qdc01", "interface_name": "eth0" }),
    );
    assert_eq!(done.get("failed"), None);
    assert_eq!(done["deprecations"].as_array().unwrap().len(), 1);
    let successor = lab.run("mrp_network_facts", json!({ "machine": "qdc01" }));
    assert_eq!(successor.get("deprecations"), None);
}

#[test]
fn the_successors_connection_options_are_there_too() {
    let lab = start_lab();
    let options = json!({ "name": "debian-std", "url": lab.url(), "ca_path": "/no/such/file" });
    lab.assert_fails(PRESEED, options, &["/no/such/file"]);
}
