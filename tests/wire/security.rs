//! Where the token goes, and where it does not.

use mr_provisioner::client::*;

use crate::server::{Server, get};
use crate::support::*;

#[test]
fn the_token_goes_to_no_other_origin() {
    let other = Server::start([]);
    for place in [
        format!("http://{}/api/v1/machine/7?canary", other.address),
        format!("//{}/x", other.address),
        format!("https://{}/x", other.address),
        format!("http://user:canary@{}/x#canary", other.address),
    ] {
        let server = Server::start([get("/api/v1/machine/7").headed(
            302,
            &format!("Location: {place}\r\n"),
            "",
        )]);
        let error = client(&server).0.machines().get(MachineId(7)).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Redirected), "{error:?}");
        assert!(
            error.to_string().contains(&other.address.to_string()),
            "{error}"
        );
        assert_clean(&error);
        server.finish();
    }
    assert!(other.finish().is_empty());
}

#[test]
fn the_token_does_not_follow_a_redirect_out_of_the_urls_prefix() {
    let server = Server::start([
        get("/mrp/api/v1/machine/7").headed(302, "Location: /elsewhere/machine/7\r\n", ""),
        get("/elsewhere/machine/7")
            .without("authorization")
            .json(200, machine_json(7, "a")),
    ]);
    let (client, _) = connect(&settings(&format!("{}mrp/", server.url())));
    client.machines().get(MachineId(7)).unwrap();
    server.finish();
}

#[test]
fn debug_output_and_errors_do_not_show_the_token() {
    let settings = settings("http://127.0.0.1:1/");
    let (client, _) = connect(&settings);
    let shown = format!(
        "{settings:?} {client:?} {:?} {:?}",
        client.read_only(),
        client.machines()
    );
    assert!(!shown.contains("canary"), "{shown}");
    assert_clean(&client.machines().list(Scope::Own).unwrap_err());
}

#[test]
fn token_repeated_by_the_server_is_masked() {
    let body = format!(r#"{{"error_type": "InvalidUsage", "errors": ["bad token {TOKEN}"]}}"#);
    let server = Server::start([get("/api/v1/machine/7").json(400, body)]);
    let error = client(&server).0.machines().get(MachineId(7)).unwrap_err();
    assert_clean(&error);
    server.finish();
}

#[test]
fn token_within_an_unknown_text_is_never_kept_whatever_its_spelling() {
    // Percent-encoded twice, JSON in JSON, base64 of "Bearer TOKEN", hexadecimal digits, and one that nobody knows.
    for spelling in [
        TOKEN,
        "canary-token%252F%252B%253D",
        r"canary-token\\\/\\u002b=",
        "QmVhcmVyIGNhbmFyeS10b2tlbi8rPQ==",
        "63616e6172792d746f6b656e2f2b3d",
        "c-a-n-a-r-y",
    ] {
        for before in [0, 4090, 70_000] {
            let body = format!("{}{spelling}<p>", ".".repeat(before)) + &"-".repeat(9000);
            let server = Server::start([get("/api/v1/machine/7").answer(400, "text/html", &body)]);
            let error = client(&server).0.machines().get(MachineId(7)).unwrap_err();
            assert_clean(&error);
            let kept = error.server_response().unwrap();
            assert!(kept.ends_with("bytes, not shown: they may hold secrets)"));
            server.finish();
        }
    }
}

#[test]
fn token_that_is_a_word_of_a_known_sentence_is_masked() {
    let mut settings = settings("http://127.0.0.1:1/");
    settings.token = Token::new("canary1").unwrap();
    for error_type in ["ValueError", "SchemaMissingKeyError"] {
        let texts = [
            "`canary1` is not a valid operation",
            "Missing keys: 'canary1'",
        ];
        let body = serde_json::json!({ "error_type": error_type, "errors": texts });
        for text in texts {
            let mut body = body.clone();
            body["errors"] = text.into();
            let server = Server::start([get("/api/v1/machine/7").json(400, body.to_string())]);
            settings.url = BaseUrl::parse(&server.url()).unwrap();
            let error = connect(&settings)
                .0
                .machines()
                .get(MachineId(7))
                .unwrap_err();
            assert_clean(&error);
            assert!(!error.server_response().unwrap().contains("canary"));
            server.finish();
        }
    }
}
