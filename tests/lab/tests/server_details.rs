//! Details that no recording shows, taken from the server's code and libraries: order of checks, headers, unusual texts.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{ADMIN, ALICE, Answer, NO_BODY, api, control, host, send, tftp};
use mrp_lab::Lab;
use serde_json::{Value, json};

fn error(answer: &Answer) -> (u16, String) {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let errors = &body["errors"];
    let text = errors.as_str().or(errors[0].as_str()).unwrap_or_default();
    (answer.status, text.to_owned())
}

fn refused(status: u16, text: &str) -> (u16, String) {
    (status, text.to_owned())
}

/// A request without a token.
fn open(lab: &Lab, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    send(host(lab), method, path, headers, body).unwrap()
}

fn post(lab: &Lab, path: &str, body: Value) -> Answer {
    open(lab, "POST", path, &[], body.to_string().as_bytes())
}

#[test]
fn machine_fields_are_checked_in_the_server_order() {
    let lab = Lab::start();
    let put = |body| error(&api(&lab, ALICE, "PUT", "/api/v1/machine/2", body));
    let all = json!({"initrd_id": 999, "kernel_id": 999, "preseed_id": 999, "subarch": "x", "netboot_enabled": true});
    assert_eq!(
        put(all),
        refused(400, "no such subarch for architecture arm64")
    );
    let ids = json!({"initrd_id": 999, "kernel_id": 999, "preseed_id": 4});
    assert_eq!(put(ids), refused(403, "not allowed to use preseed"));
    let images = json!({"initrd_id": 999, "kernel_id": 4, "preseed_id": 1});
    assert_eq!(put(images), refused(400, "kernel is not a kernel"));
    let preseed_before_null = json!({"kernel_id": null, "preseed_id": 999});
    assert_eq!(put(preseed_before_null), refused(400, "no such preseed"));
    let kernel = json!({"kernel_id": 999, "subarch": "nobl", "netboot_enabled": true});
    assert_eq!(put(kernel), refused(400, "no such kernel"));
}

#[test]
fn interface_address_is_checked_before_its_identifier_is_stored() {
    let lab = Lab::start();
    let put = |interface: u8, body| {
        let path = format!("/api/v1/machine/1/interface/{interface}");
        error(&api(&lab, ALICE, "PUT", &path, body))
    };
    let no_nul = "A string literal cannot contain NUL (0x00) characters.";
    let bad = |kind: &str, address: Value| json!({"identifier": "a\u{0}", "config_type_v4": kind, "configured_ipv4": address});
    assert_eq!(
        put(4, bad("static", NO_BODY)),
        refused(400, "dynamic-reserved configuration requires an IPv4")
    );
    assert_eq!(
        put(4, bad("static", json!("10.40.1.1"))),
        refused(400, "static IP out of range")
    );
    assert_eq!(put(5, bad("dynamic", json!("auto"))).0, 500);
    assert_eq!(
        put(4, bad("static", json!("10.40.2.31"))),
        refused(400, no_nul)
    );
    assert_eq!(put(4, bad("static", json!("auto"))), refused(400, no_nul));
    assert_eq!(put(4, bad("dynamic", NO_BODY)), refused(400, no_nul));
}

#[test]
fn leading_zeros_are_checked_when_an_address_is_used() {
    let lab = Lab::start();
    let put = |body| api(&lab, ALICE, "PUT", "/api/v1/machine/1/interface/4", body);
    let wish =
        |kind: &str, address: &str| json!({"config_type_v4": kind, "configured_ipv4": address});
    let long = error(&put(wish("static", "10.40.0002.50")));
    assert_eq!(
        long,
        refused(
            400,
            "At most 3 characters permitted in '0002' in '10.40.0002.50'"
        )
    );
    assert_eq!(put(wish("dynamic", "10.040.02.0000")).status, 200);
    assert_eq!(
        put(wish("static", "10.40.02.07")).json()["configured_ipv4"],
        "10.40.2.7"
    );
    assert_eq!(
        put(wish("static", "10.40.2.00256")).json()["error_type"],
        "SchemaError"
    );
    assert_eq!(
        put(wish("static", "10.40.2.-1")).json()["error_type"],
        "SchemaError"
    );
}

#[test]
fn reservation_uses_a_key_of_the_assignments() {
    let lab = Lab::start();
    let reserved = api(
        &lab,
        ALICE,
        "POST",
        "/api/v1/machine/reservation",
        json!({"query": null}),
    );
    assert_eq!(reserved.status, 200);
    let assigned = api(
        &lab,
        ADMIN,
        "POST",
        "/api/v1/machine/4/assignee",
        json!({"user": "bob"}),
    );
    assert_eq!(assigned.json()["id"], 8);
}

#[test]
fn leading_slashes_are_ignored_and_static_files_need_no_token() {
    let lab = Lab::start();
    let get = |path| send(host(&lab), "GET", path, &[("Authorization", ALICE)], b"").unwrap();
    assert_eq!(get("//api/v1/machine/2").json()["name"], "qdc01");
    assert_eq!(get("/api/v1/machine//2").json()["error_type"], "NotFound");
    for path in ["/api/v1/static/x.css", "/static/x"] {
        let answer = open(&lab, "GET", path, &[], b"");
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (404, Some("text/html")),
            "{path}"
        );
    }
    let answer = open(&lab, "POST", "/api/v1/static/x.css", &[], b"");
    assert_eq!(answer.status, 405);
}

#[test]
fn redirect_keeps_the_query() {
    let lab = Lab::start();
    for method in ["GET", "POST", "OPTIONS"] {
        let answer = open(&lab, method, "/tftp?a=1&b=%20", &[], b"");
        let location = format!("{}tftp/?a=1&b=%20", lab.url());
        assert_eq!(
            (answer.status, answer.header("location")),
            (301, Some(location.as_str())),
            "{method}"
        );
    }
}

#[test]
fn cors_headers_allow_every_origin() {
    let lab = Lab::start();
    let get =
        |method, headers: &[(&str, &str)]| open(&lab, method, "/api/v1/machine", headers, b"");
    assert_eq!(
        get("GET", &[]).header("access-control-allow-origin"),
        Some("*")
    );
    let origin = ("Origin", "http://ui.example");
    let answer = get("GET", &[origin]);
    let told = (
        answer.header("access-control-allow-origin"),
        answer.header("vary"),
    );
    assert_eq!(told, (Some("http://ui.example"), Some("Origin")));
    let asked = [
        origin,
        ("Access-Control-Request-Method", "PUT"),
        ("Access-Control-Request-Headers", "x-b, authorization"),
    ];
    let answer = get("OPTIONS", &asked);
    let told = (
        answer.header("access-control-allow-methods"),
        answer.header("access-control-allow-headers"),
    );
    assert_eq!(
        told,
        (
            Some("DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"),
            Some("authorization, x-b")
        )
    );
}

#[test]
fn xml_http_request_gets_compact_json() {
    let lab = Lab::start();
    let headers = [
        ("Authorization", ALICE),
        ("X-Requested-With", "xmlhttprequest"),
    ];
    let answer = open(&lab, "GET", "/api/v1/machine/7/assignee", &headers, b"");
    assert_eq!(
        answer.text(),
        "[{\"id\":6,\"reason\":\"quoting\",\"user\":\"alice\"}]\n"
    );
    let answer = open(&lab, "GET", "/api/v1/machine/7", &headers, b"");
    assert!(
        answer.text().contains(r#""name":"bad bmc/box \"q\"","#),
        "{}",
        answer.text()
    );
}

#[test]
fn body_is_decoded_in_its_charset() {
    let lab = Lab::start();
    let put = |kind: &str, body: &[u8]| {
        let headers = [("Authorization", ALICE), ("Content-Type", kind)];
        open(&lab, "PUT", "/api/v1/machine/2", &headers, body)
    };
    let latin = put(
        "application/json; charset=latin-1",
        b"{\"kernel_opts\": \"\xe9\"}",
    );
    assert_eq!(latin.json()["kernel_opts"], "é");
    assert_eq!(
        put(
            "application/json; charset=UTF-8",
            "{\"kernel_opts\": \"é\"}".as_bytes()
        )
        .status,
        200
    );
    assert_eq!(
        put(
            "application/json; charset=ascii",
            "{\"kernel_opts\": \"é\"}".as_bytes()
        )
        .status,
        400
    );
    assert_eq!(put("application/json; charset=nosuch", b"{}").status, 500);
}

#[test]
fn every_bearer_is_removed_from_the_header() {
    let lab = Lab::start();
    let get = |header: &str| {
        open(
            &lab,
            "GET",
            "/api/v1/machine/2",
            &[("Authorization", header)],
            b"",
        )
        .status
    };
    assert_eq!(get("Bearer Bearer alice-token  "), 200);
    assert_eq!(get("Bearer  alice-token"), 401);
    assert_eq!(get("alice-token Bearer "), 401);
}

#[test]
fn form_must_begin_with_its_boundary() {
    let lab = Lab::start();
    let upload = |before: &str, kind: &str| {
        let (content_type, form) = common::image_form("x", "Kernel", "Image", b"x");
        let body = [before.as_bytes(), &form].concat();
        let kind = if kind.is_empty() { content_type } else { kind };
        open(
            &lab,
            "POST",
            "/api/v1/image",
            &[("Authorization", ALICE), ("Content-Type", kind)],
            &body,
        )
        .status
    };
    assert_eq!(upload("", ""), 201);
    assert_eq!(upload("\r\n \r\n", ""), 201);
    assert_eq!(upload("preamble\r\n", ""), 500);
    assert_eq!(upload("", "multipart/form-data; boundary=another"), 500);
    assert_eq!(upload("", "multipart/mixed; boundary=labtest"), 500);
}

#[test]
fn dhcp_bodies_with_unknown_fields_are_refused() {
    let lab = Lab::start();
    let lease = |changes: Value| {
        let mut body = json!({"mac": "52:54:00:00:03:01", "ipv4": "10.40.5.33", "duration": 60});
        body.as_object_mut()
            .unwrap()
            .extend(changes.as_object().unwrap().clone());
        let answer = post(&lab, "/dhcp/ipv4/lease", body);
        (answer.status, answer.text())
    };
    let (status, text) = lease(json!({"x": 1}));
    assert!(
        status == 400 && text.starts_with("Wrong keys 'x' in {"),
        "{text}"
    );
    assert_eq!(lease(json!({"mac": "52-54-00-00-03-01"})).0, 400);
    assert_eq!(lease(json!({"mac": "52:54:00:00:03:01x"})).0, 500);
    assert_eq!(lease(json!({"ipv4": 171443489})).0, 500);
    assert_eq!(lease(json!({"ipv4": "10.40.5.07"})).0, 201);
    let interface = api(&lab, ALICE, "GET", "/api/v1/machine/3/interface/8", NO_BODY).json();
    assert_eq!(interface["lease_ipv4"], "10.40.5.7");
}

#[test]
fn dhcp_seen_options_are_numbers_and_texts() {
    let lab = Lab::start();
    let seen = |options: Value| {
        let body = json!({"mac": "52:54:00:de:ad:01", "discover": true, "options": options});
        let answer = post(&lab, "/dhcp/ipv4/seen", body);
        (answer.status, answer.text())
    };
    assert_eq!(
        seen(json!([{"option": 12, "value": 5}, {"option": 0, "value": "x"}])).0,
        202
    );
    for options in [
        json!([{"option": -1, "value": 1}]),
        json!([{"option": 1}]),
        json!([{"option": 1, "value": 1, "x": 1}]),
        json!([1]),
    ] {
        let (status, text) = seen(options.clone());
        assert!(
            status == 400 && text.contains(" did not validate "),
            "{options}: {text}"
        );
    }
    let (status, text) = seen(json!([{"option": 1, "value": null}]));
    assert!(
        status == 400 && text.ends_with("None should be instance of 'str'"),
        "{text}"
    );
    assert_eq!(
        seen(json!({})),
        (400, "{} should be instance of 'list'".into())
    );
}

#[test]
fn reserved_interface_belongs_to_the_subnet_with_its_pool() {
    let lab = Lab::start();
    let subnet = |mac: &str, prefix: &str, first: &str| {
        let pool = json!({"poolId": 1, "capacity": 10, "firstIP": first, "lastIP": "10.40.9.9"});
        let offered = json!({"subnetId": 7, "prefix": prefix, "prefixLen": 16, "pools": [pool]});
        post(
            &lab,
            "/dhcp/ipv4/subnet",
            json!({"mac": mac, "subnets": [offered]}),
        )
        .json()
    };
    let (reserved, fixed) = ("52:54:00:00:01:02", "52:54:00:00:01:03");
    assert_eq!(
        subnet(reserved, "10.40.0.0", "10.40.1.10"),
        json!({"subnetId": 7})
    );
    assert_eq!(
        subnet(reserved, "10.40.7.7", "10.40.1.10"),
        json!({"subnetId": 7}),
        "host bits do not matter"
    );
    assert_eq!(subnet(reserved, "10.40.0.0", "10.40.5.10"), json!({}));
    assert_eq!(subnet(reserved, "10.41.0.0", "10.40.1.10"), json!({}));
    assert_eq!(
        subnet(fixed, "10.40.0.0", "10.40.1.10"),
        json!({"subnetId": null})
    );
}

#[test]
fn dhcp_accepts_macs_in_postgresql_forms() {
    let lab = Lab::start();
    let get = |mac: &str| open(&lab, "GET", &format!("/dhcp/ipv4?hwaddr={mac}"), &[], b"").status;
    let asked = [
        "",
        "525400000201",
        "5254.0000.0201",
        "52:54:0:0:2:1",
        "52:54-00:00:02:01",
        "5254:0000:0201",
    ];
    assert_eq!(asked.map(get), [400, 200, 200, 200, 500, 500]);
}

#[test]
fn boot_configuration_name_has_a_mac_with_dashes() {
    let lab = Lab::start();
    assert_eq!(tftp(&lab, "x/01-52:54:00:00:01:01").status, 404);
    assert_eq!(tftp(&lab, "x/01-efi/01-52-54-00-00-01-01.cfg").status, 200);
    assert_eq!(tftp(&lab, "x/01-52-54-00-00-0A-01").status, 404);
}

#[test]
fn pxelinux_configuration_without_initrd_has_a_blank() {
    let lab = Lab::start();
    let body = json!({"netboot_enabled": true, "kernel_id": 3, "kernel_opts": "quiet"});
    assert_eq!(
        api(&lab, ALICE, "PUT", "/api/v1/machine/2", body).status,
        200
    );
    let text = tftp(&lab, "pxelinux.cfg/01-52-54-00-00-02-01").text();
    assert!(text.ends_with("\tappend   quiet"), "{text:?}");
}

#[test]
fn preseed_machine_id_is_parsed_like_postgresql() {
    let lab = Lab::start();
    let get = |id: &str| open(&lab, "GET", &format!("/preseed/{id}"), &[], b"").status;
    let asked = [
        "1",
        "%201%20",
        "+1",
        "01",
        "-1",
        "2147483647",
        "2147483648",
        "1_0",
        "1.0",
        "0x1",
    ];
    assert_eq!(
        asked.map(get),
        [200, 200, 200, 200, 404, 404, 500, 500, 500, 500]
    );
}

#[test]
fn generated_machines_have_the_same_fields_as_seeded_ones() {
    let lab = Lab::with_machines(2);
    let body = json!({"kernel_id": 3, "subarch": "nobl"});
    assert_eq!(
        api(&lab, ALICE, "PUT", "/api/v1/machine/9", body).json()["name"],
        "gen-0001"
    );
    assert_eq!(control(&lab, "POST", "reset", NO_BODY).status, 200);
    assert_eq!(
        api(&lab, ALICE, "GET", "/api/v1/machine/9", NO_BODY).json()["kernel_id"],
        NO_BODY
    );
}
