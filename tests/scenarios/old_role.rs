//! The old role's modules: its options and result keys, over the tasks of their successors.

use std::process::Command;
use std::thread;

use serde_json::{Value, json};

use crate::bench::{Bench, actions, says, text};

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

fn kernel(bench: &Bench, bytes: &str) -> Value {
    let path = bench.file("linux", bytes);
    json!({ "description": "installer", "type": "Kernel", "arch": "arm64", "path": path })
}

/// What the role had uploaded before it provisions.
fn with_images(bench: &Bench) -> Value {
    let mut image = kernel(bench, "a kernel");
    bench.run(IMAGE, image.clone());
    image["type"] = json!("Initrd");
    bench.run(IMAGE, image);
    let path = bench.file("seed", "host {{ hostname }}\n");
    bench.run(PRESEED, json!({ "name": "ci-seed", "path": path }));
    machine()
}

fn machine() -> Value {
    json!({
        "machine_name": "qdc01", "kernel_description": "installer", "initrd_description": "installer",
        "arch": "arm64", "subarch": "efi", "preseed_name": "ci-seed", "kernel_options": "console=ttyAMA0",
    })
}

#[test]
fn an_image_is_told_as_the_server_tells_it() {
    let bench = Bench::new();
    let result = bench.four_ways(IMAGE, kernel(&bench, "a kernel"));
    assert_eq!(actions(&result), ["upload"]);
    assert_eq!(
        result["json"],
        bench.server_object("image", "description", "installer")
    );
    let predicted = bench.check(IMAGE, kernel(&bench, "a newer kernel"));
    assert_eq!(fields(&predicted["json"]), fields(&result["json"]));
    assert_eq!(predicted["json"]["id"], json!(null));
}

#[test]
fn an_image_is_its_bytes_and_its_flags() {
    let bench = Bench::new();
    let old = bench.run(IMAGE, kernel(&bench, "a kernel"));
    let new = bench.four_ways(IMAGE, kernel(&bench, "a newer kernel"));
    assert_ne!(old["json"]["id"], new["json"]["id"]);
    let mut public = kernel(&bench, "a newer kernel");
    public["public"] = json!(true);
    assert_eq!(actions(&bench.four_ways(IMAGE, public)), ["update"]);
    // Not given means false, as it did.
    let private = bench.four_ways(IMAGE, kernel(&bench, "a newer kernel"));
    assert_eq!(private["plan"][0]["after"], json!({ "public": false }));
    assert_eq!(private["json"]["public"], false);
}

#[test]
fn an_image_that_cannot_be_is_refused() {
    let bench = Bench::new();
    let mut image = kernel(&bench, "a kernel");
    image["type"] = json!("bootloader");
    says(
        &bench.failure(IMAGE, image.clone()),
        &["value of type must be one of: Kernel, Initrd, got: bootloader"],
    );
    image["type"] = json!("Kernel");
    image["path"] = json!("/no/such/file");
    says(&bench.failure(IMAGE, image.clone()), &["/no/such/file"]);
    image.as_object_mut().unwrap().remove("path");
    says(
        &bench.failure(IMAGE, image),
        &["missing required arguments: path"],
    );
    assert!(bench.lab.writes().is_empty());
}

#[test]
fn a_preseed_is_uploaded_with_all_its_flags() {
    let bench = Bench::new();
    let path = bench.file("seed", "d-i one\n");
    let options = json!({
        "name": "ci-seed", "path": path, "description": "for ci", "public": true, "known_good": true,
    });
    let result = bench.four_ways(PRESEED, options.clone());
    assert_eq!(actions(&result), ["create"]);
    let mut stored = bench.server_object("preseed", "name", "ci-seed");
    assert_eq!(
        stored.as_object_mut().unwrap().remove("content"),
        Some(json!("d-i one\n"))
    );
    assert_eq!(result["json"], stored);
    // Not given means false, as it did; an empty description is none.
    let result = bench.four_ways(PRESEED, json!({ "name": "ci-seed", "path": path }));
    assert_eq!(
        result["plan"][0]["after"],
        json!({ "known_good": false, "public": false })
    );
    assert_eq!(result["json"]["description"], "for ci");
    let mut kickstart = options;
    kickstart["type"] = json!("kickstart");
    assert_eq!(
        bench.four_ways(PRESEED, kickstart)["json"]["type"],
        "kickstart"
    );
}

#[test]
fn a_preseed_from_a_pipe_is_not_empty() {
    let bench = Bench::new();
    let pipe = bench.file("pipe", "").with_extension("fifo");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let client = {
        let pipe = pipe.clone();
        thread::spawn(move || std::fs::write(pipe, "d-i a/b string c\n"))
    };
    let options = json!({ "name": "piped", "path": pipe });
    let result = bench.run(PRESEED, options);
    assert_eq!(result["changed"], true, "{result:#}");
    client.join().unwrap().unwrap();
    let kept = bench.server_object("preseed", "name", "piped");
    assert_eq!(kept["content"], "d-i a/b string c\n");
}

#[test]
fn a_preseed_without_a_path_must_exist_and_stays_as_it_is() {
    let bench = Bench::new();
    // Another user's, with other flags than the defaults.
    let options = json!({ "name": "debian-std", "type": "kickstart", "description": "x" });
    let result = bench.four_ways(PRESEED, options);
    assert_eq!(
        (&result["changed"], &result["json"]["user"]),
        (&json!(false), &json!("admin"))
    );
    let missing = json!({ "name": "debian-sdt", "path": "" });
    says(
        &bench.failure(PRESEED, missing),
        &["'debian-sdt'", "'debian-std'"],
    );
}

#[test]
fn every_run_provisions_without_waiting_and_says_so() {
    let bench = Bench::new();
    let options = with_images(&bench);
    bench.lab.settings(json!({ "install_seconds": 60 }));
    let predicted = bench.check(MACHINE, options.clone());
    let result = bench.run(MACHINE, options.clone());
    assert_eq!(actions(&result), ["update", "provision"]);
    for key in ["changed", "plan", "machine_state", "machine_provision"] {
        assert_eq!(predicted[key], result[key], "{key}");
    }
    assert_eq!(result["machine_state"], bench.server("/api/v1/machine/2"));
    assert_eq!(result["machine_state"]["netboot_enabled"], true);
    assert_eq!(result["machine_state"]["kernel_opts"], "console=ttyAMA0");
    assert_eq!(
        result["machine_provision"],
        json!({ "state": "provisioning" })
    );
    let again = bench.check(MACHINE, options.clone());
    assert_eq!(actions(&again), ["provision"]);
    let again = bench.run(MACHINE, options);
    assert_eq!(
        (&again["changed"], actions(&again)),
        (&json!(true), vec!["provision".to_owned()])
    );
    assert_eq!(bench.lab.boots().len(), 2);
}

#[test]
fn without_kernel_options_the_machine_has_none() {
    let bench = Bench::new();
    let mut options = with_images(&bench);
    bench.run(MACHINE, options.clone());
    options["kernel_options"] = json!("");
    assert_eq!(
        bench.run(MACHINE, options.clone())["machine_state"]["kernel_opts"],
        ""
    );
    options["kernel_options"] = json!("quiet");
    bench.run(MACHINE, options.clone());
    options.as_object_mut().unwrap().remove("kernel_options");
    assert_eq!(
        bench.run(MACHINE, options)["machine_state"]["kernel_opts"],
        ""
    );
}

#[test]
fn check_mode_provisions_with_what_earlier_tasks_would_upload() {
    let bench = Bench::new();
    let result = bench.check(MACHINE, machine());
    assert_eq!(actions(&result), ["update", "provision"]);
    assert_eq!(result["warnings"].as_array().unwrap().len(), 3);
    says(&bench.failure(MACHINE, machine()), &["'installer'"]);
}

#[test]
fn a_machine_that_cannot_be_provisioned_is_left_alone() {
    let bench = Bench::new();
    let mut options = with_images(&bench);
    let writes = bench.lab.writes().len();
    for (name, parts) in [
        (
            "bobs-box",
            &["held by bob", "mrp_machine has that option."][..],
        ),
        ("qdc0l", &["'qdc0l'", "'qdc01'"]),
        ("no-bmc", &["no BMC"]),
    ] {
        options["machine_name"] = json!(name);
        says(&bench.failure(MACHINE, options.clone()), parts);
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
        assert_eq!(bench.failure(MACHINE, wrong), sentence);
    }
    assert_eq!(bench.lab.writes().len(), writes);
}

#[test]
fn the_advice_for_what_is_not_clear_names_who_can_follow_it() {
    let bench = Bench::new();
    let options = with_images(&bench);
    for _ in 0..2 {
        let image =
            json!({ "type": "Kernel", "arch": "arm64", "description": "bobs", "public": true });
        bench.upload("bob-token", &image, "linux", b"x");
    }
    let mut several = options;
    several["kernel_description"] = json!("bobs");
    says(
        &bench.failure(MACHINE, several),
        &[
            "ambiguous",
            "Give the id instead. mrp_machine has that option.",
        ],
    );
    let twins = json!({ "name": "twins", "interfaces": [{ "identifier": "eth1" }, { "identifier": "eth1" }] });
    bench.lab.add_machine(twins);
    says(
        &bench.failure(ADDRESS, json!({ "machine_name": "twins" })),
        &["ambiguous", "Give its MAC address instead."],
    );
}

#[test]
fn an_address_is_the_configured_one_or_else_the_lease() {
    let bench = Bench::new();
    let ask = |machine: &str, interface: &str| {
        let options = json!({ "machine_name": machine, "interface_name": interface });
        text(&bench.four_ways(ADDRESS, options)["ip"])
    };
    assert_eq!(ask("qdc01", "eth0"), "10.40.5.12");
    assert_eq!(ask("moonshot-c1", "eth2"), "10.40.2.31");
    bench.lease(&json!({ "mac": "52:54:00:00:05:01", "ipv4": "10.40.5.99", "duration": 60 }));
    assert_eq!(ask("bobs-box", "eth0"), "10.40.1.22");
    let usual = bench.four_ways(ADDRESS, json!({ "machine_name": "moonshot-c1" }));
    assert_eq!(
        (&usual["ip"], &usual["changed"]),
        (&json!("10.40.1.21"), &json!(false))
    );
}

#[test]
fn an_address_that_is_not_there_is_a_failure() {
    let bench = Bench::new();
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
        says(&bench.failure(ADDRESS, options), parts);
    }
}

#[test]
fn every_result_announces_the_successor() {
    let bench = Bench::new();
    for (module, successor) in [
        (IMAGE, "mrp_image"),
        (PRESEED, "mrp_preseed"),
        (MACHINE, "mrp_machine"),
        (ADDRESS, "mrp_network_facts"),
    ] {
        let expected =
            json!([{ "msg": format!("{module} is the old role's name: use {successor}") }]);
        assert_eq!(bench.run(module, json!({}))["deprecations"], expected);
    }
    let done = bench.run(
        ADDRESS,
        json!({ "machine_name": "qdc01", "interface_name": "eth0" }),
    );
    assert_eq!(done.get("failed"), None);
    assert_eq!(done["deprecations"].as_array().unwrap().len(), 1);
    let successor = bench.run("mrp_network_facts", json!({ "machine": "qdc01" }));
    assert_eq!(successor.get("deprecations"), None);
}

#[test]
fn the_successors_connection_options_are_there_too() {
    let bench = Bench::new();
    let options =
        json!({ "name": "debian-std", "url": bench.lab.url(), "ca_path": "/no/such/file" });
    says(&bench.failure(PRESEED, options), &["/no/such/file"]);
}
