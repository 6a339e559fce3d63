//! Faults, settings and the control path.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::io::ErrorKind;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use common::{ALICE, api, control, host, provision, send, upload};
use mrp_lab::Lab;
use serde_json::{Value, json};

fn images(lab: &Lab) -> std::io::Result<common::Answer> {
    send(
        host(lab),
        "GET",
        "/api/v1/image",
        &[("Authorization", "Bearer alice-token")],
        b"",
    )
}

fn rename(lab: &Lab) -> std::io::Result<common::Answer> {
    let headers = [("Authorization", "Bearer alice-token")];
    send(
        host(lab),
        "PUT",
        "/api/v1/image/5",
        &headers,
        br#"{"description": "changed"}"#,
    )
}

fn description(lab: &Lab) -> Value {
    api(lab, ALICE, "GET", "/api/v1/image/5", Value::Null).json()["description"].clone()
}

#[test]
fn fault_sets_status_body_and_headers() {
    let lab = Lab::start();
    let fault = json!({"path": "/api/v1/image", "status": 503, "body": {"e": 1}, "headers": {"Retry-After": "2"}});
    assert_eq!(control(&lab, "POST", "faults", fault).status, 200);
    let answer = images(&lab).unwrap();
    assert_eq!(
        (answer.status, answer.header("retry-after")),
        (503, Some("2"))
    );
    assert_eq!(answer.json(), json!({"e": 1}));
    assert_eq!(
        images(&lab).unwrap().status,
        200,
        "once, unless told otherwise"
    );
}

#[test]
fn request_takes_effect_only_if_reset_after() {
    let lab = Lab::start();
    lab.fault(json!({"method": "PUT", "reset": true, "when": "before"}));
    assert_eq!(
        rename(&lab).err().unwrap().kind(),
        ErrorKind::ConnectionReset
    );
    assert_eq!(description(&lab), "alice test kernel");
    lab.fault(json!({"method": "PUT", "reset": true, "when": "after"}));
    assert_eq!(
        rename(&lab).err().unwrap().kind(),
        ErrorKind::ConnectionReset
    );
    assert_eq!(description(&lab), "changed");
    let puts: Vec<_> = lab.writes();
    assert_eq!(
        puts.iter().map(|put| put.status).collect::<Vec<_>>(),
        [None, None]
    );
    assert_eq!(puts[1].body_size, 26);
}

#[test]
fn answer_is_truncated() {
    let lab = Lab::start();
    lab.fault(json!({"path": "/api/v1/image", "truncate": 10}));
    assert_eq!(images(&lab).err().unwrap().kind(), ErrorKind::UnexpectedEof);
    assert_eq!(images(&lab).unwrap().status, 200);
}

#[test]
fn answers_are_delayed_or_stalled() {
    let lab = Lab::start();
    lab.fault(json!([{"path": "/api/v1/image", "delay": 0.3}, {"path": "/api/v1/preseed", "stall": true}]));
    let start = Instant::now();
    assert_eq!(images(&lab).unwrap().status, 200);
    assert!(start.elapsed() >= Duration::from_millis(300));
    let mut stream = TcpStream::connect(host(&lab)).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_millis(200)))
        .unwrap();
    std::io::Write::write_all(
        &mut stream,
        b"GET /api/v1/preseed HTTP/1.1\r\nHost: x\r\n\r\n",
    )
    .unwrap();
    lab.wait_for_requests(2);
    assert!(matches!(
        common::read(stream, false).err().unwrap().kind(),
        ErrorKind::WouldBlock | ErrorKind::TimedOut
    ));
    assert_eq!(lab.requests().last().unwrap().status, None);
}

#[test]
fn faults_do_not_affect_machines_and_the_control_path() {
    let lab = Lab::start();
    lab.fault(json!({"times": 0, "status": 503}));
    assert_eq!(images(&lab).unwrap().status, 503);
    assert_eq!(control(&lab, "GET", "requests", Value::Null).status, 200);
    assert_eq!(control(&lab, "DELETE", "faults", Value::Null).status, 200);
    assert_eq!(images(&lab).unwrap().status, 200);
    lab.fault(json!({"path": "/tftp/", "times": 0, "status": 503}));
    provision(&lab, 1);
    assert_eq!(lab.last_boot().result, "ready");
    lab.fault(json!({"path": "/tftp/", "machines": true, "nth": 2, "status": 404}));
    provision(&lab, 1);
    assert_eq!(lab.last_boot().result, "failed");
}

#[test]
fn invalid_faults_and_settings_are_refused_with_a_sentence() {
    let lab = Lab::start();
    for (path, body) in [
        ("faults", json!({"status": 503, "stall": true})),
        ("faults", json!({"colour": "red", "status": 503})),
        ("settings", json!({"colour": "red"})),
        ("settings", json!({"install_result": "maybe"})),
        (
            "settings",
            json!({"machines": {"qdc01": {"colour": "red"}}}),
        ),
        ("machines", json!({"name": "qdc01"})),
        ("machines", json!({"name": "new", "assignee": "nobody"})),
    ] {
        let before = control(&lab, "GET", "settings", Value::Null).json();
        let answer = control(&lab, "POST", path, body.clone());
        let sentence = answer.json()["error"].as_str().unwrap().to_owned();
        assert!(
            answer.status == 400 && sentence.ends_with('.'),
            "{body}: {sentence}"
        );
        assert_eq!(control(&lab, "GET", "settings", Value::Null).json(), before);
    }
    assert_eq!(control(&lab, "GET", "nowhere", Value::Null).status, 404);
}

#[test]
fn machines_can_be_added_over_the_control_path() {
    let lab = Lab::start();
    let machine = json!({"name": "rack 1/\"a\"", "arch": "x86_64", "interfaces": [{"mac": "02-00-00-00-00-0A"}, {"network": "mgmt"}]});
    let added = control(&lab, "POST", "machines", machine).json();
    assert_eq!(added, json!({"id": 9}));
    let shown = api(&lab, ALICE, "GET", "/api/v1/machine/9", Value::Null).json();
    assert_eq!(
        (&shown["arch"], &shown["subarch"], &shown["hostname"]),
        (&json!("x86_64"), &json!("bios"), &json!("rack-1--a-"))
    );
    let interfaces = api(
        &lab,
        ALICE,
        "GET",
        "/api/v1/machine/9/interface",
        Value::Null,
    )
    .json();
    assert_eq!(
        (&interfaces[0]["mac"], &interfaces[1]["network_name"]),
        (&json!("02:00:00:00:00:0a"), &json!("mgmt"))
    );
    lab.add_machine(json!({"name": "bare", "bmc": false, "interfaces": []}));
    assert_eq!(
        api(&lab, ALICE, "GET", "/api/v1/machine/10/power", Value::Null).json(),
        json!({"state": "unknown"})
    );
    assert_eq!(
        api(
            &lab,
            ALICE,
            "GET",
            "/api/v1/machine/10/interface",
            Value::Null
        )
        .json(),
        json!([])
    );
}

#[test]
fn settings_are_shown_and_reset() {
    let lab = Lab::start();
    let stock = control(&lab, "GET", "settings", Value::Null).json();
    assert_eq!(stock["max_upload_size"], 1_073_741_824);
    assert_eq!(stock["max_buffer_size"], 104_857_600);
    assert_eq!(
        (&stock["tftp"], &stock["install_result"], &stock["machines"]),
        (&json!(true), &json!("ready"), &json!({}))
    );
    let changed = control(
        &lab,
        "POST",
        "settings",
        json!({"max_upload_size": 2_147_483_648_u64, "tftp": false}),
    )
    .json();
    assert_eq!(changed["tftp"], false);
    assert!(
        changed["max_buffer_size"].as_u64().unwrap() > 2_147_483_648,
        "limits beyond the stock one are lifted together"
    );
    control(&lab, "POST", "reset", Value::Null);
    assert_eq!(control(&lab, "GET", "settings", Value::Null).json(), stock);
}

#[test]
fn boot_endpoints_can_be_closed_to_clients() {
    let lab = Lab::start();
    lab.settings(json!({"tftp": false}));
    for path in [
        "/tftp/",
        "/preseed/1",
        "/dhcp/ipv4?hwaddr=52:54:00:00:01:01",
    ] {
        assert_eq!(
            send(host(&lab), "GET", path, &[], b"").unwrap().status,
            502,
            "{path}"
        );
    }
    lab.settings(json!({"tftp": 404}));
    assert_eq!(
        send(host(&lab), "GET", "/preseed/1", &[], b"")
            .unwrap()
            .status,
        404
    );
    provision(&lab, 1);
    assert_eq!(
        lab.last_boot().result,
        "ready",
        "machines are behind the firewall"
    );
}

#[test]
fn labs_are_independent() {
    let (one, other) = (Lab::start(), Lab::start());
    assert_eq!(upload(&one, ALICE, "mine", "Kernel", b"x").status, 201);
    assert_eq!(
        api(&one, ALICE, "GET", "/api/v1/image", Value::Null)
            .json()
            .as_array()
            .unwrap()
            .len(),
        4
    );
    assert_eq!(
        api(&other, ALICE, "GET", "/api/v1/image", Value::Null)
            .json()
            .as_array()
            .unwrap()
            .len(),
        3
    );
    let url = host(&one).to_owned();
    drop(one);
    assert!(
        TcpStream::connect(url).is_err(),
        "a dropped lab has stopped"
    );
}
