//! Release 0.3.1, which answers some requests differently. Its source was read, it was not recorded.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{ALICE, NO_BODY, api, control};
use mrp_lab::{Lab, Release, ServerKind};
use serde_json::json;

fn start_lab() -> Lab {
    Lab::of_kind(ServerKind {
        release: Release::V0_3_1,
        ..ServerKind::default()
    })
}

#[test]
fn power_order_is_answered_with_nothing() {
    let lab = start_lab();
    let path = "/api/v1/machine/2/power";
    let answer = api(&lab, ALICE, "POST", path, json!({ "state": "off" }));
    assert_eq!((answer.status, answer.body.len()), (202, 0));
    assert_eq!(
        answer.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    let power = api(&lab, ALICE, "GET", path, NO_BODY).json();
    assert_eq!(power, json!({ "state": "off" }));
}

#[test]
fn autoyast_is_an_unknown_type_of_preseed() {
    let lab = start_lab();
    let new = json!({ "name": "suse", "type": "autoyast" });
    let cases = [
        ("POST", "/api/v1/preseed", new),
        ("PUT", "/api/v1/preseed/3", json!({ "type": "autoyast" })),
    ];
    for (method, path, body) in cases {
        let answer = api(&lab, ALICE, method, path, body);
        assert_eq!(answer.status, 400);
        let errors = json!([
            null,
            null,
            null,
            "<lambda>('autoyast') should evaluate to True"
        ]);
        assert_eq!(
            answer.json(),
            json!({ "error_type": "SchemaError", "errors": errors })
        );
    }
}

#[test]
fn templates_do_not_see_the_mac_of_an_interface() {
    let lab = start_lab();
    let content =
        "{% for interface in interfaces %}{{ interface.name }} {{ interface.mac }}{% endfor %}";
    let body = json!({ "name": "macs", "type": "preseed", "content": content });
    let id = api(&lab, ALICE, "POST", "/api/v1/preseed", body).json()["id"].clone();
    api(
        &lab,
        ALICE,
        "PUT",
        "/api/v1/machine/1",
        json!({ "preseed_id": id }),
    );
    let rendered = || api(&lab, ALICE, "GET", "/preseed/1", NO_BODY).text();
    assert_eq!(rendered(), "eth2 ");
    lab.settings(json!({ "release": "0.3.2" }));
    assert_eq!(rendered(), "eth2 52:54:00:00:01:03");
}

#[test]
fn another_release_restarts_the_server_and_a_reset_restores_the_first_one() {
    let lab = start_lab();
    let set = |value: &str| control(&lab, "POST", "settings", json!({ "release": value }));
    assert_eq!(set("0.3.2").json()["release"], "0.3.2");
    let wrong = set("0.3.0");
    assert_eq!(wrong.status, 400);
    assert_eq!(
        wrong.json()["error"],
        "release must be one of 0.3.1, 0.3.2, not \"0.3.0\"."
    );
    lab.reset();
    assert_eq!(
        control(&lab, "GET", "settings", NO_BODY).json()["release"],
        "0.3.1"
    );
}
