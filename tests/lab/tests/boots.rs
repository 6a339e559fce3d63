//! Boots: provisioning, results, aborts, leases and failures.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{ALICE, api, host, provision, send, tftp, upload};
use mrp_lab::Lab;
use serde_json::{Value, json};

fn state(lab: &Lab, machine: i64) -> Value {
    api(
        lab,
        ALICE,
        "GET",
        &format!("/api/v1/machine/{machine}/state"),
        Value::Null,
    )
    .json()["state"]
        .clone()
}

#[test]
fn provisioned_machine_fetches_its_files_and_becomes_ready() {
    let lab = Lab::start();
    provision(&lab, 1);
    let boot = lab.last_boot();
    assert_eq!(
        (boot.machine.as_str(), boot.result.as_str(), boot.error),
        ("moonshot-c1", "ready", None)
    );
    assert_eq!(boot.mac.as_deref(), Some("52:54:00:00:01:01"));
    assert_eq!(
        boot.bootfile.as_deref(),
        Some("admin/grubaa64.efi.00000001")
    );
    let kernel = boot.kernel.unwrap();
    assert_eq!(
        (kernel.name.as_str(), kernel.size),
        ("admin/vmlinuz-debian.00000003", 296)
    );
    assert_eq!(tftp(&lab, &kernel.name).body.len(), 296);
    assert_eq!(boot.initrd.unwrap().name, "admin/initrd-debian.gz.00000004");
    assert_eq!(boot.kernel_opts.as_deref(), Some("console=ttyS0"));
    assert!(
        boot.command_line
            .unwrap()
            .contains("url=http://127.0.0.1:5055/preseed/1")
    );
    assert!(
        boot.preseed
            .unwrap()
            .starts_with("d-i netcfg/get_hostname string moonshot-c1\n# key ssh-ed25519 AAAAalice")
    );
    assert_eq!(boot.lease.as_deref(), Some("10.40.5.11"));
    assert_eq!(state(&lab, 1), "ready");
    let asked: Vec<_> = lab
        .requests()
        .into_iter()
        .filter(|request| request.by == "machine moonshot-c1")
        .collect();
    let asked: Vec<_> = asked
        .iter()
        .map(|request| format!("{} {}", request.method, request.path))
        .collect();
    assert_eq!(
        asked,
        [
            "GET /dhcp/ipv4?hwaddr=52:54:00:00:01:01",
            "GET /tftp/",
            "GET /tftp/",
            "GET /tftp/",
            "GET /tftp/",
            "GET /preseed/1",
            "POST /dhcp/ipv4/lease",
            "PUT /api/v1/machine/1/state",
        ]
    );
    assert_eq!(
        lab.writes().len(),
        1,
        "what machines write is not counted as a client's"
    );
}

#[test]
fn uploaded_kernel_is_booted() {
    let lab = Lab::start();
    let image = upload(&lab, ALICE, "mine", "Kernel", b"abc").json();
    api(
        &lab,
        ALICE,
        "PUT",
        "/api/v1/machine/1",
        json!({"kernel_id": image["id"], "initrd_id": null, "preseed_id": null}),
    );
    provision(&lab, 1);
    let boot = lab.last_boot();
    let kernel = boot.kernel.unwrap();
    assert_eq!(kernel.name, image["name"]);
    assert_eq!(
        kernel.sha256,
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
    assert_eq!(
        (boot.initrd, boot.preseed, boot.result.as_str()),
        (None, None, "ready")
    );
}

#[test]
fn install_result_is_as_set() {
    let lab = Lab::start();
    lab.settings(json!({"install_seconds": 0, "install_result": "error", "machines": {"x86-1": {"install_result": "never"}}}));
    provision(&lab, 1);
    assert_eq!(lab.last_boot().result, "error");
    assert_eq!(state(&lab, 1), "error");
    provision(&lab, 8);
    let boot = lab.last_boot();
    assert_eq!(
        (boot.result.as_str(), boot.bootfile.as_deref()),
        ("never", Some("admin/grubx64.efi.00000002"))
    );
    assert_eq!(state(&lab, 8), "provisioning");
}

#[test]
fn lease_is_as_set_and_shown_on_the_interface() {
    let lab = Lab::start();
    lab.settings(json!({"machines": {"moonshot-c1": {"lease": "10.40.5.200"}}}));
    provision(&lab, 1);
    assert_eq!(lab.last_boot().lease.as_deref(), Some("10.40.5.200"));
    let interface = api(
        &lab,
        ALICE,
        "GET",
        "/api/v1/machine/1/interface/1",
        Value::Null,
    )
    .json();
    assert_eq!(interface["lease_ipv4"], "10.40.5.200");
}

#[test]
fn provisioning_aborts_a_running_boot() {
    let lab = Lab::start();
    lab.settings(json!({"install_seconds": 60}));
    provision(&lab, 1);
    lab.settings(json!({"install_seconds": 0}));
    provision(&lab, 1);
    assert_eq!(lab.last_boot().result, "ready");
    let results: Vec<_> = lab.boots().into_iter().map(|boot| boot.result).collect();
    assert_eq!(results, ["aborted", "ready"]);
}

#[test]
fn switching_off_aborts_an_installation() {
    let lab = Lab::start();
    lab.settings(json!({"install_seconds": 60}));
    provision(&lab, 1);
    api(
        &lab,
        ALICE,
        "POST",
        "/api/v1/machine/1/power",
        json!({"state": "off"}),
    );
    assert_eq!(lab.last_boot().result, "aborted");
    assert_eq!(state(&lab, 1), "provisioning");
}

#[test]
fn machine_with_netboot_boots_without_provisioning() {
    let lab = Lab::start();
    let power = |word: &str| {
        api(
            &lab,
            ALICE,
            "POST",
            "/api/v1/machine/1/power",
            json!({"state": word}),
        )
        .status
    };
    assert_eq!(power("pxe_reboot"), 202);
    assert!(
        lab.boots().is_empty(),
        "with netboot off a machine starts from its disk"
    );
    api(
        &lab,
        ALICE,
        "PUT",
        "/api/v1/machine/1",
        json!({"netboot_enabled": true}),
    );
    assert_eq!(power("disk_reboot"), 202);
    assert!(lab.boots().is_empty());
    assert_eq!(power("pxe_reboot"), 202);
    assert_eq!(lab.last_boot().result, "ready");
    assert_eq!(state(&lab, 1), "ready");
}

#[test]
fn failed_boot_has_an_error() {
    let lab = Lab::start();
    api(
        &lab,
        ALICE,
        "PUT",
        "/api/v1/machine/1",
        json!({"preseed_id": 5}),
    );
    provision(&lab, 1);
    let boot = lab.last_boot();
    assert_eq!(boot.result, "failed");
    assert!(
        boot.error
            .unwrap()
            .contains("Syntax error on preseed template")
    );
    assert_eq!(state(&lab, 1), "provisioning");
}

#[test]
fn broken_bmc_starts_no_boot_and_shows_its_password() {
    let lab = Lab::start();
    lab.settings(json!({"machines": {"moonshot-c1": {"bmc": "fails"}}}));
    let answer = api(
        &lab,
        ALICE,
        "POST",
        "/api/v1/machine/1/state",
        json!({"state": "provision"}),
    );
    assert_eq!(answer.status, 500);
    assert!(
        answer.text().contains("'-P', 'ipmipass'"),
        "{}",
        answer.text()
    );
    assert_eq!(state(&lab, 1), "provisioning");
    assert!(lab.boots().is_empty());
}

#[test]
fn added_machine_boots() {
    let lab = Lab::start();
    let name = "büro 1/\"x\" 100%";
    let id = lab.add_machine(json!({"name": name, "arch": "arm64", "assignee": "bob"}));
    api(
        &lab,
        "bob-token",
        "PUT",
        &format!("/api/v1/machine/{id}"),
        json!({"kernel_id": 3}),
    );
    provision(&lab, id);
    let boot = lab.last_boot();
    assert_eq!(
        (boot.machine.as_str(), boot.result.as_str()),
        (name, "ready")
    );
    let put = lab
        .requests()
        .into_iter()
        .rfind(|request| request.method == "PUT")
        .unwrap();
    assert_eq!((put.by, put.status), (format!("machine {name}"), Some(200)));
}

#[test]
fn reset_ends_running_boots() {
    let lab = Lab::start();
    provision(&lab, 1);
    lab.reset();
    assert!(lab.boots().is_empty() && lab.requests().is_empty());
    assert_eq!(
        send(host(&lab), "GET", "/_lab/boots", &[], b"")
            .unwrap()
            .json(),
        json!([])
    );
    assert_eq!(state(&lab, 1), "unknown");
}

#[test]
fn request_of_an_ended_boot_has_no_effect() {
    let lab = Lab::start();
    lab.settings(json!({"install_seconds": 600}));
    let late = |boot: Value| {
        let headers = [
            ("x-lab-machine", &*boot.to_string()),
            ("authorization", "Bearer admin-token"),
        ];
        let path = "/api/v1/machine/1/state";
        let answer = send(host(&lab), "PUT", path, &headers, br#"{"state": "ready"}"#);
        assert!(answer.is_err(), "{boot}");
    };

    provision(&lab, 1);
    provision(&lab, 1);
    late(json!({"machine": 1, "index": 0, "resets": 0}));
    assert_eq!(state(&lab, 1), "provisioning");

    lab.reset();
    late(json!({"machine": 1, "index": 1, "resets": 0}));
    assert_eq!(lab.requests(), []);
    assert_eq!(state(&lab, 1), "unknown");
}

#[test]
fn boot_is_over_when_its_machine_is_ready() {
    let lab = Lab::start();
    lab.settings(json!({"install_seconds": 0}));
    let path = "/api/v1/machine/1/state";
    api(&lab, ALICE, "POST", path, json!({"state": "provision"}));
    lab.wait_until("the machine is ready", |lab| state(lab, 1) == "ready");
    assert_eq!(lab.boots()[0].result, "ready");
}
