//! Older releases of the server, and answers without a body.

use mrp_test_support::{ADMIN_TOKEN, assert_contains, assert_failed, message};
use serde_json::json;

use crate::start_lab;

#[test]
fn autoyast_profile_on_a_release_that_knows_none_says_so() {
    let lab = start_lab();
    lab.settings(json!({ "release": "0.3.1" }));
    let options = json!({ "name": "suse", "type": "autoyast", "content": "<profile/>\n" });
    let result = lab.run("mrp_preseed", options.clone());
    assert_failed(&result, false);
    assert_contains(&message(&result), &["autoyast", "0.3.1"]);
    let changed = json!({ "name": "alice-seed", "type": "autoyast" });
    let result = lab.run("mrp_preseed", changed);
    assert_failed(&result, false);
    assert_contains(&message(&result), &["autoyast", "0.3.1"]);
    lab.settings(json!({ "release": "0.3.2" }));
    lab.run_in_all_modes("mrp_preseed", options);
}

#[test]
fn success_without_a_body_is_one_for_every_write() {
    let cases = [
        (
            "PUT",
            "machine/2",
            json!({ "kernel_opts": "quiet" }),
            200,
            "mrp_machine",
            json!({ "name": "qdc01", "kernel_opts": "quiet" }),
        ),
        (
            "PUT",
            "machine/2/state",
            json!({ "state": "ready" }),
            200,
            "mrp_machine",
            json!({ "name": "qdc01", "state": "ready" }),
        ),
        (
            "PUT",
            "machine/2/interface/7",
            json!({ "identifier": "lan" }),
            200,
            "mrp_interface",
            json!({ "machine": "qdc01", "interface": "52:54:00:00:02:01", "identifier": "lan" }),
        ),
        (
            "PUT",
            "image/6",
            json!({ "public": true }),
            200,
            "mrp_image",
            json!({ "type": "Kernel", "arch": "arm64", "description": "dup kernel", "public": true }),
        ),
        (
            "PUT",
            "preseed/3",
            json!({ "content": "x\n" }),
            200,
            "mrp_preseed",
            json!({ "name": "alice-seed", "content": "x\n" }),
        ),
        (
            "POST",
            "preseed",
            json!({ "name": "new", "type": "preseed", "content": "x\n" }),
            201,
            "mrp_preseed",
            json!({ "name": "new", "content": "x\n" }),
        ),
        (
            "PUT",
            "machine/2/assignee/2",
            json!({ "reason": "other" }),
            200,
            "mrp_assignee",
            json!({ "name": "qdc01", "user": "alice", "reason": "other" }),
        ),
        (
            "DELETE",
            "machine/2/assignee/2",
            json!(null),
            204,
            "mrp_reservation",
            json!({ "name": "qdc01", "state": "absent" }),
        ),
    ];
    for (method, path, body, status, module, options) in cases {
        let lab = start_lab();
        let path = format!("/api/v1/{path}");
        let done = json!({ "user": "alice", "method": method, "path": path, "body": body });
        lab.fault(json!({ "method": method, "path": path, "status": status, "body": "", "meanwhile": done }));
        let result = lab.run(module, options.clone());
        assert_eq!(result["changed"], true, "{method} {path}: {result:#}");
        assert_eq!(result.get("failed"), None, "{method} {path}: {result:#}");
        lab.assert_unchanged(module, options);
    }
}

#[test]
fn assignment_that_is_answered_without_a_body_is_found() {
    let lab = start_lab();
    let path = "/api/v1/machine/4/assignee";
    let body = json!({ "user": "bob", "reason": "ci" });
    let done = json!({ "user": "admin", "method": "POST", "path": path, "body": body });
    lab.fault(
        json!({ "method": "POST", "path": path, "status": 201, "body": "", "meanwhile": done }),
    );
    let options = json!({ "name": "d05-free", "user": "bob", "reason": "ci" });
    let result = lab.run_as(ADMIN_TOKEN, "mrp_assignee", options);
    assert_eq!(result["changed"], true, "{result:#}");
}
