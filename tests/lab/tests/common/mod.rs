//! A minimal HTTP client for tests, with one connection per request.
#![allow(dead_code, reason = "each test file uses its own part of this")]

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use mrp_lab::Lab;
use serde_json::Value;

pub(crate) const ADMIN: &str = "admin-token";
pub(crate) const ALICE: &str = "alice-token";
pub(crate) const BOB: &str = "bob-token";
pub(crate) const NO_BODY: Value = Value::Null;

pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }
}

pub(crate) fn host(lab: &Lab) -> &str {
    lab.url()
        .trim_start_matches("http://")
        .trim_end_matches('/')
}

/// Sends a request with Content-Length.
pub(crate) fn send(
    host: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> io::Result<Answer> {
    let mut stream = TcpStream::connect(host)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() || ["POST", "PUT", "PATCH"].contains(&method) {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    read(stream, method == "HEAD")
}

/// Reads an answer. It is an error if it is shorter than its Content-Length.
pub(crate) fn read(mut stream: TcpStream, without_body: bool) -> io::Result<Answer> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    let end = bytes
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .ok_or(io::ErrorKind::UnexpectedEof)?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let status = lines
        .next()
        .and_then(|line| line.split(' ').nth(1))
        .and_then(|status| status.parse().ok());
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    let answer = Answer {
        status: status.ok_or(io::ErrorKind::InvalidData)?,
        headers,
        body: bytes[end + 4..].to_vec(),
    };
    let announced = answer
        .header("content-length")
        .and_then(|size| size.parse().ok())
        .unwrap_or(0);
    if !without_body && answer.body.len() < announced {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(answer)
}

/// A request with a token and, unless it is null, a JSON body.
pub(crate) fn api(lab: &Lab, token: &str, method: &str, path: &str, body: Value) -> Answer {
    let authorization = format!("Bearer {token}");
    send_json(
        lab,
        method,
        path,
        &[("Authorization", &authorization)],
        &body,
    )
}

/// A request to the control path.
pub(crate) fn control(lab: &Lab, method: &str, path: &str, body: Value) -> Answer {
    send_json(lab, method, &format!("/_lab/{path}"), &[], &body)
}

fn send_json(
    lab: &Lab,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &Value,
) -> Answer {
    let text = match body {
        Value::Null => String::new(),
        body => body.to_string(),
    };
    send(host(lab), method, path, headers, text.as_bytes()).unwrap()
}

/// Orders the provisioning of a machine.
pub(crate) fn provision(lab: &Lab, machine: i64) {
    let path = format!("/api/v1/machine/{machine}/state");
    let state = serde_json::json!({"state": "provision"});
    let answer = api(lab, "admin-token", "POST", &path, state);
    assert_eq!(answer.status, 202, "{}", answer.text());
}

pub(crate) fn tftp(lab: &Lab, file: &str) -> Answer {
    send(
        host(lab),
        "GET",
        "/tftp/",
        &[("X-TFTP-IP", "10.40.5.11"), ("X-TFTP-File", file)],
        b"",
    )
    .unwrap()
}

/// A form with an image, and its content type.
pub(crate) fn image_form(
    description: &str,
    kind: &str,
    filename: &str,
    content: &[u8],
) -> (&'static str, Vec<u8>) {
    let q = serde_json::json!({"description": description, "type": kind, "arch": "arm64"});
    let mut body = format!(
        "--labtest\r\nContent-Disposition: form-data; name=\"q\"\r\n\r\n{q}\r\n--labtest\r\nContent-Disposition: form-data; \
         name=\"file\"; filename=\"{filename}\"\r\nContent-Type: application/octet-stream\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(content);
    body.extend_from_slice(b"\r\n--labtest--\r\n");
    ("multipart/form-data; boundary=labtest", body)
}

pub(crate) fn upload(
    lab: &Lab,
    token: &str,
    description: &str,
    kind: &str,
    content: &[u8],
) -> Answer {
    let (content_type, body) = image_form(description, kind, "Image", content);
    let authorization = format!("Bearer {token}");
    let headers = [
        ("Authorization", authorization.as_str()),
        ("Content-Type", content_type),
    ];
    send(host(lab), "POST", "/api/v1/image", &headers, &body).unwrap()
}
