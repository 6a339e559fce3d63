//! Connections: stall timeout, redirects, size limits, reuse and threads.

use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use mr_provisioner::client::*;

use crate::server::{Server, get, post, put, response};
use crate::support::*;

/// The end of the message of a stall timeout.
fn stall_message() -> String {
    format!(
        "no byte in either direction for {} s",
        SHORT_STALL_TIMEOUT.as_secs()
    )
}

#[test]
fn request_without_an_answer_times_out() {
    let server = Server::start([get("/api/v1/machine/7").stall()]);
    let error = client_without_retries(&server)
        .machines()
        .get(MachineId(7))
        .unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Timeout), "{error:?}");
    assert!(error.to_string().ends_with(&stall_message()), "{error}");
    server.finish();
}

#[test]
fn answer_that_stalls_times_out() {
    let whole = response(200, "", machine_json(7, "a").as_bytes());
    let half = whole[..whole.len() / 2].to_vec();
    let server = Server::start([get("/api/v1/machine/7").raw(half)]);
    let error = client_without_retries(&server)
        .machines()
        .get(MachineId(7))
        .unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Timeout), "{error:?}");
    assert!(error.to_string().ends_with(&stall_message()), "{error}");
    server.finish();
}

#[test]
fn slow_answer_does_not_time_out() {
    const PAUSE: Duration = Duration::from_millis(10);
    let limit = Duration::from_secs(1);
    let machine = machine_json(7, "a");
    let mut head = response(200, "", machine.as_bytes());
    let body = head.split_off(head.len() - machine.len());
    let pieces: Vec<_> = [head]
        .into_iter()
        .chain(body.chunks(1).map(<[u8]>::to_vec))
        .collect();
    assert!(PAUSE * pieces.len() as u32 > limit, "it is not slow");
    let server = Server::start([get("/api/v1/machine/7").drip(pieces, PAUSE)]);
    let (client, _) = connect(&without_retries(&server, limit));
    client.machines().get(MachineId(7)).unwrap();
    server.finish();
}

#[test]
fn endless_slow_answer_is_too_slow() {
    let head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n[".to_vec();
    let endless = std::iter::repeat_n(b" ".to_vec(), 10_000);
    let pieces = std::iter::once(head).chain(endless).collect();
    let server = Server::start([get("/api/v1/machine/7").drip(pieces, Duration::from_millis(20))]);
    let (client, _) = connect(&without_retries(&server, Duration::from_secs(1)));
    let error = client.machines().get(MachineId(7)).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("the server's answer did not end within 10 s"),
        "{error}"
    );
}

#[test]
fn redirect_of_a_get_within_the_server_is_followed() {
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
fn redirect_loop_is_an_error() {
    let server = Server::start(
        (0..6).map(|_| get("/api/v1/machine/7").headed(302, "Location: /api/v1/machine/7\r\n", "")),
    );
    let error = client(&server).0.machines().get(MachineId(7)).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Redirected), "{error:?}");
    server.finish();
}

#[test]
fn redirect_of_a_put_is_not_followed() {
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
        assert!(matches!(error.kind(), ErrorKind::Redirected), "{error:?}");
        server.finish();
    }
}

#[test]
fn redirect_without_location_is_an_error() {
    let server = Server::start([get("/api/v1/machine/7").headed(302, "", "")]);
    let error = client(&server).0.machines().get(MachineId(7)).unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::UnexpectedStatus),
        "{error:?}"
    );
    server.finish();
}

#[test]
fn answer_above_the_size_limit_is_an_error() {
    let mut endless = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n[".to_vec();
    endless.resize(65 * 1024 * 1024, b' ');
    let server = Server::start([get("/api/v1/preseed").raw(endless)]);
    let error = client(&server).0.preseeds().list(Scope::Own).unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::ResponseTooLarge),
        "{error:?}"
    );
    assert_eq!(
        error.to_string(),
        "listing preseeds: the server's list has an item that is larger than 32.0 MiB"
    );
    server.finish();
}

#[test]
fn get_is_repeated_after_a_truncated_answer() {
    let cut =
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\n{\"id\"".to_vec();
    let server = Server::start([
        get("/api/v1/machine/7").cut(cut),
        get("/api/v1/machine/7").json(200, machine_json(7, "a")),
    ]);
    let (client, clock) = client(&server);
    client.machines().get(MachineId(7)).unwrap();
    assert_eq!(clock.pauses(), [0.5]);
    server.finish();
}

#[test]
fn connection_is_reused() {
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
fn post_does_not_use_a_connection_that_the_server_closed() {
    let server = Server::start([
        get("/api/v1/machine/7/state").last(200, r#"{"state": "ready"}"#),
        post("/api/v1/machine/7/state")
            .body(r#"{"state":"provision"}"#)
            .json(202, r#"{"state":"provisioning"}"#),
    ]);
    let (client, clock) = client(&server);
    client.states().get(MachineId(7)).unwrap();
    server.hang_up();
    assert_eq!(
        client.states().provision(MachineId(7)).unwrap(),
        MachineState::Provisioning
    );
    assert!(clock.pauses().is_empty());
    server.finish();
}

#[test]
fn threads_share_a_client() {
    let server =
        Server::start((0..40).map(|_| get("/api/v1/machine/1").json(200, machine_json(1, "a"))));
    let (client, _) = client(&server);
    let client = client.read_only();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..5).for_each(|_| drop(client.machines().get(MachineId(1)).unwrap())));
        }
    });
    server.finish();
}

#[test]
fn thousand_requests_of_eight_threads_are_answered() {
    let server =
        Server::start((0..1000).map(|_| get("/api/v1/machine/1").json(200, machine_json(1, "a"))));
    let (client, clock) = client(&server);
    let client = client.read_only();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                (0..125).for_each(|_| drop(client.machines().get(MachineId(1)).unwrap()))
            });
        }
    });
    assert!(clock.pauses().is_empty());
    server.finish();
}

#[test]
fn connecting_to_a_full_accept_queue_times_out() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // Fills the accept queue, so that the system drops further connections.
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
        assert!(matches!(error.kind(), ErrorKind::Connect), "{error:?}");
        assert!(
            error
                .to_string()
                .ends_with("none within 0.15 s (4 attempts in 3.5 s)"),
            "{error}"
        );
    }
    assert_eq!(clock.pauses().len(), 6);
}

#[test]
fn server_without_tls_is_named_as_the_reason() {
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
