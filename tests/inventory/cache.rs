use std::os::unix::fs::PermissionsExt;

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
        &["the connection broke", "this is a copy, 0 seconds old"],
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
    for forged in [
        copy.replace("10.40.5.12", "10.66.6.6"),
        copy[..copy.len() / 2].into(),
        "{}".into(),
    ] {
        site.write("copy", &forged);
        says(&site.refusal(), &["was not made with this token"]);
    }
    std::fs::remove_file(site.path("copy")).unwrap();
    says(&site.refusal(), &["there is no copy"]);
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
