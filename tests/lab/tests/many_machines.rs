//! Reservations, concurrent users, slow BMCs and generated machines.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::collections::BTreeSet;
use std::io::Write;
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use common::{ADMIN, ALICE, BOB, NO_BODY, api, control};
use mrp_lab::Lab;
use serde_json::{Value, json};

fn reserve(lab: &Lab, token: &str, reason: &str) -> common::Answer {
    let wish = json!({"query": "(=~ name \"gen-\")", "reason": reason});
    api(lab, token, "POST", "/api/v1/machine/reservation", wish)
}

fn assignees(lab: &Lab, machine: &Value) -> Value {
    let path = format!("/api/v1/machine/{machine}/assignee");
    api(lab, ALICE, "GET", &path, NO_BODY).json()
}

#[test]
fn reservation_is_confirmed_but_not_stored() {
    let lab = Lab::with_machines(3);
    let first = reserve(&lab, ALICE, "mine").json();
    assert_eq!(reserve(&lab, BOB, "mine").json(), first);
    assert_eq!(assignees(&lab, &first["id"]), json!([]));
}

#[test]
fn reservations_are_stored_if_set() {
    let lab = Lab::with_machines(6);
    lab.settings(json!({"reservations": "stored"}));
    let first = reserve(&lab, ALICE, "mine").json();
    let second = reserve(&lab, BOB, "his").json();
    assert_ne!(first["id"], second["id"]);
    let assigned = assignees(&lab, &first["id"]);
    assert_eq!(
        (&assigned[0]["user"], &assigned[0]["reason"]),
        (&json!("alice"), &json!("mine"))
    );
    let none = reserve(&lab, ALICE, "one more");
    assert_eq!(
        (none.status, &none.json()["errors"][0]),
        (404, &json!("no matching machine"))
    );
    let own = format!("/api/v1/machine/{}/assignee/self", first["id"]);
    assert_eq!(api(&lab, ALICE, "DELETE", &own, NO_BODY).status, 204);
    assert_eq!(reserve(&lab, BOB, "again").json()["id"], first["id"]);
}

#[test]
fn concurrent_reservations_get_different_machines() {
    let lab = Lab::with_machines(90);
    lab.settings(json!({"reservations": "stored"}));
    let got: Vec<i64> = thread::scope(|scope| {
        let users = [ADMIN, ALICE, BOB].repeat(2);
        let users: Vec<_> = users
            .into_iter()
            .map(|token| {
                let lab = &lab;
                let reserve =
                    move || (0..5).map(|_| reserve(lab, token, "").json()["id"].as_i64().unwrap());
                scope.spawn(move || reserve().collect::<Vec<_>>())
            })
            .collect();
        users
            .into_iter()
            .flat_map(|user| user.join().unwrap())
            .collect()
    });
    assert_eq!(
        (got.len(), got.iter().collect::<BTreeSet<_>>().len()),
        (30, 30)
    );
}

#[test]
fn fault_makes_a_request_as_another_user() {
    let lab = Lab::start();
    let take = json!({"user": "admin", "method": "POST", "path": "/api/v1/machine/4/assignee", "body": {"user": "bob"}});
    lab.fault(json!({"path": "/api/v1/machine/4/assignee", "meanwhile": take}));
    let give =
        json!({"user": "bob", "method": "DELETE", "path": "/api/v1/machine/4/assignee/self"});
    lab.fault(
        json!({"path": "/api/v1/machine/4/assignee", "nth": 2, "when": "after", "meanwhile": give}),
    );
    assert_eq!(assignees(&lab, &json!(4))[0]["user"], "bob");
    assert_eq!(assignees(&lab, &json!(4))[0]["user"], "bob");
    assert_eq!(assignees(&lab, &json!(4)), json!([]));
    let by: Vec<_> = lab
        .requests()
        .into_iter()
        .map(|request| (request.by, request.status))
        .collect();
    assert_eq!(by[1], ("user admin".to_owned(), Some(201)));
    assert_eq!(by[3], ("user bob".to_owned(), Some(204)));
    assert!(lab.writes().is_empty(), "the client itself wrote nothing");
}

/// Requests the power state of qdc01 without waiting for the answer.
fn ask_for_power(lab: &Lab) -> TcpStream {
    let asked = lab.requests().len();
    let mut stream = TcpStream::connect(common::host(lab)).unwrap();
    stream.write_all(b"GET /api/v1/machine/2/power HTTP/1.1\r\nHost: lab\r\nAuthorization: alice-token\r\n\r\n").unwrap();
    lab.wait_for_requests(asked + 1);
    stream
}

/// Makes a request that needs no BMC. Returns whether all earlier requests were answered by then.
fn comes_last(lab: &Lab) -> bool {
    let asked = lab.requests().len();
    let answer = api(lab, BOB, "GET", "/api/v1/machine/2", NO_BODY);
    assert_eq!(answer.status, 200);
    let before = &lab.requests()[..asked];
    before.iter().all(|request| request.status.is_some())
}

#[test]
fn all_requests_wait_for_a_slow_bmc() {
    let lab = Lab::start();
    lab.settings(json!({"machines": {"qdc01": {"bmc_seconds": 2}}}));
    let _slow = ask_for_power(&lab);
    lab.wait_until("the BMC is asked", Lab::keeps_waiting);
    assert!(comes_last(&lab));
}

#[test]
fn no_request_waits_for_a_slow_bmc_if_set() {
    let lab = Lab::start();
    lab.settings(json!({"bmc_blocks": false, "machines": {"qdc01": {"bmc_seconds": 600}}}));
    let _slow = ask_for_power(&lab);
    assert!(!comes_last(&lab));
}

#[test]
fn slow_bmc_is_set_for_one_machine() {
    let lab = Lab::start();
    lab.settings(json!({"machines": {"qdc01": {"bmc_seconds": 600}}}));
    let answer = api(&lab, ALICE, "GET", "/api/v1/machine/3/power", NO_BODY);
    assert_eq!(answer.status, 200);
}

#[test]
fn slow_bmc_stays_busy_after_its_client_disconnects() {
    let lab = Lab::start();
    lab.settings(json!({"machines": {"qdc01": {"bmc": "fails", "bmc_seconds": 2}}}));
    let body = json!({"state": "off"});
    let failed = api(&lab, ALICE, "POST", "/api/v1/machine/2/power", body);
    assert_eq!(
        (failed.status, &failed.json()["error_type"]),
        (500, &json!("BMCError"))
    );
    let start = Instant::now();
    let slow = ask_for_power(&lab);
    lab.wait_until("the BMC is asked", Lab::keeps_waiting);
    drop(slow);
    assert_eq!(
        api(&lab, ALICE, "GET", "/api/v1/machine/2", NO_BODY).status,
        200
    );
    assert!(start.elapsed() >= Duration::from_secs(2));
}

#[test]
fn generated_machines_are_reproducible() {
    let all = |lab: &Lab| api(lab, ALICE, "GET", "/api/v1/machine?show_all=true", NO_BODY).json();
    let (one, other) = (Lab::with_machines(12), Lab::with_machines(10));
    other.add_machines(1);
    assert_eq!(
        control(&other, "POST", "machines/generated", json!({"count": 1})).status,
        200
    );
    assert_eq!(all(&one), all(&other));
    other.reset();
    assert_eq!(all(&other).as_array().unwrap().len(), 18);
    let machine = &all(&one)[9];
    assert_eq!(
        (&machine["name"], &machine["arch"], &machine["subarch"]),
        (&json!("gen-0002"), &json!("arm64"), &json!("efi"))
    );
    let path = format!("/api/v1/machine/{}", machine["id"]);
    let interfaces = api(&one, ALICE, "GET", &format!("{path}/interface"), NO_BODY).json();
    let macs: Vec<_> = interfaces
        .as_array()
        .unwrap()
        .iter()
        .map(|interface| &interface["mac"])
        .collect();
    assert_eq!(
        macs,
        [
            "52:54:02:00:02:00",
            "52:54:02:00:02:01",
            "52:54:02:00:02:02",
            "52:54:02:00:02:03"
        ]
    );
    assert_eq!(
        (&interfaces[0]["lease_ipv4"], &interfaces[1]["lease_ipv4"]),
        (&json!("10.40.16.2"), &NO_BODY)
    );
    assert_eq!(
        api(&one, ALICE, "GET", &format!("{path}/power"), NO_BODY).json()["state"],
        "on"
    );
    assert_eq!(assignees(&one, &machine["id"])[0]["user"], "bob");
}

#[test]
fn number_of_generated_machines_is_limited() {
    let lab = Lab::with_machines(1000);
    let all = api(&lab, ALICE, "GET", "/api/v1/machine?show_all=true", NO_BODY).json();
    assert_eq!(all.as_array().unwrap().len(), 1008);
    assert_eq!(
        control(&lab, "POST", "machines/generated", json!({"count": 50_000})).status,
        400
    );
    assert_eq!(
        control(&lab, "POST", "machines/generated", json!({"machines": 1})).status,
        400
    );
}
