//! Consoles: the connection that the client makes, and what goes over it.

use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use mr_provisioner::client::*;
use mrp_lab::Lab;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::json;
use tungstenite::Message;

use crate::server::{Server, post};
use crate::support::*;
use crate::tls::{self, encrypted, trusting};

const SECRET: &str = "canarycanarycanarycanarycanarycanarycanarycanary";
const LIMIT: Duration = Duration::from_secs(60);

fn lab_client(lab: &Lab) -> Client {
    Client::builder(lab.url(), "alice-token").connect().unwrap()
}

fn open(client: &Client, machine: u64) -> Result<ConsoleStream> {
    let consoles = client.consoles();
    let console = consoles.create(MachineId(machine))?;
    let stream = consoles.connect(MachineId(machine), &console, &Interrupter::default())?;
    Ok(stream.unwrap())
}

/// Reads until the text has this part.
fn read_until(stream: &mut ConsoleStream, part: &str) -> String {
    let mut text = String::new();
    while !text.contains(part) {
        match stream.read(LIMIT).unwrap() {
            ConsoleOutput::Bytes(bytes) => text.push_str(&String::from_utf8_lossy(&bytes)),
            other => panic!("{other:?} after {text}"),
        }
    }
    text
}

#[test]
fn console_is_read_and_typed_on() {
    let lab = Lab::start();
    let client = lab_client(&lab);
    let mut stream = open(&client, 2).unwrap();
    read_until(&mut stream, "SOL Session operational");
    stream.write(b"root\r").unwrap();
    read_until(&mut stream, "root\r\nqdc01 login: ");
    assert_eq!(lab.console(json!({"machine": "qdc01"}))["typed"], "root\r");
    // More than the other side takes in one message.
    stream.write(&[b'x'; 20_000]).unwrap();
    let text = read_until(&mut stream, &"x".repeat(20_000));
    assert_eq!(text.len(), 20_000);
    lab.reset();
    assert_eq!(stream.read(LIMIT).unwrap(), ConsoleOutput::End);
}

#[test]
fn second_reader_reads_a_sentence_and_the_end() {
    let lab = Lab::start();
    let client = lab_client(&lab);
    let _first = open(&client, 2).unwrap();
    let mut second = open(&client, 2).unwrap();
    read_until(&mut second, "already active on another session");
    assert_eq!(second.read(LIMIT).unwrap(), ConsoleOutput::End);
}

#[test]
fn broken_connection_is_an_error_and_a_new_one_goes_on() {
    let lab = Lab::start();
    let client = lab_client(&lab);
    lab.console(json!({"machine": "qdc01", "break_after": 50}));
    let mut stream = open(&client, 2).unwrap();
    lab.console(json!({"machine": "qdc01", "print": [0, 255, 27, 128], "repeat": 100}));
    let error = loop {
        match stream.read(LIMIT) {
            Ok(ConsoleOutput::Bytes(_)) => {}
            Ok(other) => panic!("{other:?}"),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::Disconnected, "{error}");
    read_until(&mut open(&client, 2).unwrap(), "SOL Session operational");
}

#[test]
fn ten_megabytes_at_once_arrive_whole() {
    let lab = Lab::start();
    let mut stream = open(&lab_client(&lab), 2).unwrap();
    read_until(&mut stream, "help]\n");
    let bytes: Vec<u8> = (0..=255).collect();
    lab.console(json!({"machine": "qdc01", "print": bytes, "repeat": 40_960}));
    let mut read = Vec::new();
    while read.len() < 256 * 40_960 {
        match stream.read(LIMIT).unwrap() {
            ConsoleOutput::Bytes(bytes) => read.extend(bytes),
            other => panic!("{other:?}"),
        }
    }
    assert!(read == bytes.repeat(40_960));
}

#[test]
fn read_ends_at_its_limit_and_when_it_is_interrupted() {
    let lab = Lab::start();
    lab.settings(json!({"console": "silent"}));
    let client = lab_client(&lab);
    let console = client.consoles().create(MachineId(2)).unwrap();
    let interrupter = Interrupter::default();
    let stream = client
        .consoles()
        .connect(MachineId(2), &console, &interrupter);
    let mut stream = stream.unwrap().unwrap();
    let short = Duration::from_millis(10);
    assert_eq!(stream.read(short).unwrap(), ConsoleOutput::Nothing);
    let reader = thread::spawn(move || stream.read(Duration::from_secs(3600)).unwrap());
    interrupter.interrupt();
    assert_eq!(reader.join().unwrap(), ConsoleOutput::Nothing);
}

#[test]
fn refused_token_is_forbidden_and_not_shown() {
    let lab = Lab::start();
    lab.settings(json!({"console": "refused"}));
    let client = lab_client(&lab);
    let console = client.consoles().create(MachineId(2)).unwrap();
    let error = client
        .consoles()
        .connect(MachineId(2), &console, &Interrupter::default());
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden);
    assert_eq!(
        error.to_string(),
        "reading the console of machine 2: the token of the console is refused"
    );
    assert!(!format!("{error:?}").contains(&console.token));
}

/// An answer that names a console; the port and host as JSON.
fn answer(host: &str, port: impl std::fmt::Display) -> String {
    format!(r#"{{"host": {host}, "port": {port}, "token": "{SECRET}"}}"#)
}

fn shown(error: &Error) -> String {
    format!("{error} {error:?}")
}

#[test]
fn console_without_a_port_is_at_the_page_own_default() {
    let server =
        Server::start([post("/api/v1/machine/2/console").json(200, answer("null", "null"))]);
    let console = client(&server).0.consoles().create(MachineId(2)).unwrap();
    assert_eq!(console.port, 8866);
    assert!(console.url.starts_with("ws://127.0.0.1:8866/ws?token="));
    server.finish();
}

#[test]
fn program_that_never_answers_stalls_and_can_be_interrupted() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let server = Server::start([post("/api/v1/machine/2/console").json(200, answer("null", port))]);
    let client = client_without_retries(&server);
    let console = client.consoles().create(MachineId(2)).unwrap();
    let connect = |interrupter: &Interrupter| {
        client
            .consoles()
            .connect(MachineId(2), &console, interrupter)
    };
    let error = connect(&Interrupter::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert!(!shown(&error).contains("canary"));
    let interrupter = Interrupter::default();
    interrupter.interrupt();
    assert!(connect(&interrupter).unwrap().is_none());
    drop(silent);
    let error = connect(&Interrupter::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect, "{error}");
    assert!(!shown(&error).contains("canary"));
    server.finish();
}

/// Takes one connection over TLS, and prints a line on it if the client accepts the certificate.
fn console_over_tls(config: Arc<ServerConfig>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        let (stream, _): (TcpStream, _) = listener.accept().unwrap();
        let stream = StreamOwned::new(ServerConnection::new(config).unwrap(), stream);
        let Ok(mut socket) = tungstenite::accept(stream) else {
            return;
        };
        socket.send(Message::Binary("encrypted".into())).unwrap();
        while socket.read().is_ok() {}
    });
    port
}

#[test]
fn console_of_a_server_with_tls_has_tls_with_the_same_trust() {
    let lab = tls::Lab::new();
    let config = lab.local_config();
    let port = console_over_tls(Arc::clone(&config));
    let step = post("/api/v1/machine/2/console").json(200, answer("null", port));
    let server = Server::start_with([step], encrypted(config));
    let mut settings = settings(&format!("https://{}/", server.address));
    settings.tls = trusting(lab.roots());
    let client = connect(&settings).0;
    let mut stream = open(&client, 2).unwrap();
    assert_eq!(read_until(&mut stream, "encrypted"), "encrypted");
    server.finish();
}

#[test]
fn console_whose_certificate_is_not_trusted_is_not_opened() {
    let (lab, other) = (tls::Lab::new(), tls::Lab::new());
    let port = console_over_tls(other.local_config());
    let step = post("/api/v1/machine/2/console").json(200, answer("null", port));
    let server = Server::start_with([step], encrypted(lab.local_config()));
    let mut settings = settings(&format!("https://{}/", server.address));
    settings.tls = trusting(lab.roots());
    let error = open(&connect(&settings).0, 2).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Untrusted, "{error}");
    assert!(!shown(&error).contains("canary"));
    server.finish();
}
