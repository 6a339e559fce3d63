//! An administrator's token may change what belongs to others, and the plan says whose it is.

use mrp_test_support::{
    ADMIN_TOKEN, TestLab, actions, assert_contains, assert_failed, message, text,
};
use serde_json::{Value, json};

use crate::start_lab;

fn as_admin(mut options: Value) -> Value {
    options["mrp_token"] = json!(ADMIN_TOKEN);
    options
}

fn image(id: u32, description: &str, mut options: Value) -> Value {
    options["id"] = json!(id);
    options["description"] = json!(description);
    options["type"] = json!("Kernel");
    options["arch"] = json!("arm64");
    options
}

#[track_caller]
fn assert_done_by_admin(lab: &TestLab, module: &str, options: Value, action: &str, why: [&str; 2]) {
    let result = lab.run_in_all_modes(module, as_admin(options));
    assert_eq!(actions(&result), [action]);
    assert_contains(&text(&result["plan"][0]["why"]), &why);
}

#[test]
fn administrator_changes_and_deletes_images_of_others_by_id() {
    let lab = start_lab();
    let why = ["known_good differs", "belongs to alice"];
    let changed = image(6, "dup kernel", json!({ "known_good": true }));
    assert_done_by_admin(&lab, "mrp_image", changed, "update", why);
    assert_eq!(lab.server("/api/v1/image/6")["known_good"], true);
    let absent = image(6, "dup kernel", json!({ "state": "absent" }));
    let why = ["it shall be absent", "belongs to alice"];
    assert_done_by_admin(&lab, "mrp_image", absent, "delete", why);
    let images = lab.server("/api/v1/image?show_all=true");
    assert!(
        images
            .as_array()
            .unwrap()
            .iter()
            .all(|image| image["id"] != 6)
    );
}

#[test]
fn administrator_changes_and_deletes_preseeds_of_others() {
    let lab = start_lab();
    let changed = json!({ "name": "alice-seed", "content": "x\n" });
    let why = ["content differs", "belongs to alice"];
    assert_done_by_admin(&lab, "mrp_preseed", changed, "update", why);
    let found = lab.server("/api/v1/preseed/3");
    assert_eq!(
        (&found["content"], &found["user"]),
        (&json!("x\n"), &json!("alice"))
    );
    let absent = json!({ "name": "alice-seed", "state": "absent" });
    let why = ["it shall be absent", "belongs to alice"];
    assert_done_by_admin(&lab, "mrp_preseed", absent, "delete", why);
}

#[test]
fn administrator_deletes_only_own_images_of_a_description() {
    let lab = start_lab();
    let absent = json!({ "description": "dup kernel", "type": "Kernel", "arch": "arm64", "state": "absent" });
    let result = lab.run_in_all_modes("mrp_image", as_admin(absent));
    assert_eq!(actions(&result), ["delete"]);
    assert_contains(
        &text(&result["warnings"][0]),
        &["image 6", "belongs to alice"],
    );
}

#[test]
fn user_who_names_an_image_of_another_by_id_is_told_whose_it_is() {
    let lab = start_lab();
    let before = lab.server("/api/v1/image/7");
    for options in [json!({ "known_good": true }), json!({ "state": "absent" })] {
        let result = lab.run("mrp_image", image(7, "dup kernel", options));
        assert_failed(&result, false);
        assert_contains(&message(&result), &["belongs to admin", "administrator"]);
    }
    assert_eq!(lab.server("/api/v1/image/7"), before);
}

#[test]
fn user_is_refused_before_a_write_where_nothing_shows_an_administrator() {
    let lab = start_lab();
    for options in [
        json!({ "name": "debian-std", "content": "x\n" }),
        json!({ "name": "centos-ks", "state": "absent" }),
    ] {
        let result = lab.run("mrp_preseed", options);
        assert_failed(&result, false);
        assert_contains(&message(&result), &["belongs to admin", "administrator"]);
    }
    lab.assert_no_writes();
}
