//! Which requests are tried again, and after which pause.

use std::io::Read;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;

use mr_provisioner::client::*;

use crate::server::{Server, delete, get, post, put};
use crate::support::*;

fn state_body() -> &'static str {
    r#"{"state": "ready"}"#
}

#[test]
fn reading_is_tried_again_with_growing_pauses() {
    let server = Server::start([
        get("/api/v1/machine/7/state").html(503, ""),
        get("/api/v1/machine/7/state").html(502, ""),
        get("/api/v1/machine/7/state").close(),
        get("/api/v1/machine/7/state").json(200, state_body()),
    ]);
    let (client, clock) = client(&server);
    assert_eq!(
        client.states().get(MachineId(7)).unwrap(),
        MachineState::Ready
    );
    assert_eq!(clock.pauses(), [0.5, 1.0, 2.0]);
    server.finish();
}

#[test]
fn attempts_end_after_the_retries() {
    let server = Server::start((0..4).map(|_| get("/api/v1/machine/7/state").html(504, "")));
    let (client, clock) = client(&server);
    let error = client.states().get(MachineId(7)).unwrap_err();
    assert_eq!(error.status(), Some(504));
    assert_eq!(clock.pauses(), [0.5, 1.0, 2.0]);
    server.finish();
}

#[test]
fn pauses_are_capped() {
    let server = Server::start((0..9).map(|_| get("/api/v1/machine/7/state").html(503, "")));
    let mut settings = settings(&server.url());
    settings.retry.retries = 8;
    let (client, clock) = connect(&settings);
    client.states().get(MachineId(7)).unwrap_err();
    assert_eq!(clock.pauses(), [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]);
    server.finish();
}

#[test]
fn retry_after_replaces_the_pause() {
    let date = "Date: Tue, 05 Mar 2019 10:20:30 GMT\r\n";
    let server = Server::start([
        get("/api/v1/machine/7/state").headed(503, "Retry-After: 7\r\n", ""),
        get("/api/v1/machine/7/state").headed(
            503,
            &format!("{date}Retry-After: Tue, 05 Mar 2019 10:20:42 GMT\r\n"),
            "",
        ),
        get("/api/v1/machine/7/state").headed(503, "Retry-After: 86400\r\n", ""),
        get("/api/v1/machine/7/state").headed(503, "Retry-After: soon\r\n", ""),
        get("/api/v1/machine/7/state").json(200, state_body()),
    ]);
    let mut settings = settings(&server.url());
    settings.retry.retries = 4;
    let (client, clock) = connect(&settings);
    client.states().get(MachineId(7)).unwrap();
    assert_eq!(clock.pauses(), [7.0, 12.0, 30.0, 4.0]);
    server.finish();
}

#[test]
fn refusals_are_not_tried_again() {
    for status in [400, 401, 403, 404, 409, 500] {
        let server = Server::start([get("/api/v1/machine/7").html(status, "")]);
        let (client, clock) = client(&server);
        client.machines().get(MachineId(7)).unwrap_err();
        assert!(clock.pauses().is_empty());
        server.finish();
    }
}

#[test]
fn change_is_tried_again() {
    let server = Server::start([
        put("/api/v1/machine/7").close(),
        put("/api/v1/machine/7")
            .body(r#"{"netboot_enabled":true}"#)
            .json(200, machine_json(7, "a")),
    ]);
    let (client, clock) = client(&server);
    let changes = MachineChanges {
        netboot_enabled: Some(true),
        ..MachineChanges::default()
    };
    assert_eq!(
        client.machines().update(MachineId(7), &changes).unwrap().id,
        MachineId(7)
    );
    assert_eq!(clock.pauses(), [0.5]);
    server.finish();
}

#[test]
fn deletion_that_took_effect_at_a_lost_attempt_succeeds() {
    let missing = r#"{"error_type":"InvalidUsage","errors":["image not found"]}"#;
    let server = Server::start([
        delete("/api/v1/image/3").close(),
        delete("/api/v1/image/3").json(404, missing),
    ]);
    client(&server).0.images().delete(ImageId(3)).unwrap();
    server.finish();

    let server = Server::start([delete("/api/v1/image/3").json(404, missing)]);
    assert!(
        client(&server)
            .0
            .images()
            .delete(ImageId(3))
            .unwrap_err()
            .is_not_found()
    );
    server.finish();
}

#[test]
fn provisioning_is_never_repeated() {
    for step in [
        post("/api/v1/machine/7/state").close(),
        post("/api/v1/machine/7/state").html(502, ""),
        post("/api/v1/machine/7/state").html(504, ""),
    ] {
        let server = Server::start([step]);
        let (client, clock) = client(&server);
        let error = client.states().provision(MachineId(7)).unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::OutcomeUnknown),
            "{error:?}"
        );
        assert!(
            error
                .to_string()
                .contains("whether it took effect is unknown"),
            "{error}"
        );
        assert!(clock.pauses().is_empty());
        server.finish();
    }
}

#[test]
fn provisioning_that_stalls_has_an_unknown_outcome() {
    let server = Server::start([post("/api/v1/machine/7/state").stall()]);
    let error = client_without_retries(&server)
        .states()
        .provision(MachineId(7))
        .unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::OutcomeUnknown),
        "{error:?}"
    );
    server.finish();
}

#[test]
fn request_that_never_arrived_is_tried_again_even_when_not_idempotent() {
    let (client, clock) = connect(&settings("http://127.0.0.1:1/"));
    let error = client.states().provision(MachineId(7)).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Connect), "{error:?}");
    assert_eq!(
        error.to_string(),
        "starting the provisioning of machine 7: no connection to 127.0.0.1:1: connection refused (4 attempts in 3.5 s)"
    );
    assert_eq!(clock.pauses(), [0.5, 1.0, 2.0]);
}

#[test]
fn lost_change_may_have_taken_effect_although_the_retry_cannot_connect() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let read = stream.read(&mut [0; 4096]).unwrap();
        assert!(read > 0);
        // Nobody listens any more when the answer is seen to be missing.
        drop(listener);
        drop(stream);
    });
    let (client, _) = connect(&settings(&url));
    let error = client
        .states()
        .set(MachineId(7), ReportedState::Ready)
        .unwrap_err();
    server.join().unwrap();
    assert!(matches!(error.kind(), ErrorKind::Disconnected), "{error:?}");
    assert!(error.may_have_taken_effect());
}

#[test]
fn every_attempt_is_reported_with_its_number_and_status() {
    let server = Server::start([
        get("/mrp/api/v1/machine?show_all=true").html(503, ""),
        get("/mrp/api/v1/machine?show_all=true").close(),
        get("/mrp/api/v1/machine?show_all=true").json(200, "[]"),
        post("/mrp/api/v1/machine/7/state").html(403, ""),
    ]);
    let reported = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&reported);
    let mut settings = settings(&format!("{}mrp", server.url()));
    settings.progress = ProgressListener::new(move |event| match *event {
        ProgressEvent::RequestEnded {
            method,
            path,
            status,
            attempt,
            ..
        } => noted
            .lock()
            .unwrap()
            .push(format!("{attempt} {method} {path} {status:?}")),
        ProgressEvent::RequestStarted { .. } => {}
        ref other => panic!("{other:?}"),
    });
    let (client, _) = connect(&settings);
    client.machines().list(Scope::Visible).unwrap();
    client.states().provision(MachineId(7)).unwrap_err();
    assert_eq!(
        *reported.lock().unwrap(),
        [
            "1 GET /api/v1/machine?show_all=true Some(503)",
            "2 GET /api/v1/machine?show_all=true None",
            "3 GET /api/v1/machine?show_all=true Some(200)",
            "1 POST /api/v1/machine/7/state Some(403)",
        ]
    );
    server.finish();
}

#[test]
fn an_error_after_several_attempts_says_how_many_and_for_how_long() {
    let server = Server::start((0..3).map(|_| get("/api/v1/machine/7").html(503, "")));
    let mut settings = settings(&server.url());
    settings.retry.retries = 2;
    let (client, _) = connect(&settings);
    let error = client.machines().get(MachineId(7)).unwrap_err();
    assert_eq!(error.attempts(), 3);
    assert_eq!(
        error.to_string(),
        "reading machine 7: the server is not available (status 503) (3 attempts in 1.5 s)"
    );
    server.finish();
}

#[test]
fn a_client_works_inside_an_async_runtime() {
    let server =
        Server::start((0..2).map(|_| get("/api/v1/machine/7").json(200, machine_json(7, "a"))));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let (client, _) = client(&server);
        for _ in 0..2 {
            client.machines().get(MachineId(7)).unwrap();
        }
    });
    server.finish();
}
