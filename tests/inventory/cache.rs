//! The cached copy: when it is written, when it is used, when it is refused.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use mrp_test_support::inventory::{group_hosts, host_variables};
use mrp_test_support::{TestLab, assert_contains};
use serde_json::json;

use crate::start_lab;

/// A lab whose inventory was listed and cached, and whose server then does not answer.
fn start_offline_lab(more: &str) -> TestLab {
    let lab = start_lab();
    lab.configure_inventory(&format!("cache = .copy\n{more}"));
    lab.inventory();
    go_offline(&lab);
    lab
}

fn go_offline(lab: &TestLab) {
    lab.fault(json!({ "path": "/api/v1/*", "reset": true, "times": 0 }));
}

#[test]
fn copy_is_readable_by_its_owner_only() {
    let lab = start_lab();
    lab.configure_inventory("cache = .copy");
    lab.inventory();
    let copy = std::fs::read_to_string(lab.path(".copy")).unwrap();
    assert!(!copy.contains("alice-token"));
    let mode = std::fs::metadata(lab.path(".copy"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let files = std::fs::read_dir(lab.path("")).unwrap().count();
    assert_eq!(files, 3, "the link, the options and the copy");
}

#[test]
fn copy_is_used_with_a_warning_when_the_server_cannot_be_reached() {
    let lab = start_offline_lab("");
    let (inventory, warnings) = lab.inventory_with_warnings();
    assert_eq!(group_hosts(&inventory, "mrp").len(), 8);
    assert_eq!(
        host_variables(&inventory, "qdc01")["ansible_host"],
        "10.40.5.12"
    );
    assert_eq!(warnings.lines().count(), 1);
    assert_contains(
        &warnings,
        &["the connection broke", "this is a copy, ", " seconds old"],
    );
    let variables = &inventory["mrp"]["vars"];
    assert_eq!(variables["mrp_stale"], true);
    assert_contains(&variables["mrp_warnings"].to_string(), &["this is a copy"]);
    lab.clear_faults();
    assert_eq!(lab.inventory()["mrp"]["vars"]["mrp_stale"], false);
}

#[test]
fn copy_is_used_when_the_proxy_answers_503() {
    let lab = start_offline_lab("");
    lab.clear_faults();
    let down = json!({ "path": "/api/v1/machine/2/interface", "status": 503, "times": 0 });
    lab.fault(down);
    assert_contains(&lab.inventory_with_warnings().1, &["503", "this is a copy"]);
}

#[test]
fn copy_is_not_used_when_the_server_answers_with_an_error() {
    let lab = start_offline_lab("");
    for status in [401, 500] {
        lab.clear_faults();
        lab.fault(json!({ "path": "/api/v1/machine", "status": status, "times": 0 }));
        assert!(!lab.inventory_error().contains("copy"));
    }
}

#[test]
fn expired_copy_is_not_used() {
    let lab = start_offline_lab("cache_lifetime = 0");
    assert_contains(
        &lab.inventory_error(),
        &["the connection broke", "older than its cache_lifetime"],
    );
}

#[test]
fn copy_with_another_token_other_settings_or_changed_content_is_not_used() {
    for change in [
        "holders = yes",
        "scope = mine",
        "interface = eth1",
        "mrp_token = other",
        "mrp_url = http://127.0.0.1:1/",
        "query = (= arch \"arm64\")",
        "host_name = hostname",
    ] {
        let lab = start_offline_lab("");
        lab.configure_inventory(&format!("cache = .copy\n{change}"));
        assert_contains(
            &lab.inventory_error(),
            &["was not made with this token and these settings"],
        );
    }
    let lab = start_offline_lab("");
    let copy = std::fs::read_to_string(lab.path(".copy")).unwrap();
    lab.write(".copy", copy.replace("10.40.5.12", "10.66.6.6"));
    assert_contains(&lab.inventory_error(), &["was not made with this token"]);
    for damaged in [&copy[..copy.len() / 2], "{}", "[]", ""] {
        lab.write(".copy", damaged);
        assert_contains(&lab.inventory_error(), &["is damaged"]);
    }
    std::fs::remove_file(lab.path(".copy")).unwrap();
    assert_contains(&lab.inventory_error(), &["there is no copy"]);
}

#[test]
fn pipe_in_place_of_the_copy_is_neither_read_nor_replaced() {
    let lab = start_lab();
    lab.configure_inventory("cache = .copy");
    let made = Command::new("mkfifo").arg(lab.path(".copy")).status();
    assert!(made.unwrap().success());
    let (_, warnings) = lab.inventory_with_warnings();
    assert_contains(&warnings, &["copy cannot be written: it is not a file"]);
    go_offline(&lab);
    assert_contains(
        &lab.inventory_error(),
        &["there is no copy", "it is not a file"],
    );
    assert_eq!(std::fs::read_dir(lab.path("")).unwrap().count(), 3);
}

#[test]
fn temporary_file_of_another_process_is_left_alone() {
    let lab = start_lab();
    lab.configure_inventory("cache = .copy");
    let script = "cd $0 && echo theirs >..copy.$$.new && exec ./mrp_inventory --list";
    let mut command = lab.command("/bin/sh");
    let output = lab.run_inventory_command(command.arg("-c").arg(script).arg(lab.path("")));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let files = std::fs::read_dir(lab.path("")).unwrap().count();
    assert_eq!(
        files, 4,
        "the link, the options, the copy and the other file"
    );
}

#[test]
fn longer_lifetime_makes_an_older_copy_usable() {
    let lab = start_offline_lab("cache_lifetime = 0");
    lab.configure_inventory("cache = .copy\ncache_lifetime = 3600");
    lab.inventory_with_warnings();
}

#[test]
fn copy_that_cannot_be_written_is_a_warning() {
    let lab = start_lab();
    lab.configure_inventory("cache = missing/copy");
    let (inventory, warnings) = lab.inventory_with_warnings();
    assert_contains(&warnings, &["missing/copy cannot be written"]);
    assert_eq!(group_hosts(&inventory, "mrp").len(), 8);
    assert_eq!(inventory["mrp"]["vars"]["mrp_stale"], false);
}
