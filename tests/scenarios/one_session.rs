//! Servers with one database session for all requests: what they keep although they refuse it, and what they lose although
//! they confirm it.

use mrp_test_support::{Sessions, TestLab, column};
use serde_json::{Value, json};

const RESERVE: &str = "/api/v1/machine/reservation";

fn start_lab() -> TestLab {
    TestLab::with_sessions(Sessions::One).with_program(env!("CARGO_BIN_EXE_mrp-ansible"))
}

fn holders(lab: &TestLab, machine: &Value) -> Vec<String> {
    column(
        &lab.server(&format!("/api/v1/machine/{machine}/assignee")),
        "user",
    )
}

/// A query by bob that the database refuses: it loses what nobody has stored yet.
fn rollback() -> Value {
    json!({ "user": "bob", "method": "GET", "path": "/api/v1/machine?q=(%3D%20name%205)" })
}

#[test]
fn reservation_outlives_a_restart_and_the_errors_of_others() {
    let lab = start_lab();
    let options = json!({ "name": "d05-free", "reason": "ci" });
    let result = lab.run_in_all_modes("mrp_reservation", options.clone());
    assert_eq!(result["machines"][0]["assignment"]["user"], "alice");
    lab.restart();
    assert_eq!(holders(&lab, &json!(4)), ["alice"]);
    lab.assert_unchanged("mrp_reservation", options);
}

#[test]
fn reservation_outlives_a_restart_after_others_of_the_same_run_were_refused() {
    for refused in 1..=3 {
        let lab = start_lab();
        let machines: Vec<Value> = (0..=refused)
            .map(|number| json!(lab.add_machine(json!({ "name": format!("free-{number}") }))))
            .collect();
        for number in 0..refused {
            let query = format!("(= name \"free-{number}\")");
            lab.fault(json!({
                "method": "POST", "path": RESERVE, "nth": number + 1,
                "meanwhile": { "user": "bob", "method": "POST", "path": RESERVE,
                               "body": { "query": query, "reason": "quick" } },
            }));
        }
        let options = json!({ "query": "(=~ name \"free-\")", "reason": "ci" });
        let result = lab.run("mrp_reservation", options.clone());
        assert_eq!(result["changed"], true, "{result:#}");
        lab.restart();
        assert_eq!(holders(&lab, &machines[refused]), ["alice"]);
        lab.assert_unchanged("mrp_reservation", options);
    }
}

#[test]
fn reservation_that_an_error_of_another_user_took_back_is_made_again() {
    // Before it is read, after it is read, and after it was stored and before that is read.
    for (method, path) in [
        ("GET", "/api/v1/machine/4/assignee/self"),
        ("PUT", "/api/v1/machine/4/assignee/*"),
    ] {
        let lab = start_lab();
        lab.fault(json!({ "method": method, "path": path, "meanwhile": rollback() }));
        let options = json!({ "name": "d05-free", "reason": "ci" });
        let result = lab.run("mrp_reservation", options);
        assert_eq!(result["changed"], true, "{result:#}");
        lab.restart();
        assert_eq!(holders(&lab, &json!(4)), ["alice"]);
    }
}
