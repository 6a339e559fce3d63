//! Runs of the same user at the same time: what another run does between two requests is found, and no failure.

use mrp_test_support::{
    ADMIN_TOKEN, TestLab, actions, assert_contains, assert_failed, message, text,
};
use serde_json::{Value, json};

use crate::start_lab;

/// Lets another run send a request just before the client's.
pub(crate) fn before(lab: &TestLab, method: &str, path: &str, nth: u32, request: &Value) {
    lab.fault(json!({ "method": method, "path": path, "nth": nth, "meanwhile": request }));
}

/// The deletion of an object by another run of alice.
fn deletion(path: &str) -> Value {
    json!({ "user": "alice", "method": "DELETE", "path": path })
}

/// Options for an image of alice that no machine uses.
fn own_image(mut options: Value) -> Value {
    options["description"] = json!("unused");
    options["type"] = json!("Kernel");
    options["arch"] = json!("arm64");
    options
}

/// Uploads it, and gives its id.
fn upload(lab: &TestLab) -> Value {
    let path = lab.write("Image", "a kernel");
    lab.run("mrp_image", own_image(json!({ "path": path })))["image"]["id"].clone()
}

fn seed(content: &str) -> Value {
    json!({ "name": "ci-seed", "type": "preseed", "content": content, "known_good": false, "public": false })
}

/// The creation of a preseed by another run of this user.
fn seed_creation(user: &str, content: &str, public: bool) -> Value {
    let mut body = seed(content);
    body["public"] = json!(public);
    json!({ "user": user, "method": "POST", "path": "/api/v1/preseed", "body": body })
}

#[track_caller]
pub(crate) fn assert_found_done(result: &Value, warning: &str) {
    assert_eq!(result.get("failed"), None, "{result:#}");
    assert_eq!(result["changed"], false, "{result:#}");
    assert_eq!(result["plan"], json!([]), "{result:#}");
    assert_contains(&text(&result["warnings"][0]), &[warning]);
}

#[test]
fn object_that_another_run_deletes_first_is_absent_and_no_failure() {
    let lab = start_lab();
    let uploaded = upload(&lab);
    for (module, path, options) in [
        (
            "mrp_preseed",
            "/api/v1/preseed/3".to_owned(),
            json!({ "name": "alice-seed", "state": "absent" }),
        ),
        (
            "mrp_assignee",
            "/api/v1/machine/2/assignee/2".to_owned(),
            json!({ "name": "qdc01", "state": "absent" }),
        ),
        (
            "mrp_reservation",
            "/api/v1/machine/2/assignee/2".to_owned(),
            json!({ "name": "qdc01", "state": "absent" }),
        ),
        (
            "mrp_image",
            format!("/api/v1/image/{uploaded}"),
            own_image(json!({ "state": "absent" })),
        ),
    ] {
        lab.reset();
        assert_eq!(upload(&lab), uploaded);
        before(&lab, "DELETE", &path, 1, &deletion(&path));
        let result = lab.run(module, options.clone());
        assert_found_done(&result, "by another run meanwhile");
        lab.assert_unchanged(module, options);
    }
}

#[test]
fn superseded_image_that_another_run_deletes_first_is_not_told_as_pruned() {
    let lab = start_lab();
    let kernel = |text: &str| json!({ "description": "k", "type": "Kernel", "arch": "arm64", "path": lab.write("Image", text) });
    let old = lab.run("mrp_image", kernel("one"))["image"]["id"].clone();
    let path = format!("/api/v1/image/{old}");
    before(&lab, "DELETE", &path, 1, &deletion(&path));
    let mut options = kernel("two");
    options["prune"] = json!(true);
    let result = lab.run("mrp_image", options);
    assert_eq!(actions(&result), ["upload"]);
    assert_eq!(result["pruned"], json!([]));
}

#[test]
fn preseed_that_another_run_creates_first_as_wanted_is_no_failure() {
    let lab = start_lab();
    let creation = seed_creation("alice", "x\n", false);
    before(&lab, "POST", "/api/v1/preseed", 1, &creation);
    let result = lab.run("mrp_preseed", seed("x\n"));
    assert_found_done(&result, "created by another run meanwhile");
    let stored = lab.server_object("preseed", "name", "ci-seed");
    assert_eq!(result["preseed"]["id"], stored["id"]);
    lab.assert_unchanged("mrp_preseed", seed("x\n"));
}

#[test]
fn preseed_that_is_created_first_otherwise_is_told_with_its_owner_unless_that_is_oneself() {
    let lab = start_lab();
    for (user, public, parts) in [
        ("alice", false, ["another run created it", "with other"]),
        ("bob", true, ["belongs to bob", "changing it"]),
        ("bob", false, ["the name is taken", "all users"]),
    ] {
        lab.reset();
        let creation = seed_creation(user, "other\n", public);
        before(&lab, "POST", "/api/v1/preseed", 1, &creation);
        let result = lab.run("mrp_preseed", seed("x\n"));
        assert_failed(&result, false);
        assert_contains(&message(&result), &parts);
        assert!(!message(&result).contains("belongs to alice"));
    }
}

#[test]
fn preseed_that_another_run_deletes_while_it_is_looked_for_does_not_belong_to_another_user() {
    let lab = start_lab();
    let path = "/api/v1/preseed/3";
    before(&lab, "GET", "/api/v1/preseed", 2, &deletion(path));
    let absent = json!({ "name": "alice-seed", "state": "absent" });
    let result = lab.run("mrp_preseed", absent);
    assert_eq!(result["changed"], false, "{result:#}");
    assert_eq!(result["plan"], json!([]));
    lab.reset();
    before(&lab, "GET", "/api/v1/preseed", 2, &deletion(path));
    let result = lab.run(
        "mrp_preseed",
        json!({ "name": "alice-seed", "content": "new\n" }),
    );
    assert_eq!(actions(&result), ["create"], "{result:#}");
}

#[test]
fn image_that_appears_while_images_are_listed_does_not_belong_to_another_user() {
    let lab = start_lab();
    upload(&lab);
    // The first list is older than the image.
    lab.fault(json!({ "method": "GET", "path": "/api/v1/image", "status": 200, "body": [] }));
    let options = own_image(json!({ "state": "absent" }));
    let result = lab.run("mrp_image", options);
    assert_eq!(actions(&result), ["delete"], "{result:#}");
    assert_eq!(result.get("warnings"), None, "{result:#}");
}

#[test]
fn image_that_another_run_deletes_while_images_are_listed_does_not_belong_to_another_user() {
    let lab = start_lab();
    let image = upload(&lab);
    let path = format!("/api/v1/image/{image}");
    before(&lab, "GET", "/api/v1/image", 2, &deletion(&path));
    let options = own_image(json!({ "state": "absent" }));
    let result = lab.run("mrp_image", options);
    assert_eq!(result["plan"], json!([]), "{result:#}");
    assert_eq!(result.get("warnings"), None, "{result:#}");
    // The same with an id, where the image is read first.
    lab.reset();
    assert_eq!(upload(&lab), image);
    before(&lab, "GET", "/api/v1/image", 1, &deletion(&path));
    let options = own_image(json!({ "id": image, "public": true }));
    let message = lab.failure("mrp_image", options);
    assert_contains(&message, &["there is no image with id"]);
}

/// Hides all images from the first lists of a run, as if another run uploaded them after those.
fn hide_images(lab: &TestLab, lists: u32) {
    lab.fault(json!({ "method": "GET", "path": "/api/v1/image", "times": lists, "status": 200, "body": [] }));
}

#[test]
fn image_that_another_run_uploads_first_is_not_uploaded_again() {
    let lab = start_lab();
    let first = upload(&lab);
    hide_images(&lab, 2);
    let writes = lab.writes().len();
    let options = own_image(json!({ "path": lab.path("Image") }));
    let result = lab.run("mrp_image", options.clone());
    assert_found_done(&result, "was uploaded by another run meanwhile");
    assert_eq!(result["image"]["id"], first);
    assert_eq!(lab.writes().len(), writes);
    lab.assert_unchanged("mrp_image", options);
}

#[test]
fn image_that_another_run_uploads_first_with_other_flags_is_a_failure() {
    let lab = start_lab();
    upload(&lab);
    hide_images(&lab, 2);
    let options = own_image(json!({ "path": lab.path("Image"), "public": true }));
    let result = lab.run("mrp_image", options.clone());
    assert_failed(&result, false);
    assert_contains(
        &message(&result),
        &["uploaded by another run", "other flags"],
    );
    assert_eq!(actions(&lab.run("mrp_image", options)), ["update"]);
}

#[test]
fn forced_upload_does_not_look_for_that_of_another_run() {
    let lab = start_lab();
    upload(&lab);
    hide_images(&lab, 2);
    let options = own_image(json!({ "path": lab.path("Image"), "force": true }));
    assert_eq!(actions(&lab.run("mrp_image", options)), ["upload"]);
}

#[test]
fn copy_of_two_uploads_at_once_is_told_and_pruned_by_the_next_run_that_may() {
    let lab = start_lab();
    let first = upload(&lab);
    // The other image appears after the last look before the upload.
    hide_images(&lab, 4);
    let options = own_image(json!({ "path": lab.path("Image") }));
    let result = lab.run("mrp_image", options.clone());
    assert_eq!(actions(&result), ["upload"], "{result:#}");
    let copy = format!(
        "image {first} 'unused' is a copy of image {}",
        result["image"]["id"]
    );
    assert_contains(&text(&result["warnings"][0]), &[&copy, "prune"]);
    // A run that may not prune tells of it again.
    let again = lab.assert_unchanged("mrp_image", options.clone());
    assert_contains(&text(&again["warnings"][0]), &[&copy, "prune"]);
    let mut prune = options.clone();
    prune["prune"] = json!(true);
    let pruned = lab.run_in_all_modes("mrp_image", prune);
    assert_eq!(actions(&pruned), ["delete"]);
    assert_eq!(pruned["pruned"][0]["id"], first);
    assert_eq!(pruned.get("warnings"), None);
    let after = lab.assert_unchanged("mrp_image", options);
    assert_eq!(after.get("warnings"), None);
}

#[test]
fn preseed_that_another_run_deletes_before_its_change_is_created_anew() {
    let lab = start_lab();
    let path = "/api/v1/preseed/3";
    before(&lab, "PUT", path, 1, &deletion(path));
    let options = json!({ "name": "alice-seed", "content": "new\n" });
    let result = lab.run("mrp_preseed", options.clone());
    assert_eq!(actions(&result), ["update"], "{result:#}");
    let stored = lab.server_object("preseed", "name", "alice-seed");
    assert_eq!(stored["content"], "new\n");
    assert_eq!(result["preseed"]["id"], stored["id"]);
    lab.assert_unchanged("mrp_preseed", options);
}

#[test]
fn object_that_another_run_deletes_before_its_change_is_told() {
    let lab = start_lab();
    let image = upload(&lab);
    let assignment = "/api/v1/machine/2/assignee/2".to_owned();
    for (module, path, options, object) in [
        (
            "mrp_preseed",
            "/api/v1/preseed/3".to_owned(),
            json!({ "name": "alice-seed", "known_good": true }),
            "preseed 'alice-seed'".to_owned(),
        ),
        (
            "mrp_image",
            format!("/api/v1/image/{image}"),
            own_image(json!({ "known_good": true })),
            format!("image {image}"),
        ),
        (
            "mrp_assignee",
            assignment,
            json!({ "name": "qdc01", "user": "alice", "reason": "other" }),
            "assignment of machine 'qdc01' to alice".to_owned(),
        ),
    ] {
        lab.reset();
        assert_eq!(upload(&lab), image);
        before(&lab, "PUT", &path, 1, &deletion(&path));
        let result = lab.run(module, options);
        assert_failed(&result, false);
        let expected = format!("{object} was deleted by another run meanwhile");
        assert_contains(&message(&result), &[&expected, "Run the task again"]);
    }
}

#[test]
fn assignment_that_is_ended_before_its_change_is_made_anew_by_an_administrator() {
    let lab = start_lab();
    let path = "/api/v1/machine/2/assignee/2";
    before(&lab, "PUT", path, 1, &deletion(path));
    let options = json!({ "name": "qdc01", "user": "alice", "reason": "other" });
    let result = lab.run_as(ADMIN_TOKEN, "mrp_assignee", options);
    assert_eq!(actions(&result), ["update"], "{result:#}");
    assert_eq!(
        lab.server("api/v1/machine/2/assignee")[0]["reason"],
        "other"
    );
}

#[test]
fn assignment_that_somebody_makes_first_with_another_reason_gets_the_reason() {
    let lab = start_lab();
    let body = json!({ "user": "alice", "reason": "theirs" });
    let creation = json!({ "user": "admin", "method": "POST", "path": "/api/v1/machine/4/assignee", "body": body });
    before(&lab, "POST", "/api/v1/machine/4/assignee", 1, &creation);
    let options = json!({ "id": 4, "user": "alice", "reason": "mine" });
    let result = lab.run_as(ADMIN_TOKEN, "mrp_assignee", options);
    assert_eq!(actions(&result), ["create"], "{result:#}");
    let stored = lab.server("api/v1/machine/4/assignee");
    let alice = stored
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["user"] == "alice");
    assert_eq!(alice.unwrap()["reason"], "mine");
}

#[test]
fn conflict_of_another_cause_is_not_told_as_written() {
    let lab = start_lab();
    let refusal =
        json!({ "error_type": "IntegrityError", "errors": "(psycopg2.IntegrityError) other" });
    lab.fault(json!({ "method": "POST", "path": "/api/v1/machine/4/assignee", "status": 409, "body": refusal }));
    let options = json!({ "id": 4, "user": "alice", "reason": "mine" });
    let result = lab.run_as(ADMIN_TOKEN, "mrp_assignee", options);
    assert_failed(&result, false);
    assert_contains(
        &message(&result),
        &["assigning machine 'd05-free'", "conflicts"],
    );
}
