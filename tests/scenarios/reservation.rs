//! mrp_reservation: reserving machines by name or by query, waiting for them, releasing them.

use mrp_test_support::{
    ADMIN_TOKEN, Sessions, TestLab, actions, assert_contains, assert_failed, column, message,
};
use serde_json::{Value, json};

use crate::start_lab;

const MODULE: &str = "mrp_reservation";
const RESERVE: &str = "/api/v1/machine/reservation";

/// A lab that keeps the reservations which it confirms, as a server with one database session does.
fn start_storing_lab() -> TestLab {
    let lab = start_lab();
    lab.keep_reservations();
    lab
}

/// A lab that confirms reservations and forgets them, as a server with a database session for each request does.
fn start_forgetful_lab() -> TestLab {
    TestLab::with_sessions(Sessions::Request).with_program(env!("CARGO_BIN_EXE_mrp-ansible"))
}

/// A lab that keeps reservations, with this number of free machines, and no others.
fn start_lab_with_free_machines(count: usize) -> TestLab {
    let lab = start_storing_lab();
    for name in ["d05-free", "x86-1"] {
        lab.run_as(
            ADMIN_TOKEN,
            "mrp_assignee",
            json!({ "name": name, "user": "admin", "reason": "kept" }),
        );
    }
    for number in 1..=count {
        lab.add_machine(json!({ "name": format!("free-{number}") }));
    }
    lab
}

/// The users who hold a machine, asked from the server.
fn holders(lab: &TestLab, machine: i64) -> Vec<String> {
    let assignees = lab.server(&format!("/api/v1/machine/{machine}/assignee"));
    column(&assignees, "user")
}

#[test]
fn named_machine_is_reserved() {
    let lab = start_storing_lab();
    let result = lab.run_in_all_modes(MODULE, json!({ "machine": "d05-free", "reason": "ci" }));
    assert_eq!(
        result["plan"],
        json!([{
            "action": "create", "target": "reservation of machine 'd05-free'", "why": "0 of 1 held, 1 free",
            "before": { "machines": [] }, "after": { "machines": ["d05-free"], "reason": "ci" },
        }])
    );
    assert_eq!(result["machines"][0]["assignment"]["user"], "alice");
    assert_eq!(result["machines"][0]["assignment"]["reason"], "ci");
    assert_eq!(holders(&lab, 4), ["alice"]);
    lab.assert_unchanged(MODULE, json!({ "id": 4 }));
}

#[test]
fn first_free_machines_by_name_that_match_a_query_are_reserved() {
    let lab = start_lab_with_free_machines(3);
    let options = json!({ "query": "(=~ name \"free\")", "count": 2, "reason": "job" });
    let result = lab.run_in_all_modes(MODULE, options);
    assert_eq!(column(&result["machines"], "name"), ["free-1", "free-2"]);
    let more = json!({ "query": "(=~ name \"free\")", "count": 3, "reason": "job" });
    let result = lab.run_in_all_modes(MODULE, more);
    assert_eq!(result["plan"][0]["why"], "2 of 3 held, 1 free");
    assert_eq!(
        result["plan"][0]["before"],
        json!({ "machines": ["free-1", "free-2"] })
    );
    let fewer = json!({ "query": "t", "reason": "job" });
    let result = lab.assert_unchanged(MODULE, fewer);
    assert_eq!(
        column(&result["machines"], "name"),
        ["free-1", "free-2", "free-3"]
    );
}

#[test]
fn machine_held_for_another_reason_does_not_count() {
    let lab = start_storing_lab();
    lab.assert_fails(
        MODULE,
        json!({ "name": "qdc01", "reason": "other" }),
        &[
            "not free",
            "'qdc01' is held for another reason by this token's user, alice (ci)",
        ],
    );
    let result = lab.run(
        MODULE,
        json!({ "query": "(= arch \"arm64\")", "reason": "other" }),
    );
    assert_eq!(column(&result["machines"], "name"), ["d05-free"]);
    let result = lab.assert_unchanged(
        MODULE,
        json!({ "query": "(= arch \"arm64\")", "reason": "ci" }),
    );
    assert_eq!(column(&result["machines"], "name"), ["qdc01"]);
}

#[test]
fn machine_held_for_this_reason_is_not_listed_among_the_obstacles() {
    let lab = start_storing_lab();
    lab.add_machine(json!({ "name": "x86-2", "arch": "x86_64", "assignee": "bob" }));
    let options =
        |count: u8| json!({ "query": "(= arch \"x86_64\")", "count": count, "reason": "job" });
    assert_eq!(
        column(&lab.run(MODULE, options(1))["machines"], "name"),
        ["x86-1"]
    );
    let message = lab.failure(MODULE, options(2));
    assert_contains(
        &message,
        &["0 of 1 needed machines free: 'x86-2' is held by bob"],
    );
    assert!(!message.contains("x86-1"), "{message}");
}

#[test]
fn reservation_that_the_server_confirms_but_does_not_store_fails() {
    let lab = start_forgetful_lab();
    for options in [
        json!({ "name": "d05-free", "reason": "ci" }),
        json!({ "query": "(= name \"d05-free\")", "reason": "ci" }),
        json!({ "query": "(= name \"d05-free\")", "reason": "ci", "wait": true }),
    ] {
        let result = lab.run(MODULE, options);
        assert_failed(&result, false);
        assert_contains(
            &message(&result),
            &[
                "the server confirmed the reservation of machine 'd05-free' and did not store it",
                "administrator",
            ],
        );
        assert_eq!(
            result["not_done"][0]["target"]
                .as_str()
                .map(|target| target.starts_with("reservation")),
            Some(true)
        );
    }
    assert!(holders(&lab, 4).is_empty());
}

#[test]
fn an_administrator_assigns_where_the_server_stores_nothing() {
    let lab = start_forgetful_lab();
    let options = json!({
        "query": "(=~ name \"-\")", "count": 2, "reason": "ci", "mrp_token": ADMIN_TOKEN,
    });
    let result = lab.run_in_all_modes(MODULE, options);
    assert_eq!(column(&result["machines"], "name"), ["d05-free", "x86-1"]);
    assert_eq!(holders(&lab, 8), ["admin"]);
}

#[test]
fn administrator_who_owns_nothing_must_give_the_option_user() {
    let lab = start_forgetful_lab();
    for list in ["image", "preseed"] {
        lab.fault(json!({ "method": "GET", "path": format!("/api/v1/{list}"), "status": 200, "body": [], "times": 0 }));
    }
    let mut options = json!({ "name": "d05-free", "reason": "ci", "mrp_token": ADMIN_TOKEN });
    lab.assert_fails(
        MODULE,
        options.clone(),
        &["did not store it", "option user"],
    );
    options["user"] = json!("bob");
    lab.assert_fails(
        MODULE,
        options.clone(),
        &["the token is not that of user 'bob'"],
    );
    assert!(holders(&lab, 4).is_empty());
    options["user"] = json!("nosuch");
    lab.assert_fails(MODULE, options.clone(), &["no such user"]);
    options["user"] = json!("admin");
    lab.run_in_all_modes(MODULE, options);
}

#[test]
fn user_that_is_not_the_tokens_is_refused_before_anything_is_written() {
    let lab = start_storing_lab();
    let options = json!({ "name": "d05-free", "user": "bob" });
    lab.assert_fails(MODULE, options, &["the token is not that of user 'bob'"]);
    lab.assert_no_writes();
}

#[test]
fn all_machines_are_given_back_when_one_cannot_be_reserved() {
    let lab = start_lab_with_free_machines(2);
    let options = json!({ "query": "(=~ name \"free\")", "count": 3, "reason": "job" });
    lab.assert_fails(
        MODULE,
        options,
        &[
            "2 of 3 needed machines free",
            "'d05-free' is held by admin (kept)",
            "the option wait",
        ],
    );
    assert!(
        lab.writes()
            .iter()
            .all(|write| !write.path.contains("reservation"))
    );
    // The second machine is taken meanwhile: the first is given back.
    let taken = json!({ "error_type": "InvalidUsage", "errors": ["no matching machine"] });
    lab.fault(json!({ "path": RESERVE, "nth": 2, "status": 404, "body": taken }));
    let options = json!({ "query": "(=~ name \"free-\")", "count": 2, "reason": "job" });
    let result = lab.run(MODULE, options);
    assert_failed(&result, false);
    assert!(lab.run(MODULE, json!({ "reason": "job", "state": "absent" }))["plan"] == json!([]));
}

#[test]
fn machine_that_could_not_be_given_back_is_named_when_the_server_stops_answering() {
    let lab = start_lab_with_free_machines(2);
    let taken = json!({ "error_type": "InvalidUsage", "errors": ["no matching machine"] });
    lab.fault(json!([
        { "path": RESERVE, "nth": 2, "status": 404, "body": taken },
        { "method": "DELETE", "path": "/api/v1/machine/*", "status": 500, "times": 0 },
    ]));
    let path = "/api/v1/machine";
    lab.fault(json!({ "method": "GET", "path": path, "nth": 4, "times": 0, "status": 500 }));
    let options =
        json!({ "query": "(=~ name \"free-\")", "count": 2, "reason": "job", "retries": 0 });
    let result = lab.run(MODULE, options);
    assert_eq!(result["changed"], true, "{result:#}");
    assert_contains(
        &message(&result),
        &["status 500", "machine 'free-1' could not be given back"],
    );
}

#[test]
fn failure_half_way_gives_back_the_reserved_machines() {
    let lab = start_lab_with_free_machines(2);
    lab.fault(json!({ "path": RESERVE, "nth": 2, "status": 500 }));
    let options = json!({ "query": "(=~ name \"free-\")", "count": 2, "reason": "job" });
    lab.assert_fails(MODULE, options.clone(), &["the server failed (status 500)"]);
    assert!(lab.run(MODULE, json!({ "reason": "job", "state": "absent" }))["plan"] == json!([]));
    lab.fault(json!({ "path": RESERVE, "nth": 2, "status": 500 }));
    lab.fault(
        json!({ "method": "DELETE", "path": "/api/v1/machine/*", "status": 500, "times": 0 }),
    );
    let result = lab.run(MODULE, options);
    assert_contains(
        &message(&result),
        &[
            "status 500",
            "machine 'free-1' could not be given back",
            "Release them",
        ],
    );
    assert_eq!(result["changed"], true);
}

#[test]
fn lost_answer_to_a_reservation_is_read_back() {
    let lab = start_storing_lab();
    lab.fault(json!({ "method": "POST", "path": RESERVE, "reset": true, "when": "after" }));
    let result = lab.run(MODULE, json!({ "name": "d05-free", "reason": "ci" }));
    assert_eq!(result["changed"], true, "{result:#}");
    assert_eq!(holders(&lab, 4), ["alice"]);
    lab.fault(json!({ "method": "POST", "path": RESERVE, "reset": true, "when": "before" }));
    lab.run(MODULE, json!({ "name": "x86-1", "reason": "ci" }));
    assert_eq!(holders(&lab, 8), ["alice"]);
}

#[test]
fn another_machine_than_the_one_that_was_asked_for_is_given_back() {
    let lab = start_storing_lab();
    let other = lab.server("/api/v1/machine/8");
    lab.fault(json!({ "path": RESERVE, "status": 200, "body": other }));
    lab.assert_fails(
        MODULE,
        json!({ "name": "d05-free", "reason": "ci" }),
        &["machine 'd05-free'", "machine 'x86-1'"],
    );
    assert!(holders(&lab, 8).is_empty());
}

#[test]
fn another_machine_that_could_not_be_given_back_is_named() {
    let lab = start_storing_lab();
    let other = lab.server("/api/v1/machine/8");
    lab.fault(json!({
        "path": RESERVE, "status": 200, "body": other,
        "meanwhile": { "user": "admin", "method": "POST", "path": "/api/v1/machine/8/assignee",
                       "body": { "user": "alice", "reason": "ci" } },
    }));
    lab.fault(
        json!({ "method": "DELETE", "path": "/api/v1/machine/*", "status": 500, "times": 0 }),
    );
    lab.assert_fails(
        MODULE,
        json!({ "name": "d05-free", "reason": "ci" }),
        &[
            "the server has machine 'x86-1'",
            "machine 'x86-1' could not be given back",
        ],
    );
    assert_eq!(holders(&lab, 8), ["alice"]);
}

#[test]
fn only_one_of_two_concurrent_runs_reserves_a_machine() {
    for reservations in ["stored", "confirmed"] {
        let lab = start_lab();
        if reservations == "stored" {
            lab.keep_reservations();
        }
        let tokens = match reservations {
            "stored" => ["alice-token", "bob-token"],
            _ => [ADMIN_TOKEN, ADMIN_TOKEN],
        };
        let options = |reason: &str| json!({ "name": "d05-free", "reason": reason });
        let results = std::thread::scope(|scope| {
            let runs = ["one", "two"]
                .into_iter()
                .zip(tokens)
                .map(|(reason, token)| {
                    scope.spawn({
                        let lab = &lab;
                        move || lab.run_as(token, MODULE, options(reason))
                    })
                })
                .collect::<Vec<_>>();
            runs.into_iter()
                .map(|run| run.join().unwrap())
                .collect::<Vec<Value>>()
        });
        let (held, refused): (Vec<&Value>, Vec<&Value>) =
            results.iter().partition(|result| result["changed"] == true);
        assert_eq!((held.len(), refused.len()), (1, 1), "{results:#?}");
        assert_contains(
            &message(refused[0]),
            &["the machine is not free", "'d05-free' is held"],
        );
        assert_eq!(holders(&lab, 4).len(), 1);
    }
}

#[test]
fn of_two_concurrent_runs_for_two_of_three_machines_one_reserves_both_and_the_other_none() {
    let lab = start_lab_with_free_machines(3);
    let options = json!({ "query": "(=~ name \"free-\")", "count": 2, "reason": "ci" });
    let results = std::thread::scope(|scope| {
        let runs = ["alice-token", "bob-token"].map(|token| {
            scope.spawn({
                let (lab, options) = (&lab, options.clone());
                move || lab.run_as(token, MODULE, options)
            })
        });
        runs.map(|run| run.join().unwrap())
    });
    let changed = results
        .iter()
        .filter(|result| result["changed"] == true)
        .count();
    assert_eq!(changed, 1, "{results:#?}");
    let held: usize = (9..=11).map(|machine| holders(&lab, machine).len()).sum();
    assert_eq!(held, 2);
}

#[test]
fn administrators_assignment_is_taken_back_when_another_user_was_first() {
    let lab = start_lab();
    // Between the read and the assignment it was assigned to bob.
    let free = lab.server("/api/v1/machine/4");
    lab.run_as(
        ADMIN_TOKEN,
        "mrp_assignee",
        json!({ "name": "d05-free", "user": "bob", "reason": "quick" }),
    );
    lab.fault(
        json!({ "method": "GET", "path": "/api/v1/machine", "status": 200, "body": [], "nth": 2 }),
    );
    lab.fault(json!({ "method": "GET", "path": "/api/v1/machine", "status": 200, "body": [free], "nth": 3, "times": 2 }));
    lab.fault(json!({ "path": RESERVE, "status": 200, "body": free }));
    lab.fault(
        json!({ "method": "GET", "path": "/api/v1/machine/4/assignee", "status": 200, "body": [] }),
    );
    let options = json!({ "name": "d05-free", "reason": "ci", "mrp_token": ADMIN_TOKEN });
    lab.assert_fails(MODULE, options, &["'d05-free' is held by bob (quick)"]);
    assert_eq!(holders(&lab, 4), ["bob"]);
}

#[test]
fn waiting_ends_when_the_machine_is_released() {
    let lab = start_storing_lab();
    let options = json!({
        "name": "qdc01", "reason": "bob's turn", "wait": true, "wait_timeout": 60, "wait_interval": 0.02,
    });
    let before = lab.requests().len();
    let result = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| lab.run_as("bob-token", MODULE, options.clone()));
        lab.wait_for_requests(before + 8);
        assert_eq!(
            lab.run(MODULE, json!({ "name": "qdc01", "state": "absent" }))["changed"],
            true
        );
        waiting.join().unwrap()
    });
    assert_eq!(result["changed"], true, "{result:#}");
    assert_eq!(
        result["plan"][0]["after"],
        json!({ "machines": ["qdc01"], "reason": "bob's turn" })
    );
    assert_eq!(
        result["plan"][0]["why"],
        "0 of 1 held, 0 free: waiting for up to 60 s"
    );
    assert_eq!(holders(&lab, 2), ["bob"]);
    let check = lab.check(
        MODULE,
        json!({ "name": "moonshot-c1", "reason": "x", "wait": true }),
    );
    assert_eq!(
        check["plan"][0]["after"],
        json!({ "machines": null, "reason": "x" })
    );
}

#[test]
fn waiting_ends_at_the_deadline_and_says_who_holds_what() {
    let lab = start_storing_lab();
    for number in 1..=5 {
        lab.add_machine(json!({ "name": format!("held-{number}"), "assignee": "alice" }));
    }
    let options = json!({
        "query": "(or (=~ name \"box\") (=~ name \"held\"))", "reason": "ci", "count": 2, "wait": true,
        "wait_timeout": 0.1, "wait_interval": 0.02,
    });
    lab.assert_fails(
        MODULE,
        options,
        &[
            "0 of 2 needed machines free within 0.1 s",
            "'bobs-box' is held by bob (mine)",
            "'bad bmc/box \"q\"' is held for another reason by this token's user, alice (quoting)",
            "'held-3'",
            "and 2 more are held",
        ],
    );
    let never = json!({ "query": "(=~ name \"box\")", "count": 3, "reason": "ci", "wait": true });
    lab.assert_fails(MODULE, never, &["only 2 of the 3 machines"]);
    let none = json!({ "query": "(= name \"nosuch\")", "reason": "ci", "wait": true });
    lab.assert_fails(MODULE, none, &["no machine matches the query"]);
    lab.assert_no_writes();
}

#[test]
fn wait_continues_while_the_server_is_unavailable_for_a_while() {
    let lab = start_storing_lab();
    let options = json!({
        "name": "bobs-box", "reason": "ci", "wait": true, "wait_timeout": 60, "wait_interval": 0.02, "retries": 0,
    });
    lab.fault(
        json!({ "method": "GET", "path": "/api/v1/machine*", "nth": 6, "times": 3, "status": 503 }),
    );
    let result = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| lab.run(MODULE, options.clone()));
        lab.wait_until("the server was away", |lab| {
            let requests = lab.requests();
            let away = requests
                .iter()
                .filter(|request| request.status == Some(503));
            away.count() == 3
        });
        lab.run_as(
            "bob-token",
            MODULE,
            json!({ "name": "bobs-box", "state": "absent" }),
        );
        waiting.join().unwrap()
    });
    assert_eq!(result["changed"], true, "{result:#}");
}

#[test]
fn absent_releases_by_name_by_reason_or_by_query() {
    let lab = start_lab_with_free_machines(3);
    lab.run(
        MODULE,
        json!({ "query": "(=~ name \"free-\")", "count": 3, "reason": "job 1" }),
    );
    let result = lab.run_in_all_modes(MODULE, json!({ "name": "free-1", "state": "absent" }));
    assert_eq!(actions(&result), ["delete"]);
    assert_eq!(result["plan"][0]["before"], json!({ "reason": "job 1" }));
    assert_eq!(result["machines"], json!([]));
    lab.assert_unchanged(
        MODULE,
        json!({ "name": "free-2", "reason": "job 2", "state": "absent" }),
    );
    let options = json!({ "query": "(= name \"free-2\")", "reason": "job 1", "state": "absent" });
    lab.run_in_all_modes(MODULE, options);
    let result = lab.run_in_all_modes(MODULE, json!({ "reason": "job 1", "state": "absent" }));
    assert_eq!(
        result["plan"][0]["target"],
        "reservation of machine 'free-3'"
    );
    assert_eq!(holders(&lab, 2), ["alice"]);
}

#[test]
fn a_machine_of_somebody_else_is_not_released() {
    let lab = start_lab();
    lab.assert_unchanged(MODULE, json!({ "name": "bobs-box", "state": "absent" }));
    assert_eq!(holders(&lab, 5), ["bob"]);
}

#[test]
fn release_that_does_not_take_effect_fails() {
    let lab = start_lab();
    lab.fault(json!({ "method": "DELETE", "path": "/api/v1/machine/*", "status": 204 }));
    lab.assert_fails(
        MODULE,
        json!({ "name": "qdc01", "state": "absent" }),
        &[
            "reservation of machine 'qdc01'",
            "the server has it where its deletion was sent",
        ],
    );
}

#[test]
fn wrong_options_are_reported_in_one_sentence_before_anything_is_written() {
    let lab = start_storing_lab();
    let cases = [
        (
            json!({}),
            "state is present but any of the following are missing: name, id, query",
        ),
        (
            json!({ "state": "absent" }),
            "state is absent but any of the following are missing: name, id, query, reason",
        ),
        (
            json!({ "query": "t" }),
            "missing parameter(s) required by 'query': reason",
        ),
        (
            json!({ "name": "qdc01", "query": "t", "reason": "x" }),
            "mutually exclusive: name|id|query",
        ),
        (
            json!({ "name": "qdc01", "count": 2 }),
            "missing parameter(s) required by 'count': query",
        ),
        (
            json!({ "query": "t", "reason": "x", "count": 2, "state": "absent" }),
            "count needs state: present",
        ),
        (json!({ "query": "t", "reason": "x", "count": 0 }), "count"),
        (
            json!({ "query": "(= nam \"x\")", "reason": "x" }),
            "the filter is not valid at character 4",
        ),
        (
            json!({ "query": "(and t (= assignee_count 0))", "reason": "x" }),
            "query must not use assignee_count",
        ),
        (
            json!({ "name": "qdc01", "reason": "x".repeat(141) }),
            "reason is 141 characters long",
        ),
        (
            json!({ "name": "qdc1" }),
            "there is no machine 'qdc1' (near: 'qdc01'",
        ),
    ];
    for (options, part) in cases {
        lab.assert_fails(MODULE, options, &[part]);
    }
    lab.assert_no_writes();
}
