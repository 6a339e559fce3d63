//! mrp_preseed_info: the preseeds that the filters select.

use mrp_test_support::column;
use serde_json::json;

use crate::start_lab;

const MODULE: &str = "mrp_preseed_info";

#[test]
fn texts_are_returned_as_hash_and_size() {
    let lab = start_lab();
    let result = lab.run_in_all_modes(MODULE, json!({}));
    assert_eq!(
        column(&result["preseeds"], "name"),
        [
            "alice-seed",
            "broken-syntax",
            "centos-ks",
            "debian-std",
            "suse-ay",
            "undef-seed"
        ]
    );
    let kickstart = &result["preseeds"][2];
    assert_eq!(kickstart["size"], "install\ntext\nreboot\n".len());
    assert_eq!(kickstart["sha256"].as_str().unwrap().len(), 64);
    assert!(kickstart.get("content").is_none());
    assert!(!result.to_string().contains("reboot"));
}

#[test]
fn text_is_returned_only_with_content() {
    let lab = start_lab();
    let options = json!({ "name": "centos-k?", "content": true });
    let result = lab.run_in_all_modes(MODULE, options);
    assert_eq!(
        column(&result["preseeds"], "content"),
        ["install\ntext\nreboot\n"]
    );
}

#[test]
fn filters_select_preseeds_that_match_all_of_them() {
    let lab = start_lab();
    let mine = lab.run_in_all_modes(
        MODULE,
        json!({ "mine": true, "type": "preseed", "description": "*e*" }),
    );
    assert_eq!(
        column(&mine["preseeds"], "name"),
        ["alice-seed", "broken-syntax", "undef-seed"]
    );
    let good = lab.run(MODULE, json!({ "known_good": true }));
    assert_eq!(column(&good["preseeds"], "name"), ["debian-std"]);
    let bare = lab.run(MODULE, json!({ "description": "", "known_good": false }));
    assert_eq!(column(&bare["preseeds"], "name"), ["suse-ay"]);
    let none = lab.run(MODULE, json!({ "type": "kickstart", "mine": true }));
    assert_eq!(none["preseeds"], json!([]));
}

#[test]
fn mistyped_option_is_an_error_that_names_the_right_one() {
    let lab = start_lab();
    lab.assert_fails(
        MODULE,
        json!({ "contents": true }),
        &["contents", "Did you mean 'content'"],
    );
}

#[test]
fn preseed_of_a_machine_is_rendered_for_it() {
    let lab = start_lab();
    lab.run("mrp_machine", json!({ "id": 2, "preseed": "debian-std" }));
    let result = lab.run_in_all_modes(MODULE, json!({ "name": "*s*", "render_for": "qdc01" }));
    for preseed in result["preseeds"].as_array().unwrap() {
        match preseed["name"] == "debian-std" {
            true => assert_eq!(preseed["rendered"], lab.rendered_preseed(2)),
            false => assert!(preseed.get("rendered").is_none()),
        }
    }
    let other = lab.run_in_all_modes(
        MODULE,
        json!({ "name": "alice-seed", "render_for": "qdc01" }),
    );
    assert!(
        other["warnings"][0]
            .as_str()
            .unwrap()
            .contains("is assigned preseed 1"),
        "{other:#}"
    );

    lab.run(
        "mrp_machine",
        json!({ "id": 2, "preseed": "broken-syntax" }),
    );
    let broken = lab.run(
        MODULE,
        json!({ "name": "broken-syntax", "render_for": "qdc01" }),
    );
    let error = broken["preseeds"][0]["render_error"].as_str().unwrap();
    assert!(error.starts_with("line 2: "), "{error}");
    lab.assert_fails(MODULE, json!({ "render_for": "qdc1" }), &["qdc1", "qdc01"]);
}
