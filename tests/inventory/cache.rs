use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::json;

use crate::site::{Site, group, host, says};

/// A site whose inventory was listed once, into a cache, and whose server is then gone.
fn offline(more: &str) -> Site {
    let site = Site::new();
    site.config(&format!("cache = copy\n{more}"));
    site.list();
    go_offline(&site);
    site
}

fn go_offline(site: &Site) {
    site.lab
        .fault(json!({ "path": "/api/v1/*", "reset": true, "times": 0 }));
}

#[test]
fn a_copy_is_kept_for_its_owner_alone() {
    let site = Site::new();
    site.config("cache = copy");
    site.list();
    let copy = std::fs::read_to_string(site.path("copy")).unwrap();
    assert!(!copy.contains("alice-token"));
    let mode = std::fs::metadata(site.path("copy"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let files = std::fs::read_dir(site.path("")).unwrap().count();
    assert_eq!(files, 3, "the link, the options and the copy");
}

#[test]
fn it_is_used_with_a_warning_when_the_server_cannot_be_reached() {
    let site = offline("");
    let (inventory, said) = site.list_and_hear();
    assert_eq!(group(&inventory, "mrp").len(), 8);
    assert_eq!(host(&inventory, "qdc01")["ansible_host"], "10.40.5.12");
    assert_eq!(said.lines().count(), 1);
    says(
        &said,
        &["the connection broke", "this is a copy, ", " seconds old"],
    );
    let variables = &inventory["mrp"]["vars"];
    assert_eq!(variables["mrp_stale"], true);
    says(&variables["mrp_warnings"].to_string(), &["this is a copy"]);
    site.lab.clear_faults();
    assert_eq!(site.list()["mrp"]["vars"]["mrp_stale"], false);
}

#[test]
fn a_server_that_answers_nothing_through_its_proxy_is_out_of_reach_too() {
    let site = offline("");
    site.lab.clear_faults();
    let down = json!({ "path": "/api/v1/machine/2/interface", "status": 503, "times": 0 });
    site.lab.fault(down);
    says(&site.list_and_hear().1, &["503", "this is a copy"]);
}

#[test]
fn a_server_that_refuses_is_in_reach() {
    let site = offline("");
    for status in [401, 500] {
        site.lab.clear_faults();
        site.lab
            .fault(json!({ "path": "/api/v1/machine", "status": status, "times": 0 }));
        assert!(!site.refusal().contains("copy"));
    }
}

#[test]
fn a_copy_that_is_too_old_is_not_used() {
    let site = offline("cache_lifetime = 0");
    says(
        &site.refusal(),
        &["the connection broke", "older than its cache_lifetime"],
    );
}

#[test]
fn a_copy_for_another_token_or_of_other_settings_or_by_another_hand_is_none() {
    for change in [
        "holders = yes",
        "scope = mine",
        "interface = eth1",
        "mrp_token = other",
        "mrp_url = http://127.0.0.1:1/",
        "query = (= arch \"arm64\")",
        "host_name = hostname",
    ] {
        let site = offline("");
        site.config(&format!("cache = copy\n{change}"));
        says(
            &site.refusal(),
            &["was not made with this token and these settings"],
        );
    }
    let site = offline("");
    let copy = std::fs::read_to_string(site.path("copy")).unwrap();
    site.write("copy", &copy.replace("10.40.5.12", "10.66.6.6"));
    says(&site.refusal(), &["was not made with this token"]);
    for damaged in [&copy[..copy.len() / 2], "{}", "[]", ""] {
        site.write("copy", damaged);
        says(&site.refusal(), &["is damaged"]);
    }
    std::fs::remove_file(site.path("copy")).unwrap();
    says(&site.refusal(), &["there is no copy"]);
}

#[test]
fn what_is_no_file_is_no_copy_and_nothing_waits_for_it_or_replaces_it() {
    let site = Site::new();
    site.config("cache = copy");
    let made = Command::new("mkfifo").arg(site.path("copy")).status();
    assert!(made.unwrap().success());
    let (_, said) = site.list_and_hear();
    says(&said, &["copy cannot be written: it is not a file"]);
    go_offline(&site);
    says(&site.refusal(), &["there is no copy", "it is not a file"]);
    assert_eq!(std::fs::read_dir(site.path("")).unwrap().count(), 3);
}

#[test]
fn what_another_run_of_the_same_number_left_is_in_nobodys_way_and_stays() {
    let site = Site::new();
    site.config("cache = copy");
    let script = "cd $0 && echo theirs >copy.$$.new && exec ./mrp_inventory --list";
    let mut command = Command::new("/bin/sh");
    let output = site.run_as(command.arg("-c").arg(script).arg(site.path("")));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let files = std::fs::read_dir(site.path("")).unwrap().count();
    assert_eq!(files, 4, "the link, the options, the copy and theirs");
}

#[test]
fn a_longer_life_lets_an_older_copy_live_again() {
    let site = offline("cache_lifetime = 0");
    site.config("cache = copy\ncache_lifetime = 3600");
    site.list_and_hear();
}

#[test]
fn a_copy_that_cannot_be_kept_is_told_and_no_failure() {
    let site = Site::new();
    site.config("cache = missing/copy");
    let (inventory, said) = site.list_and_hear();
    says(&said, &["missing/copy cannot be written"]);
    assert_eq!(group(&inventory, "mrp").len(), 8);
    assert_eq!(inventory["mrp"]["vars"]["mrp_stale"], false);
}
