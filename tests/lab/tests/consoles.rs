//! Serial consoles: what a WebSocket gets from a machine, and the one session that a BMC has.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::net::TcpStream;

use common::{ALICE, api, provision};
use mrp_lab::Lab;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, HandshakeError, Message, WebSocket, client};

type Socket = WebSocket<TcpStream>;

fn port_and_token(lab: &Lab, machine: i64) -> (u64, String) {
    let path = format!("/api/v1/machine/{machine}/console");
    let answer = api(lab, ALICE, "POST", &path, json!({})).json();
    assert_eq!(answer["host"], Value::Null);
    let token = answer["token"].as_str().unwrap().to_owned();
    (answer["port"].as_u64().unwrap(), token)
}

/// Connects at a path with its query; else the status of the refusal.
fn connect(port: u64, path: &str) -> Result<Socket, u16> {
    let stream = TcpStream::connect(("127.0.0.1", u16::try_from(port).unwrap())).unwrap();
    let connected = client(format!("ws://127.0.0.1:{port}{path}"), stream);
    match connected {
        Ok((socket, _)) => Ok(socket),
        Err(HandshakeError::Failure(Error::Http(answer))) => Err(answer.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

fn open(lab: &Lab, machine: i64) -> Socket {
    let (port, token) = port_and_token(lab, machine);
    connect(port, &format!("/ws?token={token}")).unwrap()
}

/// Reads until the text has this part.
fn read_until(socket: &mut Socket, part: &str) -> String {
    let mut text = String::new();
    while !text.contains(part) {
        match socket.read().unwrap() {
            Message::Binary(bytes) => {
                assert!(bytes.len() <= 1024);
                text.push_str(&String::from_utf8_lossy(&bytes));
            }
            other => panic!("{other:?} after {text}"),
        }
    }
    text
}

/// Reads to the end: the text, and how the connection was closed.
fn read_to_the_end(socket: &mut Socket) -> (String, Option<CloseCode>) {
    let mut text = String::new();
    loop {
        match socket.read() {
            Ok(Message::Binary(bytes)) => text.push_str(&String::from_utf8_lossy(&bytes)),
            Ok(Message::Close(frame)) => return (text, frame.map(|frame| frame.code)),
            Ok(other) => panic!("{other:?}"),
            Err(_) => return (text, None),
        }
    }
}

#[test]
fn machine_prints_how_it_boots_and_installs() {
    let lab = Lab::start();
    let mut console = open(&lab, 1);
    provision(&lab, 1);
    let text = read_until(&mut console, "login: ");
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let kernel_line = lines
        .iter()
        .position(|line| line.starts_with("[    0.000000] Kernel command line: "));
    let kernel_line = kernel_line.unwrap();
    assert_eq!(
        lines[..2],
        [
            "[SOL Session operational.  Use ~? for help]",
            "\u{1b}[2J\u{1b}[01;01H\u{1b}[0m\u{1b}[37mUEFI firmware of the lab\u{1b}[0m"
        ]
    );
    assert_eq!(lines[kernel_line + 1], "Fetched the preseed /preseed/1");
    assert!(text.ends_with("reboot: Restarting system\r\n\r\nmoonshot-c1 login: "));
}

#[test]
fn preseed_that_does_not_render_is_told_on_the_console() {
    let lab = Lab::start();
    let broken = json!({"content": "{% if %}"});
    api(&lab, common::ADMIN, "PUT", "/api/v1/preseed/1", broken);
    let mut console = open(&lab, 1);
    provision(&lab, 1);
    let text = read_until(&mut console, "Booting from the disk");
    assert!(text.contains("The installer cannot go on"), "{text}");
    assert!(text.contains("Syntax error on preseed template"), "{text}");
}

#[test]
fn connection_needs_a_valid_token() {
    let lab = Lab::start();
    let (port, token) = port_and_token(&lab, 2);
    for (path, status) in [
        ("/ws", 400),
        ("/ws?token=", 403),
        ("/ws?token=0000", 403),
        ("/other", 404),
    ] {
        assert_eq!(connect(port, path).err(), Some(status), "{path}");
    }
    connect(port, &format!("/ws?token={token}")).unwrap();
    lab.settings(json!({"machines": {"qdc01": {"console": "refused"}}}));
    let path = format!("/ws?token={token}");
    assert_eq!(connect(port, &path).err(), Some(403));
}

#[test]
fn second_reader_gets_a_sentence_and_the_end() {
    let lab = Lab::start();
    let mut first = open(&lab, 2);
    read_until(&mut first, "operational");
    let (text, code) = read_to_the_end(&mut open(&lab, 2));
    assert!(text.contains("already active on another session"), "{text}");
    assert_eq!(code, Some(CloseCode::Normal));
    first.close(None).unwrap();
    lab.wait_until("the session is closed", |lab| {
        lab.console(json!({"machine": "qdc01"}))["is_read"] == false
    });
    read_until(&mut open(&lab, 2), "operational");
}

#[test]
fn nothing_is_replayed() {
    let lab = Lab::start();
    lab.console(json!({"machine": "qdc01", "print": "before\r\n"}));
    let mut console = open(&lab, 2);
    read_until(&mut console, "operational");
    lab.console(json!({"machine": "qdc01", "print": "after\r\n"}));
    assert_eq!(read_until(&mut console, "after"), "after\r\n");
}

#[test]
fn session_breaks_where_it_is_told_to() {
    let lab = Lab::start();
    lab.console(json!({"machine": "qdc01", "break_after": 60}));
    let mut console = open(&lab, 2);
    lab.console(json!({"machine": "qdc01", "print": "x", "repeat": 100}));
    let (text, code) = read_to_the_end(&mut console);
    assert_eq!((text.len(), code), (60, None), "{text}");
    let mut next = open(&lab, 2);
    lab.console(json!({"machine": "qdc01", "print": [0, 255, 10], "repeat": 2000}));
    read_until(&mut next, "\n");
}

#[test]
fn what_is_typed_is_echoed_and_a_large_message_closes() {
    let lab = Lab::start();
    let mut console = open(&lab, 2);
    read_until(&mut console, "operational");
    console.send(Message::Binary("root\r".into())).unwrap();
    assert_eq!(read_until(&mut console, "login: "), "root\r\nqdc01 login: ");
    let seen = lab.console(json!({"machine": "qdc01"}));
    assert_eq!(seen, json!({"is_read": true, "typed": "root\r"}));
    let large = vec![b'x'; 8193];
    console.send(Message::Binary(large.into())).unwrap();
    let (text, code) = read_to_the_end(&mut console);
    assert_eq!((text.as_str(), code), ("", None));
}

#[test]
fn silent_console_says_nothing_and_a_broken_bmc_says_why() {
    let lab = Lab::start();
    lab.settings(json!({"machines": {"qdc01": {"console": "silent"}}}));
    let mut console = open(&lab, 2);
    lab.console(json!({"machine": "qdc01", "print": "x"}));
    lab.reset();
    let (text, code) = read_to_the_end(&mut console);
    assert_eq!((text.as_str(), code), ("", Some(CloseCode::Normal)));
    lab.settings(json!({"bmc": "fails"}));
    let (text, _) = read_to_the_end(&mut open(&lab, 2));
    assert!(
        text.starts_with("Error: Unable to establish IPMI"),
        "{text}"
    );
}
