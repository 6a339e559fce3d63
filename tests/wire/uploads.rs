//! Uploads: the form, changed files, early and missing answers, progress.

use std::fs;

use mr_provisioner::client::*;

use crate::server::{Server, delete, get, post};
use crate::support::*;

#[test]
fn upload_is_a_form_with_a_content_length() {
    let made = upload(b"kernel bytes");
    let mut file = ImageFile::open(&made.path).unwrap();
    let name = format!("alice/{}.1a2b3c4d", file.upload_name());
    let server = Server::start([
        get("/api/v1/image").json(200, "[]"),
        post("/api/v1/image")
            .without("transfer-encoding")
            .json(201, image_json(3, &name)),
    ]);
    let (client, _) = client(&server);
    let image = client.images().create(&kernel(), &mut file).unwrap();
    assert_eq!(
        mark_of(image.name.as_deref().unwrap()),
        Some(file.digest().sha256.mark().as_str())
    );
    let seen = server.finish().pop().unwrap();
    let body = String::from_utf8(seen.body).unwrap();
    assert!(seen.headers["content-type"].starts_with("multipart/form-data; boundary="));
    assert_eq!(seen.headers["content-length"], body.len().to_string());
    let fields = r#"{"description":"Debian 12","type":"Kernel","arch":"arm64","known_good":false,"public":true}"#;
    assert!(
        body.contains(&format!("name=\"q\"\r\n\r\n{fields}\r\n")),
        "{body}"
    );
    assert!(
        body.contains(&format!(
            "name=\"file\"; filename=\"{}\"\r\n",
            file.upload_name()
        )),
        "{body}"
    );
    assert!(body.contains("\r\n\r\nkernel bytes\r\n"), "{body}");
}

#[test]
fn files_of_sizes_around_a_chunk_are_sent_whole() {
    for size in [0, 1, 65_535, 65_536, 65_537, 131_072, 300_000] {
        let bytes: Vec<u8> = (0..size).map(|n| (n % 251) as u8).collect();
        let made = upload(&bytes);
        let mut file = ImageFile::open(&made.path).unwrap();
        let server = Server::start([
            get("/api/v1/image").json(200, "[]"),
            post("/api/v1/image").json(201, image_json(3, "alice/k.1a2b3c4d")),
        ]);
        client(&server)
            .0
            .images()
            .create(&kernel(), &mut file)
            .unwrap();
        let body = server.finish().pop().unwrap().body;
        let start = body
            .windows(4)
            .enumerate()
            .filter(|(_, w)| w == b"\r\n\r\n")
            .nth(1)
            .unwrap()
            .0
            + 4;
        assert_eq!(&body[start..start + bytes.len()], bytes, "{size}");
        assert!(body[start + bytes.len()..].starts_with(b"\r\n--"), "{size}");
    }
}

#[test]
fn upload_of_a_changed_file_is_broken_off() {
    type Change = fn(&std::path::Path);
    let changes: [Change; 4] = [
        |path| fs::write(path, vec![b'y'; 200_000]).unwrap(),
        |path| fs::write(path, vec![b'x'; 199_999]).unwrap(),
        |path| fs::write(path, vec![b'x'; 200_001]).unwrap(),
        |path| fs::write(path, b"").unwrap(),
    ];
    for change in changes {
        let made = upload(&vec![b'x'; 200_000]);
        let mut file = ImageFile::open(&made.path).unwrap();
        change(&made.path);
        let server = Server::start([
            get("/api/v1/image").json(200, "[]"),
            post("/api/v1/image").close(),
        ]);
        let (client, clock) = client(&server);
        let error = client.images().create(&kernel(), &mut file).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::FileChanged), "{error:?}");
        assert!(error.to_string().contains("vmlinuz"), "{error}");
        assert!(clock.pauses().is_empty());
        drop(client);
        let seen = server.finish().pop().unwrap();
        let declared: usize = seen.headers["content-length"].parse().unwrap();
        assert!(seen.length < declared, "{} of {declared}", seen.length);
    }
}

#[test]
fn file_that_was_opened_is_sent_although_another_replaced_it() {
    let made = upload(b"first");
    let mut file = ImageFile::open(&made.path).unwrap();
    let other = made.folder.path().join("other");
    fs::write(&other, b"second").unwrap();
    fs::rename(&other, &made.path).unwrap();
    let server = Server::start([
        get("/api/v1/image").json(200, "[]"),
        post("/api/v1/image").json(201, image_json(3, "alice/k.1a2b3c4d")),
    ]);
    client(&server)
        .0
        .images()
        .create(&kernel(), &mut file)
        .unwrap();
    let body = server.finish().pop().unwrap().body;
    assert!(String::from_utf8_lossy(&body).contains("\r\nfirst\r\n"));
}

#[test]
fn status_413_after_the_whole_upload_is_reported_as_too_large() {
    let made = upload(&vec![0; 3 * 1024 * 1024]);
    let mut file = ImageFile::open(&made.path).unwrap();
    let server = Server::start([
        get("/api/v1/image").json(200, "[]"),
        post("/api/v1/image").html(413, "<html>canary</html>"),
    ]);
    let (client, clock) = client(&server);
    let error = client.images().create(&kernel(), &mut file).unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::UploadTooLarge),
        "{error:?}"
    );
    assert!(
        error
            .to_string()
            .ends_with(": the upload of 3.0 MiB is larger than the server accepts (status 413)"),
        "{error}"
    );
    assert!(error.hint().unwrap().contains("max_upload_size"));
    assert_eq!(error.status(), Some(413));
    assert!(clock.pauses().is_empty());
    assert_clean(&error);
    server.finish();
}

#[test]
fn early_answer_is_read_while_the_server_keeps_the_connection() {
    // Larger than the system's buffers, so that sending blocks while the server reads nothing.
    let made = sparse(64 * 1024 * 1024);
    let mut file = ImageFile::open(&made.path).unwrap();
    let server = Server::start([
        get("/api/v1/image").json(200, "[]"),
        post("/api/v1/image").early(413, "<html>too large</html>"),
    ]);
    let (client, clock) = client(&server);
    let error = client.images().create(&kernel(), &mut file).unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::UploadTooLarge),
        "{error:?}"
    );
    assert_eq!(error.status(), Some(413));
    assert!(clock.pauses().is_empty());
    server.finish();
}

#[test]
fn early_answer_is_read_although_the_server_closes_at_once() {
    const CHUNK: usize = 64 * 1024;
    const TAKEN: usize = 3 * 1024 * 1024;
    // The server answers and closes while the client prepares a chunk. What the server did not read resets the connection, so
    // that the client's next write fails.
    for (taken, sent_at_close) in [(0, CHUNK), (TAKEN, TAKEN + 2 * CHUNK)] {
        let made = sparse(8 * 1024 * 1024);
        let mut file = ImageFile::open(&made.path).unwrap();
        let server = Server::start([
            get("/api/v1/image").json(200, "[]"),
            post("/api/v1/image").answer_and_close(taken, 413),
        ]);
        let hang_up = server.hang_up_later();
        let mut settings = settings(&server.url());
        settings.progress = ProgressListener::new(move |event| match *event {
            ProgressEvent::Sending { sent, .. } if sent == sent_at_close as u64 => hang_up(),
            _ => {}
        });
        let (client, _) = connect(&settings);
        let error = client.images().create(&kernel(), &mut file).unwrap_err();
        assert_eq!(error.status(), Some(413), "after {taken} bytes: {error:?}");
        server.finish();
    }
}

#[test]
fn large_upload_without_an_answer_is_reported_as_too_large() {
    let made = sparse(101 * 1024 * 1024);
    let mut file = ImageFile::open(&made.path).unwrap();
    // The server closes after the head, or after a part of the body.
    for taken in [0, 100_000] {
        let server = Server::start([
            get("/api/v1/image").json(200, "[]"),
            post("/api/v1/image").close_after(taken),
            get("/api/v1/image").json(200, "[]"),
        ]);
        let (client, clock) = client(&server);
        let error = client.images().create(&kernel(), &mut file).unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::UploadTooLarge),
            "{error:?}"
        );
        let sentence = ": the upload of 101.0 MiB is larger than the server accepts \
                        (it closed the connection without an answer)";
        assert!(error.to_string().ends_with(sentence), "{error}");
        assert!(error.hint().unwrap().contains("100 MiB"));
        assert!(clock.pauses().is_empty());
        server.finish();
    }
}

#[test]
fn large_upload_with_status_502_is_reported_as_too_large() {
    let made = sparse(101 * 1024 * 1024);
    let mut file = ImageFile::open(&made.path).unwrap();
    let server = Server::start([
        get("/api/v1/image").json(200, "[]"),
        post("/api/v1/image").html(502, "<html>Bad Gateway</html>"),
        get("/api/v1/image").json(200, "[]"),
    ]);
    let (client, clock) = client(&server);
    let error = client.images().create(&kernel(), &mut file).unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::UploadTooLarge),
        "{error:?}"
    );
    assert!(error.to_string().contains("status 502"), "{error}");
    assert!(clock.pauses().is_empty());
    server.finish();
}

#[test]
fn stalled_upload_times_out() {
    let made = sparse(16 * 1024 * 1024);
    let mut file = ImageFile::open(&made.path).unwrap();
    let server = Server::start([
        get("/api/v1/image").json(200, "[]"),
        post("/api/v1/image").stall(),
        get("/api/v1/image").json(200, "[]"),
    ]);
    let error = client_without_retries(&server)
        .images()
        .create(&kernel(), &mut file)
        .unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Timeout), "{error:?}");
    assert!(error.to_string().contains("16.0 MiB"), "{error}");
    server.finish();
}

#[test]
fn incomplete_image_of_a_failed_upload_is_deleted() {
    let made = upload(b"kernel");
    let mut file = ImageFile::open(&made.path).unwrap();
    let name = format!("alice/{}.1a2b3c4d", file.upload_name());
    let server = Server::start([
        get("/api/v1/image").json(200, "[]"),
        post("/api/v1/image").html(500, "<html>canary</html>"),
        get("/api/v1/image").json(200, format!("[{}]", image_json(8, &name))),
        get("/tftp/").answer(404, "text/html", ""),
        delete("/api/v1/image/8").answer(204, "text/html", ""),
    ]);
    let error = client(&server)
        .0
        .images()
        .create(&kernel(), &mut file)
        .unwrap_err();
    assert_eq!(error.status(), Some(500));
    assert!(
        error
            .to_string()
            .ends_with("it left the incomplete image 8, which was deleted"),
        "{error}"
    );
    assert_clean(&error);
    server.finish();
}

#[test]
fn upload_progress_is_reported_up_to_the_end() {
    let made = upload(&vec![b'x'; 150_000]);
    let mut file = ImageFile::open(&made.path).unwrap();
    let server = Server::start([
        get("/api/v1/image").json(200, "[]"),
        post("/api/v1/image").json(201, image_json(3, "alice/k.1a2b3c4d")),
    ]);
    let (client, events) = client_with_progress(&server, &made.path);
    client.images().create(&kernel(), &mut file).unwrap();
    let expected = [Some(0), Some(65_536), Some(131_072), Some(150_000), None];
    assert_eq!(*events.lock().unwrap(), expected);
    server.finish();
}

#[test]
fn progress_of_a_repeated_upload_starts_at_zero() {
    let made = upload(&vec![b'x'; 100_000]);
    let mut file = ImageFile::open(&made.path).unwrap();
    let server = Server::start([
        get("/api/v1/image").json(200, "[]"),
        post("/api/v1/image").html(503, ""),
        get("/api/v1/image").json(200, "[]"),
        post("/api/v1/image").json(201, image_json(3, "alice/k.1a2b3c4d")),
    ]);
    let (client, events) = client_with_progress(&server, &made.path);
    client.images().create(&kernel(), &mut file).unwrap();
    let attempt = [Some(0), Some(65_536), Some(100_000)];
    let expected = [&attempt[..], &attempt[..], &[None]].concat();
    assert_eq!(*events.lock().unwrap(), expected);
    server.finish();
}

#[test]
fn progress_of_a_failed_upload_is_reported_up_to_the_end() {
    let made = upload(&vec![b'x'; 150_000]);
    let mut file = ImageFile::open(&made.path).unwrap();
    fs::write(&made.path, vec![b'y'; 150_000]).unwrap();
    let server = Server::start([
        get("/api/v1/image").json(200, "[]"),
        post("/api/v1/image").close(),
    ]);
    let (client, events) = client_with_progress(&server, &made.path);
    client.images().create(&kernel(), &mut file).unwrap_err();
    let expected = [Some(0), Some(65_536), Some(131_072), None];
    assert_eq!(*events.lock().unwrap(), expected);
    drop(client);
    server.finish();
}

#[test]
fn description_with_nul_is_refused_before_the_upload() {
    let made = upload(b"kernel bytes");
    let mut file = ImageFile::open(&made.path).unwrap();
    let server = Server::start([get("/api/v1/image").json(200, "[]")]);
    let new = NewImage {
        description: Some("a\0b".to_owned()),
        ..kernel()
    };
    let error = client(&server)
        .0
        .images()
        .create(&new, &mut file)
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidValue, "{error:?}");
    server.finish();
}
