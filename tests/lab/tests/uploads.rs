//! Uploads: limits, malformed forms, broken connections and memory.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};

use common::{ALICE, api, host, image_form, read, send, tftp, upload};
use mrp_lab::Lab;
use serde_json::{Value, json};

const MIB: usize = 1 << 20;

#[test]
fn upload_is_read_back_unchanged() {
    let lab = Lab::start();
    let content: Vec<u8> = (0..3 * MIB).map(|at| (at * 31 % 251) as u8).collect();
    let image = upload(&lab, ALICE, "d", "Kernel", &content).json();
    let answer = tftp(&lab, image["name"].as_str().unwrap());
    assert!(answer.body == content);
    assert!(
        lab.writes()[0].body_size > content.len() as u64,
        "the whole form is counted"
    );
}

/// The size of `initrd.gz` in Debian's package debian-installer-12-netboot-arm64.
const INSTALLER: usize = 40_147_331;

#[test]
fn upload_of_an_installer_is_accepted_with_the_default_limit() {
    let lab = Lab::start();
    let answer = upload(&lab, ALICE, "d", "Initrd", &vec![0; INSTALLER]);
    assert_eq!(answer.status, 201);
}

#[test]
fn body_above_the_limit_gets_413() {
    let lab = Lab::start();
    lab.settings(json!({"max_upload_size": 1000}));
    assert_eq!(upload(&lab, ALICE, "d", "Kernel", &[0; 1000]).status, 413);
    assert_eq!(upload(&lab, ALICE, "d", "Kernel", &[0; 500]).status, 201);
}

#[test]
fn body_above_the_buffer_size_closes_the_connection() {
    let lab = Lab::start();
    lab.settings(json!({"max_buffer_size": 1000}));
    let mut stream = TcpStream::connect(host(&lab)).unwrap();
    stream
        .write_all(b"PUT /api/v1/machine/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n")
        .unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert!(answer.is_empty());
    assert_eq!(
        (lab.requests()[0].status, lab.requests()[0].body_size),
        (None, 0)
    );
}

#[test]
fn chunked_body_is_ignored() {
    let lab = Lab::start();
    let mut stream = TcpStream::connect(host(&lab)).unwrap();
    let body = "PUT /api/v1/machine/1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer alice-token\r\n\
                Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n";
    stream.write_all(body.as_bytes()).unwrap();
    assert_eq!(read(stream, false).unwrap().status, 400);
}

#[test]
fn incomplete_upload_stores_nothing() {
    let lab = Lab::start();
    let (content_type, body) = image_form("d", "Kernel", "Image", &[7; 100_000]);
    let mut stream = TcpStream::connect(host(&lab)).unwrap();
    let head = format!(
        "POST /api/v1/image HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer alice-token\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&body[..50_000]).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    // The lab answers only by closing the connection, after it has handled the upload.
    assert_eq!(
        read(stream, false).err().unwrap().kind(),
        ErrorKind::UnexpectedEof
    );
    assert_eq!(
        api(&lab, ALICE, "GET", "/api/v1/image", Value::Null)
            .json()
            .as_array()
            .unwrap()
            .len(),
        3
    );
    assert_eq!(lab.writes()[0].status, None);
}

#[test]
fn malformed_form_is_a_500() {
    let lab = Lab::start();
    let headers = [
        ("Authorization", "Bearer alice-token"),
        ("Content-Type", "multipart/form-data; boundary=b"),
    ];
    assert_eq!(
        send(
            host(&lab),
            "POST",
            "/api/v1/image",
            &headers,
            b"no parts at all"
        )
        .unwrap()
        .status,
        500
    );
}

/// Uploads and downloads 192 MiB and compares the peak memory.
#[test]
#[cfg(target_os = "linux")]
fn large_images_are_streamed() {
    const SIZE: usize = 192 * MIB;
    let lab = Lab::start();
    lab.settings(json!({"max_upload_size": 2_147_483_648_u64}));
    let before = peak_memory();
    let (content_type, form) = image_form("big", "Kernel", "Image", b"");
    let tail = form.len() - b"\r\n--labtest--\r\n".len();
    let mut stream = TcpStream::connect(host(&lab)).unwrap();
    let head = format!(
        "POST /api/v1/image HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer alice-token\r\n\
         Content-Type: {content_type}\r\nContent-Length: {}\r\n\r\n",
        form.len() + SIZE
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&form[..tail]).unwrap();
    let piece = vec![5; MIB];
    for _ in 0..SIZE / MIB {
        stream.write_all(&piece).unwrap();
    }
    stream.write_all(&form[tail..]).unwrap();
    let image = read(stream, false).unwrap().json();
    let mut stream = TcpStream::connect(host(&lab)).unwrap();
    let name = image["name"].as_str().unwrap();
    let head = format!(
        "GET /tftp/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-TFTP-IP: 1.2.3.4\r\nX-TFTP-File: {name}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let (mut size, mut buffer) = (0, vec![0; MIB]);
    loop {
        match stream.read(&mut buffer).unwrap() {
            0 => break,
            bytes => size += bytes,
        }
    }
    assert!(size > SIZE);
    let grown = peak_memory() - before;
    assert!(grown < 64 * MIB, "the process grew by {} MiB", grown / MIB);
}

#[cfg(target_os = "linux")]
fn peak_memory() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    line.trim()
        .trim_end_matches(" kB")
        .parse::<usize>()
        .unwrap()
        * 1024
}
