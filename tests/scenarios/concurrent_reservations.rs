//! Equal reservations by runs of the same user at the same time: together they hold as many machines as one would.

use mrp_test_support::{ADMIN_TOKEN, TestLab, assert_contains, assert_failed, column, message};
use serde_json::{Value, json};

use crate::concurrent_runs::{assert_found_done, before};
use crate::start_lab;

const RESERVE: &str = "/api/v1/machine/reservation";

/// A lab that stores reservations, with two free machines that the query names.
fn start_reservation_lab() -> TestLab {
    let lab = start_lab();
    lab.keep_reservations();
    for number in 1..=2 {
        lab.add_machine(json!({ "name": format!("free-{number}") }));
    }
    lab
}

fn reservation(count: u32) -> Value {
    json!({ "query": "(=~ name \"free-\")", "count": count, "reason": "job" })
}

/// The reservation of a machine by another run of alice.
fn reserving(name: &str) -> Value {
    let query = format!("(= name \"{name}\")");
    json!({ "user": "alice", "method": "POST", "path": RESERVE, "body": { "query": query, "reason": "job" } })
}

/// The machines that are held, by the numbers in their names.
fn held(lab: &TestLab) -> Vec<u32> {
    let mut held = Vec::new();
    for number in 1..=2 {
        let id = lab.server_object("machine", "name", &format!("free-{number}"))["id"].clone();
        if lab.server(&format!("/api/v1/machine/{id}/assignee")) != json!([]) {
            held.push(number);
        }
    }
    held
}

#[test]
fn machine_that_was_acquired_after_that_of_an_equal_run_is_given_back() {
    let lab = start_reservation_lab();
    before(&lab, "POST", RESERVE, 1, &reserving("free-2"));
    let result = lab.run("mrp_reservation", reservation(1));
    assert_found_done(&result, "another run");
    assert_eq!(column(&result["machines"], "name"), ["free-2"]);
    assert_eq!(held(&lab), [2]);
    lab.assert_unchanged("mrp_reservation", reservation(1));
}

#[test]
fn machine_that_an_equal_run_acquires_while_free_ones_are_looked_for_is_no_failure() {
    let lab = start_reservation_lab();
    // The machine, those that are held, those that are free.
    before(&lab, "GET", "/api/v1/machine", 3, &reserving("free-1"));
    let options = json!({ "name": "free-1", "reason": "job" });
    let result = lab.run("mrp_reservation", options.clone());
    assert_eq!(result.get("failed"), None, "{result:#}");
    assert_eq!(result["changed"], false);
    assert_eq!(column(&result["machines"], "name"), ["free-1"]);
    lab.assert_unchanged("mrp_reservation", options);
}

#[test]
fn machine_that_was_acquired_before_that_of_an_equal_run_is_kept() {
    let lab = start_reservation_lab();
    lab.fault(json!({
        "method": "POST", "path": RESERVE, "when": "after", "meanwhile": reserving("free-2"),
    }));
    let result = lab.run("mrp_reservation", reservation(1));
    assert_eq!(result["changed"], true, "{result:#}");
    assert_eq!(column(&result["machines"], "name"), ["free-1"]);
    assert!(held(&lab).contains(&1));
}

#[test]
fn machine_that_an_equal_run_holds_counts_when_no_other_is_free() {
    let lab = start_reservation_lab();
    for wait in [false, true] {
        lab.reset();
        lab.keep_reservations();
        let take = json!({
            "user": "alice", "method": "POST", "path": RESERVE,
            "body": { "query": "(= name \"d05-free\")", "reason": "job" },
        });
        // The fourth list is the first one of the step.
        before(&lab, "GET", "/api/v1/machine", 4, &take);
        let options = json!({ "name": "d05-free", "reason": "job", "wait": wait });
        let result = lab.run("mrp_reservation", options.clone());
        assert_found_done(&result, "another run");
        assert_eq!(column(&result["machines"], "name"), ["d05-free"]);
        lab.assert_unchanged("mrp_reservation", options);
    }
}

#[test]
fn machine_that_cannot_be_given_back_to_an_equal_run_is_named() {
    let lab = start_reservation_lab();
    before(&lab, "POST", RESERVE, 1, &reserving("free-2"));
    lab.fault(
        json!({ "method": "DELETE", "path": "/api/v1/machine/*", "status": 500, "times": 0 }),
    );
    let result = lab.run("mrp_reservation", reservation(1));
    assert_failed(&result, true);
    assert_contains(
        &message(&result),
        &["another run", "machine 'free-1' could not be given back"],
    );
}

#[test]
fn equal_runs_side_by_side_hold_as_many_machines_as_one() {
    for count in [1, 2] {
        for runs in [2, 4] {
            for token in ["alice-token", ADMIN_TOKEN] {
                let lab = start_lab();
                if token != ADMIN_TOKEN {
                    lab.keep_reservations();
                }
                for number in 1..=6 {
                    lab.add_machine(json!({ "name": format!("free-{number}") }));
                }
                let results: Vec<Value> = std::thread::scope(|scope| {
                    let run = || lab.run_as(token, "mrp_reservation", reservation(count));
                    let runs: Vec<_> = (0..runs).map(|_| scope.spawn(run)).collect();
                    runs.into_iter().map(|run| run.join().unwrap()).collect()
                });
                let after = lab.run_as(token, "mrp_reservation", reservation(count));
                assert_eq!(after["changed"], false, "{results:#?}");
                let held = column(&after["machines"], "name");
                assert_eq!(held.len(), count as usize, "{results:#?}");
                for result in &results {
                    assert_eq!(result.get("failed"), None, "{results:#?}");
                    // A run that only reads may see one more, which another run is about to give back.
                    let reported = column(&result["machines"], "name");
                    assert!(
                        held.iter().all(|name| reported.contains(name)),
                        "{results:#?}"
                    );
                }
            }
        }
    }
}

#[test]
fn machines_are_not_given_back_one_by_one_to_a_server_that_does_not_answer() {
    let lab = start_lab();
    lab.keep_reservations();
    for number in 1..=4 {
        lab.add_machine(json!({ "name": format!("free-{number}") }));
    }
    lab.fault(json!([
        { "path": "/api/v1/machine/reservation", "nth": 4, "status": 503, "times": 0 },
        { "method": "GET", "path": "/api/v1/machine/*", "nth": 13, "status": 503, "times": 0 },
        { "method": "DELETE", "path": "/api/v1/machine/*", "status": 503, "times": 0 },
    ]));
    let options =
        json!({ "query": "(=~ name \"free-\")", "count": 4, "reason": "job", "retries": 0 });
    let result = lab.run("mrp_reservation", options);
    assert_failed(&result, true);
    assert_contains(
        &message(&result),
        &[
            "machine 'free-1', machine 'free-2', machine 'free-3'",
            "could not be given back",
        ],
    );
    let refused = lab
        .requests()
        .into_iter()
        .filter(|request| request.status == Some(503));
    assert!(refused.count() <= 3, "{:#?}", lab.requests());
}
