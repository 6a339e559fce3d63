//! `mrp machine provision --boot-once`: what it says, and what Ctrl-C leaves.

use mrp_test_support::assert_contains;
use serde_json::json;

use crate::start_lab;
use crate::terminal::Terminal;

const INSTALL: &str = "machine provision qdc01 --kernel 'alice test kernel' --kernel-opts quiet --wait-interval 0.1 --netboot-when-ready=no";
const ONCE: &str = "machine provision qdc01 --kernel-opts rescue --boot-once --wait-interval 0.1";

#[test]
fn boot_once_says_the_way_there_and_back() {
    let lab = start_lab();
    lab.mrp_ok(INSTALL);
    let planned = lab.mrp_ok(&format!("{ONCE} --check"));
    assert_contains(
        &planned,
        &[
            "would create file '",
            "/.local/state/mrp/boot_once/",
            "would update machine 'qdc01': kernel_opts from 'quiet' to 'rescue'",
            "would put back machine 'qdc01': kernel_opts from 'rescue' to 'quiet'",
        ],
    );
    let done = lab.mrp_ok(ONCE);
    assert_contains(
        &done,
        &["put back machine 'qdc01': kernel_opts is 'quiet' again, it was 'rescue'"],
    );
    assert_eq!(lab.last_boot().kernel_opts.as_deref(), Some("rescue"));
    assert_eq!(lab.server("/api/v1/machine/2")["kernel_opts"], "quiet");
}

#[test]
fn boot_once_that_was_interrupted_says_how_to_put_back_what_it_changed() {
    let lab = start_lab();
    lab.mrp_ok(INSTALL);
    lab.settings(json!({ "install_seconds": 3600 }));
    let mut terminal = Terminal::run(&lab, ONCE, 200);
    terminal.until("the wait", |text| {
        text.contains("waiting for machine 'qdc01'")
    });
    terminal.interrupt();
    assert_ne!(terminal.end(), 0);
    assert_contains(
        &terminal.text(),
        &[
            "what the machine booted before is not put back yet",
            "To put it back, type: mrp machine configure qdc01\n",
        ],
    );
    assert_eq!(lab.server("/api/v1/machine/2")["kernel_opts"], "rescue");
    assert_contains(
        &lab.mrp_ok("machine configure qdc01"),
        &["put back machine 'qdc01': kernel_opts is 'quiet' again"],
    );
    let machine = lab.server("/api/v1/machine/2");
    assert_eq!(
        (&machine["kernel_opts"], &machine["netboot_enabled"]),
        (&json!("quiet"), &json!(false))
    );
    assert_eq!(lab.server("/api/v1/machine/2/state")["state"], "ready");
}

#[test]
fn machine_that_does_not_boot_from_the_network_is_explained_by_what_the_server_has() {
    let lab = start_lab();
    lab.mrp_ok("machine configure qdc02 --netboot=no");
    let shown = lab.mrp_ok("machine show qdc02 --json");
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    let machine = &shown["machines"][0];
    assert_eq!(machine["netboot_enabled"], false, "{shown:#}");
    assert_eq!(
        machine["subarch"],
        lab.server("/api/v1/machine/3")["subarch"]
    );
    assert!(
        machine["interfaces"][0].get("lease_ipv4").is_some(),
        "{shown:#}"
    );
    assert_contains(&lab.mrp_ok("interface list qdc02"), &["52:54:00:00:03:01"]);
    lab.mrp_ok("machine configure qdc02 --subarch efi --netboot");
    lab.mrp_ok("machine provision qdc02 --kernel 'alice test kernel' --wait-interval 0.1");
    assert!(lab.last_boot().kernel.is_some());
}
