//! mrp_assignee: assigning and releasing machines, as an administrator and as a user.

use mrp_test_support::{ADMIN_TOKEN, TestLab, actions, assert_contains, message, text};
use serde_json::{Value, json};

use crate::start_lab;

const MODULE: &str = "mrp_assignee";

/// The same options with an administrator's token.
fn by_admin(mut options: Value) -> Value {
    options["mrp_token"] = json!(ADMIN_TOKEN);
    options
}

/// The users who hold a machine, with their reasons, in alphabetical order.
fn holders(lab: &TestLab, machine: u32) -> Vec<(String, String)> {
    let assignees = lab.server(&format!("/api/v1/machine/{machine}/assignee"));
    let mut holders: Vec<_> = assignees
        .as_array()
        .unwrap()
        .iter()
        .map(|assignee| (text(&assignee["user"]), text(&assignee["reason"])))
        .collect();
    holders.sort();
    holders
}

fn held(user: &str, reason: &str) -> (String, String) {
    (user.to_owned(), reason.to_owned())
}

#[test]
fn a_machine_is_assigned_with_a_reason() {
    let lab = start_lab();
    let options = json!({ "name": "d05-free", "user": "bob", "reason": "nightly ci" });
    let result = lab.run_in_all_modes(MODULE, by_admin(options));
    assert_eq!(actions(&result), ["create"]);
    assert_eq!(result["assignees"][0]["user"], "bob");
    assert_eq!(result["assignees"][0]["reason"], "nightly ci");
    assert!(result["assignees"][0]["id"].is_u64());
    assert_eq!(holders(&lab, 4), [held("bob", "nightly ci")]);
}

#[test]
fn assignment_leaves_other_assignees_in_place() {
    let lab = start_lab();
    let options = json!({ "name": "qdc01", "user": "admin" });
    let predicted = lab.check(MODULE, by_admin(options.clone()));
    assert_eq!(predicted["assignees"][0]["id"], json!(null));
    let result = lab.run_in_all_modes(MODULE, by_admin(options));
    assert_eq!(result["assignees"].as_array().unwrap().len(), 2);
    assert_eq!(holders(&lab, 2), [held("admin", ""), held("alice", "ci")]);
}

#[test]
fn a_reason_is_compared_only_when_given() {
    let lab = start_lab();
    lab.assert_unchanged(MODULE, by_admin(json!({ "id": 2, "user": "alice" })));
    for reason in ["long run", ""] {
        let options = json!({ "id": 2, "user": "alice", "reason": reason });
        let result = lab.run_in_all_modes(MODULE, by_admin(options));
        assert_eq!(actions(&result), ["update"]);
        assert_eq!(result["plan"][0]["after"], json!({ "reason": reason }));
        assert_eq!(holders(&lab, 2), [held("alice", reason)]);
    }
}

#[test]
fn reason_of_an_own_assignment_can_be_changed_without_an_administrator() {
    let lab = start_lab();
    let mut options = json!({ "name": "qdc01", "user": "alice", "reason": "mine" });
    lab.run_in_all_modes(MODULE, options.clone());
    options["name"] = json!("bobs-box");
    options["user"] = json!("bob");
    options["reason"] = json!("yours");
    lab.assert_fails(
        MODULE,
        options,
        &["another user's", "only an administrator"],
    );
}

#[test]
fn only_administrators_assign() {
    let lab = start_lab();
    lab.assert_fails(
        MODULE,
        json!({ "name": "d05-free", "user": "alice" }),
        &[
            "assigning machine 'd05-free' to \"alice\"",
            "only an administrator",
        ],
    );
    assert!(holders(&lab, 4).is_empty());
}

#[test]
fn everybody_can_release_a_machine_of_their_own() {
    let lab = start_lab();
    let options = json!({ "name": "qdc01", "state": "absent" });
    let result = lab.run_in_all_modes(MODULE, options);
    assert_eq!(actions(&result), ["delete"]);
    assert_eq!(
        result["plan"][0]["before"],
        json!({ "user": "alice", "reason": "ci" })
    );
    assert_eq!(result["assignees"], json!([]));
    assert!(holders(&lab, 2).is_empty());
}

#[test]
fn another_users_machine_is_released_only_by_administrators() {
    let lab = start_lab();
    let options = json!({ "name": "bobs-box", "user": "bob", "state": "absent" });
    lab.assert_fails(
        MODULE,
        options.clone(),
        &["another user's", "only an administrator"],
    );
    lab.run_in_all_modes(MODULE, by_admin(options));
    assert!(holders(&lab, 5).is_empty());
    lab.assert_unchanged(MODULE, json!({ "name": "bobs-box", "state": "absent" }));
}

#[test]
fn unknown_user_is_an_error_with_similar_names() {
    let lab = start_lab();
    let result = lab.run(
        MODULE,
        by_admin(json!({ "name": "d05-free", "user": "alise" })),
    );
    assert_contains(&message(&result), &["no user 'alise'", "'alice'"]);
    assert_eq!(result["not_done"][0]["action"], "create");
}

#[test]
fn invalid_options_are_refused_before_anything_is_written() {
    let lab = start_lab();
    let long = json!({ "name": "qdc01", "user": "bob", "reason": "ü".repeat(141) });
    lab.assert_fails(MODULE, long, &["141", "140"]);
    assert_eq!(
        lab.failure(MODULE, json!({ "name": "qdc01" })),
        "state is present but all of the following are missing: user"
    );
    assert_eq!(
        lab.failure(MODULE, json!({ "name": "qdc01", "user": "" })),
        "user must not be empty"
    );
    lab.assert_fails(
        MODULE,
        json!({ "name": "qdc1", "user": "bob" }),
        &["'qdc01'"],
    );
    lab.assert_no_writes();
}

#[test]
fn reason_of_140_characters_is_accepted() {
    let lab = start_lab();
    let options = json!({ "name": "qdc01", "user": "alice", "reason": "ü".repeat(140) });
    lab.run_in_all_modes(MODULE, options);
}

#[test]
fn assignment_made_by_another_user_meanwhile_is_not_a_change() {
    let lab = start_lab();
    // The plan reads no assignees, so that the server refuses the second assignment.
    lab.fault(json!({
        "method": "GET", "path": "/api/v1/machine/2/assignee", "status": 200, "body": [],
    }));
    let options = by_admin(json!({ "name": "qdc01", "user": "alice" }));
    let result = lab.run(MODULE, options.clone());
    assert_eq!(result["changed"], false, "{result:#}");
    assert_eq!(result["assignees"][0]["reason"], "ci");
    assert_contains(&text(&result["warnings"][0]), &["somebody else meanwhile"]);
    lab.fault(json!({
        "method": "GET", "path": "/api/v1/machine/2/assignee", "status": 200, "body": [],
    }));
    let mut options = options;
    options["reason"] = json!("other");
    let result = lab.run(MODULE, options);
    assert_eq!(result["changed"], true, "{result:#}");
    assert_eq!(result["assignees"][0]["reason"], "other");
}

#[test]
fn lost_answer_to_an_assignment_is_read_back_not_reported_as_a_conflict() {
    let lab = start_lab();
    lab.fault(json!({
        "method": "POST", "path": "/api/v1/machine/4/assignee", "reset": true, "when": "after",
    }));
    let result = lab.run(
        MODULE,
        by_admin(json!({ "name": "d05-free", "user": "bob" })),
    );
    assert_eq!(result["changed"], true, "{result:#}");
    assert_eq!(result["assignees"].as_array().unwrap().len(), 1);
}

#[test]
fn assignment_that_stays_after_its_deletion_is_an_error() {
    let lab = start_lab();
    lab.fault(json!({
        "method": "DELETE", "path": "/api/v1/machine/2/assignee/2", "status": 204,
    }));
    lab.assert_fails(MODULE, json!({ "name": "qdc01", "state": "absent" }), &[
            "machine 'qdc01' was written",
            "assignment of machine 'qdc01' was written, but the server has it where its deletion was sent",
        ]);
}
