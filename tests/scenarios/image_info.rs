//! mrp_image_info: the images that the filters select.

use mrp_test_support::column;
use serde_json::json;

use crate::start_lab;

const MODULE: &str = "mrp_image_info";

#[test]
fn without_a_filter_every_visible_image_is_returned() {
    let lab = start_lab();
    let result = lab.run_in_all_modes(MODULE, json!({}));
    let images = result["images"].as_array().unwrap();
    assert_eq!(images.len(), 11);
    let ids: Vec<u64> = images
        .iter()
        .map(|image| image["id"].as_u64().unwrap())
        .collect();
    assert!(ids.is_sorted(), "{ids:?}");
    assert!(!result.to_string().contains("secret"));
    let orphan = images.last().unwrap();
    assert_eq!(orphan["description"], "Default bootloader");
    assert_eq!(orphan["user"], json!(null));
}

#[test]
fn mine_returns_only_own_images() {
    let lab = start_lab();
    let result = lab.run_in_all_modes(MODULE, json!({ "mine": true }));
    assert_eq!(
        column(&result["images"], "description"),
        ["alice test kernel", "dup kernel", "alice test initrd"]
    );
    assert_eq!(lab.requests().last().unwrap().path, "/api/v1/image");
}

#[test]
fn filters_select_images_that_match_all_of_them() {
    let lab = start_lab();
    let options = json!({ "type": "Kernel", "arch": "arm64", "description": "d*kernel" });
    let result = lab.run_in_all_modes(MODULE, options);
    assert_eq!(
        column(&result["images"], "name"),
        [
            "admin/vmlinuz-debian.00000003",
            "alice/Image-dup.00000006",
            "admin/Image-dup.00000007"
        ]
    );
    let good = lab.run(
        MODULE,
        json!({ "description": "d*kernel", "known_good": true }),
    );
    assert_eq!(column(&good["images"], "arch"), ["arm64", "x86_64"]);
    let other = lab.run(
        MODULE,
        json!({ "name": "admin/*-dup.*", "known_good": false }),
    );
    assert_eq!(column(&other["images"], "user"), ["admin"]);
}

#[test]
fn empty_description_matches_images_without_one() {
    let lab = start_lab();
    let result = lab.run(MODULE, json!({ "description": "" }));
    assert_eq!(
        column(&result["images"], "name"),
        ["bob/initrd-null.00000009"]
    );
}

#[test]
fn no_match_returns_an_empty_list() {
    let lab = start_lab();
    let result = lab.run_in_all_modes(MODULE, json!({ "arch": "riscv64" }));
    assert_eq!(result["images"], json!([]));
}

#[test]
fn a_wrong_type_names_the_right_ones() {
    let lab = start_lab();
    lab.assert_fails(
        MODULE,
        json!({ "type": "kernel" }),
        &["Kernel, Initrd, bootloader"],
    );
}

#[test]
fn server_error_is_reported_in_one_sentence() {
    let lab = start_lab();
    lab.fault(json!({ "path": "/api/v1/image", "status": 500, "times": 0 }));
    lab.assert_fails(MODULE, json!({}), &["listing images"]);
}
