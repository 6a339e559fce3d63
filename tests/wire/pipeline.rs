//! Retries, delays, stalls, redirects and limits.

use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use mr_provisioner::api::*;

use crate::server::{Server, delete, get, post, put, response};
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
fn attempts_end() {
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
fn the_server_may_say_when_to_come_back() {
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
fn other_errors_are_not_tried_again() {
    for status in [400, 401, 403, 404, 409, 500] {
        let server = Server::start([get("/api/v1/machine/7").html(status, "")]);
        let (client, clock) = client(&server);
        client.machines().get(MachineId(7)).unwrap_err();
        assert!(clock.pauses().is_empty());
        server.finish();
    }
}

#[test]
fn a_change_is_tried_again() {
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
fn a_deletion_that_took_effect_before_is_one() {
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
            matches!(error, ApiError::OutcomeUnknown { .. }),
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
    let error = impatient(&server)
        .states()
        .provision(MachineId(7))
        .unwrap_err();
    assert!(
        matches!(error, ApiError::OutcomeUnknown { .. }),
        "{error:?}"
    );
    server.finish();
}

#[test]
fn what_never_arrived_is_tried_again_whatever_it_is() {
    let unused = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let (client, clock) = connect(&settings(&format!("http://{unused}/")));
    let error = client.states().provision(MachineId(7)).unwrap_err();
    assert!(matches!(error, ApiError::Connect { .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        format!(
            "starting the provisioning of machine 7: no connection to {unused}: connection refused"
        )
    );
    assert_eq!(clock.pauses(), [0.5, 1.0, 2.0]);
}

#[test]
fn a_silent_server_is_given_up() {
    let server = Server::start([get("/api/v1/machine/7").stall()]);
    let start = Instant::now();
    let error = impatient(&server).machines().get(MachineId(7)).unwrap_err();
    assert!(matches!(error, ApiError::Timeout { .. }), "{error:?}");
    assert!(
        error
            .to_string()
            .ends_with("no byte in either direction for 0.15 s"),
        "{error}"
    );
    assert!(start.elapsed() < Duration::from_secs(5));
    server.finish();
}

#[test]
fn an_answer_that_stops_is_given_up() {
    let whole = response(200, "", machine_json(7, "a").as_bytes());
    let server = Server::start([get("/api/v1/machine/7").drip(
        vec![whole[..80].to_vec(), whole[80..].to_vec()],
        Duration::from_millis(600),
    )]);
    let mut settings = settings(&server.url());
    settings.stall_timeout = Duration::from_millis(900);
    settings.retry.retries = 0;
    let (client, _) = connect(&settings);
    client.machines().get(MachineId(7)).unwrap();
    server.finish();

    let server = Server::start([get("/api/v1/machine/7").drip(
        vec![whole[..80].to_vec(), whole[80..].to_vec()],
        Duration::from_millis(100),
    )]);
    settings.url = BaseUrl::parse(&server.url()).unwrap();
    settings.stall_timeout = Duration::from_millis(40);
    let error = connect(&settings)
        .0
        .machines()
        .get(MachineId(7))
        .unwrap_err();
    assert!(matches!(error, ApiError::Timeout { .. }), "{error:?}");
    server.finish();
}

#[test]
fn a_slow_transfer_is_not_a_stall() {
    let whole = response(200, "", machine_json(7, "a").as_bytes());
    let pieces = whole.chunks(40).map(<[u8]>::to_vec).collect();
    let server = Server::start([get("/api/v1/machine/7").drip(pieces, Duration::from_millis(60))]);
    let mut settings = settings(&server.url());
    settings.stall_timeout = Duration::from_millis(300);
    settings.retry.retries = 0;
    connect(&settings).0.machines().get(MachineId(7)).unwrap();
    server.finish();
}

#[test]
fn redirects_within_the_server_are_followed() {
    let server = Server::start([
        get("/api/v1/machine/7").headed(301, "Location: /mrp/api/v1/machine/7\r\n", ""),
        get("/mrp/api/v1/machine/7")
            .header("authorization", &format!("Bearer {TOKEN}"))
            .json(200, machine_json(7, "a")),
    ]);
    client(&server).0.machines().get(MachineId(7)).unwrap();
    server.finish();
}

#[test]
fn redirects_in_a_circle_end() {
    let server = Server::start(
        (0..6).map(|_| get("/api/v1/machine/7").headed(302, "Location: /api/v1/machine/7\r\n", "")),
    );
    let error = client(&server).0.machines().get(MachineId(7)).unwrap_err();
    assert!(matches!(error, ApiError::Redirected { .. }), "{error:?}");
    server.finish();
}

#[test]
fn redirects_of_a_change_are_not_followed() {
    for status in [301, 307, 308] {
        let server = Server::start([put("/api/v1/machine/7").headed(
            status,
            "Location: /elsewhere\r\n",
            "",
        )]);
        let error = client(&server)
            .0
            .machines()
            .update(MachineId(7), &MachineChanges::default())
            .unwrap_err();
        assert!(matches!(error, ApiError::Redirected { .. }), "{error:?}");
        server.finish();
    }
}

#[test]
fn a_redirect_without_a_place_is_an_error() {
    let server = Server::start([get("/api/v1/machine/7").headed(302, "", "")]);
    let error = client(&server).0.machines().get(MachineId(7)).unwrap_err();
    assert!(matches!(error, ApiError::UnexpectedStatus(_)), "{error:?}");
    server.finish();
}

#[test]
fn an_endless_answer_is_not_read() {
    let mut endless = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n[".to_vec();
    endless.resize(65 * 1024 * 1024, b' ');
    let server = Server::start([get("/api/v1/preseed").raw(endless)]);
    let error = client(&server).0.preseeds().list(Scope::Own).unwrap_err();
    assert!(
        matches!(error, ApiError::ResponseTooLarge { .. }),
        "{error:?}"
    );
    assert_eq!(
        error.to_string(),
        "listing preseeds: the server's answer is larger than 64.0 MiB"
    );
    server.finish();
}

#[test]
fn an_answer_cut_short_is_lost() {
    let cut =
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\n{\"id\"".to_vec();
    let server = Server::start([
        get("/api/v1/machine/7").drip(vec![cut], Duration::ZERO),
        get("/api/v1/machine/7").json(200, machine_json(7, "a")),
    ]);
    // The server closes after the cut answer because the client does: it reads no further request on that connection.
    let mut settings = settings(&server.url());
    settings.stall_timeout = Duration::from_millis(200);
    let (client, clock) = connect(&settings);
    client.machines().get(MachineId(7)).unwrap();
    assert_eq!(clock.pauses(), [0.5]);
    server.finish();
}

#[test]
fn connections_are_kept() {
    let server =
        Server::start((0..3).map(|_| get("/api/v1/machine/7").json(200, machine_json(7, "a"))));
    let (client, _) = client(&server);
    for _ in 0..3 {
        client.machines().get(MachineId(7)).unwrap();
    }
    drop(client);
    server.finish();
}

#[test]
fn a_kept_connection_that_the_server_closed_is_not_used_for_a_post() {
    let server = Server::start([
        get("/api/v1/machine/7/state").headed(200, "Connection: keep-alive\r\n", state_body()),
        post("/api/v1/machine/7/state")
            .body(r#"{"state":"provision"}"#)
            .json(202, r#"{"state":"provisioning"}"#),
    ]);
    let (client, _) = client(&server);
    client.states().get(MachineId(7)).unwrap();
    assert_eq!(
        client.states().provision(MachineId(7)).unwrap(),
        MachineState::Provisioning
    );
    server.finish();
}

#[test]
fn threads_share_a_client() {
    let server =
        Server::start((0..40).map(|_| get("/api/v1/machine/1").json(200, machine_json(1, "a"))));
    let (client, _) = client(&server);
    let reader = client.reader();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..5).for_each(|_| drop(reader.machines().get(MachineId(1)).unwrap())));
        }
    });
    server.finish();
}

#[test]
fn a_server_that_does_not_accept_connections_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // Fills the queue of connections that nobody accepts, until the system drops further ones.
    let mut waiting = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(100)) {
        waiting.push(stream);
    }
    let mut settings = settings(&format!("http://{address}/"));
    settings.stall_timeout = Duration::from_millis(150);
    let (client, clock) = connect(&settings);
    for error in [
        client.machines().get(MachineId(7)).unwrap_err(),
        client.states().provision(MachineId(7)).unwrap_err(),
    ] {
        assert!(matches!(error, ApiError::Connect { .. }), "{error:?}");
        assert!(error.to_string().ends_with("none within 0.15 s"), "{error}");
    }
    assert_eq!(clock.pauses().len(), 6);
}

#[test]
fn a_server_that_does_not_speak_tls_says_so() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        std::io::Write::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        let _ = std::io::Read::read_to_end(&mut stream, &mut Vec::new());
    });
    let mut settings = settings(&format!("https://{address}/"));
    settings.tls.validate_certs = false;
    let (client, _) = connect(&settings);
    let error = client.machines().get(MachineId(7)).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("it does not speak TLS at this port"),
        "{error}"
    );
    drop(client);
    server.join().unwrap();
}
