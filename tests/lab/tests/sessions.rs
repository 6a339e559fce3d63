//! What a server with one database session for all requests stores, shows and loses, beyond the recordings.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{ADMIN, ALICE, Answer, BOB, NO_BODY, api, control, host, send};
use mrp_lab::{Lab, Sessions};
use serde_json::{Value, json};

const RESERVATION: &str = "/api/v1/machine/reservation";
/// The path of the free machine that a reservation without a query finds first.
const FREE: &str = "/api/v1/machine/4";
/// A machine of alice's that can boot from the network.
const QDC01: &str = "/api/v1/machine/2";

fn one_session() -> Lab {
    Lab::with_sessions(Sessions::One)
}

fn get(lab: &Lab, path: &str) -> Value {
    api(lab, ADMIN, "GET", path, NO_BODY).json()
}

fn reserve(lab: &Lab) -> Value {
    let answer = api(
        lab,
        ALICE,
        "POST",
        RESERVATION,
        json!({"query": "(= name \"d05-free\")", "reason": "tests"}),
    );
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn assignees(lab: &Lab) -> usize {
    let assignees = get(lab, &format!("{FREE}/assignee"));
    assignees.as_array().unwrap().len()
}

/// A 409 answer to bob.
fn conflict(lab: &Lab) {
    let preseed = json!({"name": "debian-std", "type": "preseed"});
    let answer = api(lab, BOB, "POST", "/api/v1/preseed", preseed);
    assert_eq!(answer.status, 409, "{}", answer.text());
}

/// A change of bob's that is stored.
fn commit(lab: &Lab) {
    let change = json!({"kernel_opts": "by bob"});
    let answer = api(lab, BOB, "PUT", "/api/v1/machine/5", change);
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// A PUT of qdc01 that is refused after the server has changed it.
fn refused_change(lab: &Lab) {
    let change = json!({"netboot_enabled": true, "subarch": "nobl", "kernel_opts": "kept"});
    let answer = api(lab, ALICE, "PUT", QDC01, change);
    assert_eq!(answer.status, 400, "{}", answer.text());
}

fn kernel_opts(lab: &Lab) -> Value {
    get(lab, QDC01)["kernel_opts"].clone()
}

/// A query that the database refuses.
fn failing_query(lab: &Lab) -> Answer {
    let path = "/api/v1/machine?show_all=true&q=%28%3D%20name%205%29";
    api(lab, BOB, "GET", path, NO_BODY)
}

#[test]
fn a_reservation_is_seen_by_all_and_vanishes_by_another_users_conflict() {
    let lab = one_session();
    assert_eq!(reserve(&lab)["name"], "d05-free");
    assert_eq!(assignees(&lab), 1);
    conflict(&lab);
    assert_eq!(assignees(&lab), 0);
}

#[test]
fn a_reservation_vanishes_by_a_failing_query_a_malformed_mac_and_an_invalid_machine_number() {
    let lab = one_session();
    reserve(&lab);
    assert_eq!(failing_query(&lab).status, 400);
    assert_eq!(assignees(&lab), 0);
    for path in ["/dhcp/ipv4?hwaddr=foo", "/preseed/abc"] {
        reserve(&lab);
        let answer = send(host(&lab), "GET", path, &[], &[]).unwrap();
        assert_eq!(answer.status, 500);
        assert_eq!(assignees(&lab), 0, "{path}");
    }
}

#[test]
fn a_reservation_survives_a_refusal_that_the_database_does_not_see() {
    let lab = one_session();
    reserve(&lab);
    let unknown = api(&lab, BOB, "PUT", QDC01, json!({"kernel_id": 999}));
    let not_a_query = api(&lab, BOB, "GET", "/api/v1/machine?q=%28foo%29", NO_BODY);
    assert_eq!((unknown.status, not_a_query.status), (400, 400));
    assert_eq!(assignees(&lab), 1);
}

#[test]
fn the_assignees_own_put_stores_a_reservation() {
    let lab = one_session();
    reserve(&lab);
    let own = format!("{FREE}/assignee/self");
    let answer = api(&lab, ALICE, "PUT", &own, json!({"reason": "tests"}));
    assert_eq!(answer.status, 200);
    conflict(&lab);
    lab.restart();
    assert_eq!(assignees(&lab), 1);
}

#[test]
fn after_a_reservation_that_finds_nothing_the_next_change_is_lost_at_a_restart() {
    let lab = one_session();
    let none = json!({"query": "(= name \"nosuch\")"});
    assert_eq!(api(&lab, BOB, "POST", RESERVATION, none).status, 404);
    commit(&lab);
    lab.restart();
    assert_ne!(get(&lab, "/api/v1/machine/5")["kernel_opts"], "by bob");
    commit(&lab);
    lab.restart();
    assert_eq!(get(&lab, "/api/v1/machine/5")["kernel_opts"], "by bob");
}

#[test]
fn after_a_reservation_that_finds_nothing_the_next_conflict_rolls_nothing_back() {
    let lab = one_session();
    reserve(&lab);
    let none = json!({"query": "(= name \"nosuch\")"});
    assert_eq!(api(&lab, BOB, "POST", RESERVATION, none).status, 404);
    conflict(&lab);
    assert_eq!(assignees(&lab), 1);
    conflict(&lab);
    assert_eq!(assignees(&lab), 0);
}

#[test]
fn a_refused_put_of_a_machine_is_seen_and_stored_by_the_next_commit_of_anybody() {
    let lab = one_session();
    refused_change(&lab);
    assert_eq!(kernel_opts(&lab), "kept");
    commit(&lab);
    lab.restart();
    let machine = get(&lab, QDC01);
    assert_eq!(machine["kernel_opts"], "kept");
    assert_eq!(machine["netboot_enabled"], true);
    assert_eq!(machine["subarch"], "nobl");
    let more = api(&lab, ALICE, "PUT", QDC01, json!({"kernel_opts": "again"}));
    assert_eq!(more.status, 400);
    assert_eq!(kernel_opts(&lab), "again");
}

#[test]
fn a_refused_put_of_an_image_keeps_all_but_its_architecture() {
    let lab = one_session();
    let change = json!({"arch": "mips", "description": "kept", "public": true});
    let image = "/api/v1/image/5";
    assert_eq!(api(&lab, ALICE, "PUT", image, change).status, 400);
    let kept = get(&lab, image);
    assert_eq!(
        (&kept["description"], &kept["public"], &kept["arch"]),
        (&json!("kept"), &json!(true), &json!("arm64"))
    );
    lab.restart();
    assert_eq!(get(&lab, image)["description"], "alice test kernel");
}

#[test]
fn old_values_undo_a_refused_put() {
    let lab = one_session();
    let old = get(&lab, QDC01);
    refused_change(&lab);
    let back = json!({"netboot_enabled": old["netboot_enabled"], "subarch": old["subarch"],
                      "kernel_opts": old["kernel_opts"]});
    assert_eq!(api(&lab, ALICE, "PUT", QDC01, back).status, 200);
    lab.restart();
    assert_eq!(get(&lab, QDC01), old);
}

#[test]
fn a_restart_loses_what_is_not_stored() {
    let lab = one_session();
    commit(&lab);
    reserve(&lab);
    refused_change(&lab);
    assert_eq!(control(&lab, "POST", "restart", NO_BODY).status, 200);
    assert_eq!(assignees(&lab), 0);
    assert_ne!(kernel_opts(&lab), "kept");
    assert_eq!(get(&lab, "/api/v1/machine/5")["kernel_opts"], "by bob");
}

#[test]
fn keys_are_not_given_back() {
    let lab = one_session();
    let id = |lab: &Lab| get(lab, &format!("{FREE}/assignee"))[0]["id"].clone();
    reserve(&lab);
    let first = id(&lab).as_i64().unwrap();
    conflict(&lab);
    reserve(&lab);
    assert_eq!(id(&lab), first + 1);
}

#[test]
fn a_nul_in_a_text_to_be_stored_breaks_the_server_for_everybody_until_a_restart() {
    let lab = one_session();
    commit(&lab);
    reserve(&lab);
    let interface = get(&lab, &format!("{QDC01}/interface"))[0]["id"].clone();
    let interface = format!("{QDC01}/interface/{interface}");
    let preseed = |field: &str, text: &str| {
        let mut preseed = json!({"name": "new", "type": "preseed"});
        preseed[field] = json!(text);
        preseed
    };
    for (token, method, path, body) in [
        (ALICE, "PUT", QDC01, json!({"kernel_opts": "a\0b"})),
        (ALICE, "PUT", &interface, json!({"identifier": "a\0b"})),
        (
            ALICE,
            "PUT",
            "/api/v1/image/5",
            json!({"description": "a\0b"}),
        ),
        (ALICE, "POST", "/api/v1/preseed", preseed("name", "a\0b")),
        (
            ALICE,
            "POST",
            "/api/v1/preseed",
            preseed("description", "a\0b"),
        ),
        (
            ALICE,
            "PUT",
            "/api/v1/preseed/3",
            preseed("content", "a\0b"),
        ),
        (
            ALICE,
            "PUT",
            "/api/v1/machine/2/assignee/self",
            json!({"reason": "a\0b"}),
        ),
        (
            ADMIN,
            "POST",
            "/api/v1/machine/8/assignee",
            json!({"user": "bob", "reason": "a\0b"}),
        ),
        (
            ALICE,
            "POST",
            RESERVATION,
            json!({"query": null, "reason": "a\0b"}),
        ),
    ] {
        let sender = api(&lab, token, method, path, body.clone());
        assert_eq!(
            (sender.status, &sender.json()["error_type"]),
            (400, &json!("ValueError")),
            "{method} {path}"
        );
        let reads = [
            QDC01,
            "/api/v1/image",
            "/api/v1/preseed/999",
            "/api/v1/nothing",
        ];
        for path in reads {
            assert_eq!(api(&lab, BOB, "GET", path, NO_BODY).status, 500, "{path}");
        }
        let unknown_token = api(&lab, "nobody", "GET", QDC01, NO_BODY);
        assert_eq!(unknown_token.status, 500);
        for path in ["/dhcp/ipv4?hwaddr=52:54:00:00:02:01", "/preseed/2"] {
            assert_eq!(
                send(host(&lab), "GET", path, &[], &[]).unwrap().status,
                500,
                "{path}"
            );
        }
        lab.restart();
        assert_eq!(api(&lab, BOB, "GET", QDC01, NO_BODY).status, 200);
    }
    assert_eq!(assignees(&lab), 0);
    assert_eq!(get(&lab, "/api/v1/machine/5")["kernel_opts"], "by bob");
}

#[test]
fn a_lone_surrogate_breaks_the_server_as_a_nul_does() {
    let lab = one_session();
    let authorization = format!("Bearer {ALICE}");
    let headers = [("Authorization", authorization.as_str())];
    let body = br#"{"kernel_opts": "\ud800"}"#;
    let sender = send(host(&lab), "PUT", QDC01, &headers, body).unwrap();
    assert_eq!(sender.status, 400);
    assert_eq!(sender.json()["error_type"], "UnicodeEncodeError");
    assert_eq!(api(&lab, BOB, "GET", QDC01, NO_BODY).status, 500);
}

#[test]
fn a_broken_server_still_answers_what_needs_no_database() {
    let lab = one_session();
    api(&lab, ALICE, "PUT", QDC01, json!({"kernel_opts": "\0"}));
    let status = |method: &str, path: &str, headers: &[(&str, &str)]| {
        send(host(&lab), method, path, headers, &[]).unwrap().status
    };
    assert_eq!(status("GET", "/api/v1/docs", &[]), 200);
    assert_eq!(status("GET", QDC01, &[]), 401);
    assert_eq!(status("POST", "/admin/graphql", &[]), 401);
    assert_eq!(status("PATCH", QDC01, &[]), 405);
    assert_eq!(status("GET", "/dhcp/ipv4", &[]), 400);
    let kernel = get_kernel_name(&Lab::start());
    let file = [("X-TFTP-IP", "10.0.0.1"), ("X-TFTP-File", kernel.as_str())];
    assert_eq!(status("GET", "/tftp/", &file), 200);
}

fn get_kernel_name(lab: &Lab) -> String {
    let image = get(lab, "/api/v1/image/3");
    image["name"].as_str().unwrap().to_owned()
}

#[test]
fn a_nul_in_a_text_that_is_only_searched_for_is_refused_and_breaks_nothing() {
    let lab = one_session();
    reserve(&lab);
    for (method, path, body) in [
        ("PUT", QDC01, json!({"subarch": "a\0b"})),
        ("PUT", "/api/v1/image/5", json!({"arch": "a\0b"})),
        (
            "POST",
            "/api/v1/machine/8/assignee",
            json!({"user": "a\0b"}),
        ),
        (
            "GET",
            "/api/v1/machine?q=%28%3D%20name%20%22%00%22%29",
            NO_BODY,
        ),
    ] {
        let refused = api(&lab, ADMIN, method, path, body);
        assert_eq!(
            (refused.status, &refused.json()["error_type"]),
            (400, &json!("ValueError"))
        );
    }
    assert_eq!(assignees(&lab), 1);
}

#[test]
fn with_a_session_for_each_request_only_committed_changes_are_stored() {
    let lab = Lab::start();
    reserve(&lab);
    refused_change(&lab);
    let nul = api(&lab, ALICE, "PUT", QDC01, json!({"kernel_opts": "a\0b"}));
    assert_eq!(nul.status, 400);
    commit(&lab);
    assert_eq!(assignees(&lab), 0);
    assert_ne!(kernel_opts(&lab), "kept");
    lab.restart();
    assert_eq!(get(&lab, "/api/v1/machine/5")["kernel_opts"], "by bob");
}

#[test]
fn another_value_of_sessions_restarts_the_server_and_a_reset_restores_the_first_value() {
    let lab = Lab::start();
    let set = |value: &str| control(&lab, "POST", "settings", json!({"sessions": value}));
    assert_eq!(set("one").json()["sessions"], "one");
    reserve(&lab);
    assert_eq!(set("one").status, 200);
    assert_eq!(assignees(&lab), 1);
    assert_eq!(set("request").json()["sessions"], "request");
    assert_eq!(assignees(&lab), 0);
    assert_eq!(
        set("two").json()["error"],
        "sessions must be one of request, one, not \"two\"."
    );
    set("one");
    lab.reset();
    assert_eq!(
        control(&lab, "GET", "settings", NO_BODY).json()["sessions"],
        "request"
    );
    let lab = one_session();
    lab.reset();
    assert_eq!(
        control(&lab, "GET", "settings", NO_BODY).json()["sessions"],
        "one"
    );
}

#[test]
fn corrected_reservations_are_stored_at_once() {
    let lab = one_session();
    lab.settings(json!({"reservations": "stored"}));
    reserve(&lab);
    conflict(&lab);
    lab.restart();
    assert_eq!(assignees(&lab), 1);
}

#[test]
fn machines_boot_and_are_stored_with_one_session_too() {
    let lab = one_session();
    let change = json!({"subarch": "efi", "kernel_id": 3, "initrd_id": 4});
    assert_eq!(api(&lab, ALICE, "PUT", QDC01, change).status, 200);
    let provision = json!({"state": "provision"});
    let answer = api(&lab, ALICE, "POST", &format!("{QDC01}/state"), provision);
    assert_eq!(answer.status, 202, "{}", answer.text());
    assert_eq!(lab.last_boot().result, "ready");
    lab.restart();
    assert_eq!(get(&lab, &format!("{QDC01}/state"))["state"], "ready");
}
