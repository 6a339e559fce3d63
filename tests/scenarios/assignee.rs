use serde_json::{Value, json};

use crate::bench::{Bench, actions, says, text};

const MODULE: &str = "mrp_assignee";
const ADMIN: &str = "admin-token";

/// The same options with an administrator's token.
fn by_admin(mut options: Value) -> Value {
    options["mrp_token"] = json!(ADMIN);
    options
}

/// Who holds a machine, as user and reason, by name.
fn holders(bench: &Bench, machine: u32) -> Vec<(String, String)> {
    let assignees = bench.server(&format!("/api/v1/machine/{machine}/assignee"));
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
    let bench = Bench::new();
    let options = json!({ "name": "d05-free", "user": "bob", "reason": "nightly ci" });
    let result = bench.four_ways(MODULE, by_admin(options));
    assert_eq!(actions(&result), ["create"]);
    assert_eq!(result["assignees"][0]["user"], "bob");
    assert_eq!(result["assignees"][0]["reason"], "nightly ci");
    assert!(result["assignees"][0]["id"].is_u64());
    assert_eq!(holders(&bench, 4), [held("bob", "nightly ci")]);
}

#[test]
fn assigning_to_one_takes_it_from_nobody() {
    let bench = Bench::new();
    let options = json!({ "name": "qdc01", "user": "admin" });
    let predicted = bench.check(MODULE, by_admin(options.clone()));
    assert_eq!(predicted["assignees"][0]["id"], json!(null));
    let result = bench.four_ways(MODULE, by_admin(options));
    assert_eq!(result["assignees"].as_array().unwrap().len(), 2);
    assert_eq!(holders(&bench, 2), [held("admin", ""), held("alice", "ci")]);
}

#[test]
fn a_reason_is_compared_only_when_given() {
    let bench = Bench::new();
    bench.nothing_left_to_do(MODULE, by_admin(json!({ "id": 2, "user": "alice" })));
    for reason in ["long run", ""] {
        let options = json!({ "id": 2, "user": "alice", "reason": reason });
        let result = bench.four_ways(MODULE, by_admin(options));
        assert_eq!(actions(&result), ["update"]);
        assert_eq!(result["plan"][0]["after"], json!({ "reason": reason }));
        assert_eq!(holders(&bench, 2), [held("alice", reason)]);
    }
}

#[test]
fn the_reason_of_ones_own_assignment_needs_no_administrator() {
    let bench = Bench::new();
    let mut options = json!({ "name": "qdc01", "user": "alice", "reason": "mine" });
    bench.four_ways(MODULE, options.clone());
    options["name"] = json!("bobs-box");
    options["user"] = json!("bob");
    options["reason"] = json!("yours");
    says(
        &bench.failure(MODULE, options),
        &["another user's", "only an administrator"],
    );
}

#[test]
fn only_administrators_assign() {
    let bench = Bench::new();
    let message = bench.failure(MODULE, json!({ "name": "d05-free", "user": "alice" }));
    says(
        &message,
        &["assigning machine 4 to \"alice\"", "only an administrator"],
    );
    assert!(holders(&bench, 4).is_empty());
}

#[test]
fn everybody_can_release_a_machine_of_their_own() {
    let bench = Bench::new();
    let options = json!({ "name": "qdc01", "state": "absent" });
    let result = bench.four_ways(MODULE, options);
    assert_eq!(actions(&result), ["delete"]);
    assert_eq!(
        result["plan"][0]["before"],
        json!({ "user": "alice", "reason": "ci" })
    );
    assert_eq!(result["assignees"], json!([]));
    assert!(holders(&bench, 2).is_empty());
}

#[test]
fn a_machine_of_others_is_released_by_administrators() {
    let bench = Bench::new();
    let options = json!({ "name": "bobs-box", "user": "bob", "state": "absent" });
    says(
        &bench.failure(MODULE, options.clone()),
        &["another user's", "only an administrator"],
    );
    bench.four_ways(MODULE, by_admin(options));
    assert!(holders(&bench, 5).is_empty());
    bench.nothing_left_to_do(MODULE, json!({ "name": "bobs-box", "state": "absent" }));
}

#[test]
fn a_user_whom_the_server_does_not_know_is_an_error_with_near_names() {
    let bench = Bench::new();
    let result = bench.run(
        MODULE,
        by_admin(json!({ "name": "d05-free", "user": "alise" })),
    );
    says(&text(&result["msg"]), &["no user 'alise'", "'alice'"]);
    assert_eq!(result["not_done"][0]["action"], "create");
}

#[test]
fn what_cannot_be_is_refused_before_anything_is_sent() {
    let bench = Bench::new();
    let long = json!({ "name": "qdc01", "user": "bob", "reason": "ü".repeat(141) });
    says(&bench.failure(MODULE, long), &["141", "140"]);
    assert_eq!(
        bench.failure(MODULE, json!({ "name": "qdc01" })),
        "state is present but all of the following are missing: user"
    );
    assert_eq!(
        bench.failure(MODULE, json!({ "name": "qdc01", "user": "" })),
        "user must not be empty"
    );
    says(
        &bench.failure(MODULE, json!({ "name": "qdc1", "user": "bob" })),
        &["'qdc01'"],
    );
    assert!(bench.lab.writes().is_empty());
}

#[test]
fn a_reason_of_140_characters_fits() {
    let bench = Bench::new();
    let options = json!({ "name": "qdc01", "user": "alice", "reason": "ü".repeat(140) });
    bench.four_ways(MODULE, options);
}

#[test]
fn an_assignment_made_by_somebody_else_meanwhile_is_no_change() {
    let bench = Bench::new();
    // Who plans sees nobody, so that the server's own refusal of a second assignment comes.
    bench.lab.fault(json!({
        "method": "GET", "path": "/api/v1/machine/2/assignee", "status": 200, "body": [],
    }));
    let options = by_admin(json!({ "name": "qdc01", "user": "alice" }));
    let result = bench.run(MODULE, options.clone());
    assert_eq!(result["changed"], false, "{result:#}");
    assert_eq!(result["assignees"][0]["reason"], "ci");
    says(&text(&result["warnings"][0]), &["somebody else meanwhile"]);
    bench.lab.fault(json!({
        "method": "GET", "path": "/api/v1/machine/2/assignee", "status": 200, "body": [],
    }));
    let mut options = options;
    options["reason"] = json!("other");
    let result = bench.run(MODULE, options);
    says(&text(&result["msg"]), &["the server has", "ci", "other"]);
}

#[test]
fn a_lost_answer_makes_no_conflict() {
    let bench = Bench::new();
    bench.lab.fault(json!({
        "method": "POST", "path": "/api/v1/machine/4/assignee", "reset": true, "when": "after",
    }));
    let result = bench.run(
        MODULE,
        by_admin(json!({ "name": "d05-free", "user": "bob" })),
    );
    assert_eq!(result["changed"], true, "{result:#}");
    assert_eq!(result["assignees"].as_array().unwrap().len(), 1);
}

#[test]
fn an_assignment_that_stays_is_noticed() {
    let bench = Bench::new();
    bench.lab.fault(json!({
        "method": "DELETE", "path": "/api/v1/machine/2/assignee/2", "status": 204,
    }));
    let message = bench.failure(MODULE, json!({ "name": "qdc01", "state": "absent" }));
    says(
        &message,
        &[
            "machine 'qdc01' was written",
            "assignment of machine 'qdc01' was written, but the server has it where its deletion was sent",
        ],
    );
}
