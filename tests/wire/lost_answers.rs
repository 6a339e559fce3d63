//! Creations whose answer was lost: the object is searched for before the request is repeated.

use mr_provisioner::client::*;

use crate::server::{Server, Step, delete, get, post};
use crate::support::*;

fn image_name(file: &ImageFile) -> String {
    format!("alice/{}.1a2b3c4d", file.upload_name())
}

/// Lost answers of an upload that the server has ended.
fn ended_uploads() -> [Step; 3] {
    [
        post("/api/v1/image").close(),
        post("/api/v1/image").html(503, ""),
        post("/api/v1/image").close_after(10),
    ]
}

/// Missing answers of a request that the server may still work on.
fn unended(step: fn() -> Step) -> [Step; 3] {
    [step().stall(), step().html(502, ""), step().html(504, "")]
}

#[test]
fn upload_that_arrived_is_not_repeated() {
    for loss in ended_uploads() {
        let made = upload(b"kernel");
        let mut file = ImageFile::open(&made.path).unwrap();
        let (old, new) = (
            image_json(3, &image_name(&file)),
            image_json(4, &image_name(&file)),
        );
        let other = image_json(5, "alice/other.1a2b3c4d");
        let server = Server::start([
            get("/api/v1/image").json(200, format!("[{old}]")),
            loss,
            get("/api/v1/image").json(200, format!("[{new}, {old}, {other}]")),
            get("/tftp/")
                .header("x-tftp-file", &image_name(&file))
                .answer(200, "application/octet-stream", "kernel"),
        ]);
        let (client, clock) = client(&server);
        assert_eq!(
            client.images().create(&kernel(), &mut file).unwrap().id,
            ImageId(4)
        );
        assert!(clock.pauses().is_empty());
        server.finish();
    }
}

#[test]
fn upload_that_did_not_arrive_is_repeated() {
    for loss in ended_uploads() {
        let made = upload(b"kernel");
        let mut file = ImageFile::open(&made.path).unwrap();
        // An image with the same mark existed before; a new one has another type.
        let old = image_json(3, &image_name(&file));
        let other = image_json(5, &image_name(&file)).replace("Kernel", "Initrd");
        let server = Server::start([
            get("/api/v1/image").json(200, format!("[{old}]")),
            loss,
            get("/api/v1/image").json(200, format!("[{old}, {other}]")),
            post("/api/v1/image").json(201, image_json(6, &image_name(&file))),
        ]);
        let (client, clock) = client(&server);
        assert_eq!(
            client.images().create(&kernel(), &mut file).unwrap().id,
            ImageId(6)
        );
        assert_eq!(clock.pauses(), [0.5]);
        let seen = server.finish().pop().unwrap();
        assert!(String::from_utf8_lossy(&seen.body).contains("\r\nkernel\r\n"));
    }
}

#[test]
fn upload_that_arrived_after_the_first_list_is_not_repeated() {
    for loss in unended(|| post("/api/v1/image")) {
        let made = upload(b"kernel");
        let mut file = ImageFile::open(&made.path).unwrap();
        let server = Server::start([
            get("/api/v1/image").json(200, "[]"),
            loss,
            get("/api/v1/image").json(200, "[]"),
            get("/api/v1/image").json(200, "[]"),
            get("/api/v1/image").json(200, format!("[{}]", image_json(4, &image_name(&file)))),
            get("/tftp/").answer(200, "application/octet-stream", "kernel"),
        ]);
        let (client, clock) = client_with_short_timeout(&server);
        assert_eq!(
            client.images().create(&kernel(), &mut file).unwrap().id,
            ImageId(4)
        );
        assert_eq!(clock.pauses(), [0.5, 1.0]);
        server.finish();
    }
}

#[test]
fn upload_that_may_still_arrive_is_not_repeated() {
    for loss in unended(|| post("/api/v1/image")) {
        let made = upload(b"kernel");
        let mut file = ImageFile::open(&made.path).unwrap();
        let mut steps = vec![get("/api/v1/image").json(200, "[]"), loss];
        steps.extend((0..4).map(|_| get("/api/v1/image").json(200, "[]")));
        let server = Server::start(steps);
        let (client, clock) = client_with_short_timeout(&server);
        let error = client.images().create(&kernel(), &mut file).unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::OutcomeUnknown),
            "{error:?}"
        );
        assert_eq!(clock.pauses(), [0.5, 1.0, 2.0]);
        server.finish();
    }
}

#[test]
fn upload_that_stalled_before_its_end_is_repeated() {
    let made = sparse(32 * 1024 * 1024);
    let mut file = ImageFile::open(&made.path).unwrap();
    let server = Server::start([
        get("/api/v1/image").json(200, "[]"),
        post("/api/v1/image").stall(),
        get("/api/v1/image").json(200, "[]"),
        post("/api/v1/image").json(201, image_json(5, &image_name(&file))),
    ]);
    let (client, clock) = client_with_short_timeout(&server);
    assert_eq!(
        client.images().create(&kernel(), &mut file).unwrap().id,
        ImageId(5)
    );
    assert_eq!(clock.pauses(), [0.5]);
    server.finish();
}

/// An upload that breaks off: `read_back` shows that its image is incomplete, and `deletion` answers the request to
/// delete that.
fn upload_again(read_back: Step, deletion: Step) {
    let made = upload(b"kernel");
    let mut file = ImageFile::open(&made.path).unwrap();
    let server = Server::start([
        get("/api/v1/image").json(200, "[]"),
        post("/api/v1/image").close(),
        get("/api/v1/image").json(200, format!("[{}]", image_json(4, &image_name(&file)))),
        read_back,
        deletion,
        post("/api/v1/image").json(201, image_json(5, &image_name(&file))),
    ]);
    let (client, _) = client(&server);
    let created = client.images().create(&kernel(), &mut file).unwrap();
    assert_eq!(created.id, ImageId(5));
    server.finish();
}

fn part_of_the_file() -> Step {
    get("/tftp/").answer(200, "application/octet-stream", "ker")
}

#[test]
fn incomplete_image_is_deleted_and_the_upload_repeated() {
    for read_back in [
        part_of_the_file(),
        get("/tftp/").answer(404, "text/html", ""),
    ] {
        let deletion = delete("/api/v1/image/4").answer(204, "text/html", "");
        upload_again(read_back, deletion);
    }
}

#[test]
fn upload_is_repeated_when_another_client_deleted_the_incomplete_image_first() {
    let missing = r#"{"error_type":"InvalidUsage","errors":["image not found"]}"#;
    let deletion = delete("/api/v1/image/4").json(404, missing);
    upload_again(part_of_the_file(), deletion);
}

#[test]
fn image_is_found_by_its_mark_where_its_file_cannot_be_read_back() {
    let made = upload(b"kernel");
    let mut file = ImageFile::open(&made.path).unwrap();
    let server = Server::start([
        get("/api/v1/image").json(200, "[]"),
        post("/api/v1/image").close(),
        get("/api/v1/image").json(200, format!("[{}]", image_json(4, &image_name(&file)))),
        get("/tftp/").html(403, "<html>no</html>"),
    ]);
    assert_eq!(
        client(&server)
            .0
            .images()
            .create(&kernel(), &mut file)
            .unwrap()
            .id,
        ImageId(4)
    );
    server.finish();
}

#[test]
fn upload_attempts_are_limited() {
    let made = upload(b"kernel");
    let mut file = ImageFile::open(&made.path).unwrap();
    let mut steps = vec![get("/api/v1/image").json(200, "[]")];
    for _ in 0..4 {
        steps.push(post("/api/v1/image").close());
        steps.push(get("/api/v1/image").json(200, "[]"));
    }
    let server = Server::start(steps);
    let (client, clock) = client(&server);
    let error = client.images().create(&kernel(), &mut file).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Disconnected), "{error:?}");
    assert_eq!(clock.pauses(), [0.5, 1.0, 2.0]);
    server.finish();
}

#[test]
fn outcome_is_unknown_when_images_cannot_be_listed() {
    let made = upload(b"kernel");
    let mut file = ImageFile::open(&made.path).unwrap();
    let server = Server::start([
        get("/api/v1/image").json(200, "[]"),
        post("/api/v1/image").close(),
        get("/api/v1/image").html(500, ""),
    ]);
    let error = client(&server)
        .0
        .images()
        .create(&kernel(), &mut file)
        .unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::OutcomeUnknown),
        "{error:?}"
    );
    assert!(error.to_string().starts_with("uploading "), "{error}");
    server.finish();
}

fn preseed() -> NewPreseed {
    NewPreseed {
        name: "base".to_owned(),
        kind: PreseedType::Preseed,
        content: "d-i".to_owned(),
        description: None,
        known_good: false,
        public: false,
    }
}

const MADE: &str = r#"{"id": 5, "name": "base", "content": "d-i", "description": null, "type": "preseed", "user": "alice", "known_good": false, "public": false}"#;

#[test]
fn preseed_that_arrived_is_not_created_again() {
    let server = Server::start([
        post("/api/v1/preseed").close(),
        get("/api/v1/preseed").json(200, format!("[{MADE}]")),
    ]);
    assert_eq!(
        client(&server).0.preseeds().create(&preseed()).unwrap().id,
        PreseedId(5)
    );
    server.finish();
}

#[test]
fn preseed_that_did_not_arrive_is_created_again() {
    let server = Server::start([
        post("/api/v1/preseed").headed(503, "Retry-After: 2\r\n", ""),
        get("/api/v1/preseed").json(200, format!("[{}]", MADE.replace("d-i", "older"))),
        post("/api/v1/preseed").json(201, MADE),
    ]);
    let (client, clock) = client(&server);
    client.preseeds().create(&preseed()).unwrap();
    assert_eq!(clock.pauses(), [2.0]);
    server.finish();
}

#[test]
fn assignee_that_arrived_is_not_created_again() {
    let new = NewAssignee {
        user: "bob".to_owned(),
        reason: None,
    };
    let server = Server::start([
        post("/api/v1/machine/7/assignee").close(),
        get("/api/v1/machine/7/assignee")
            .json(200, r#"[{"id": 8, "user": "alice", "reason": ""}]"#),
        post("/api/v1/machine/7/assignee").close(),
        get("/api/v1/machine/7/assignee").json(200, r#"[{"id": 9, "user": "bob", "reason": ""}]"#),
    ]);
    let (client, clock) = client(&server);
    let made = client.assignees().create(MachineId(7), &new).unwrap();
    assert_eq!(made.id, AssigneeId(9));
    assert_eq!(clock.pauses(), [0.5]);
    server.finish();
}

#[test]
fn power_order_is_not_repeated_after_a_lost_answer() {
    for loss in [
        post("/api/v1/machine/7/power").close(),
        post("/api/v1/machine/7/power").html(504, ""),
        post("/api/v1/machine/7/power").close_after(10),
    ] {
        let server = Server::start([loss]);
        let (client, clock) = client(&server);
        let error = client
            .powers()
            .order(MachineId(7), PowerOrder::Reboot)
            .unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::OutcomeUnknown),
            "{error:?}"
        );
        assert!(error.to_string().starts_with("rebooting machine 7: "));
        assert!(clock.pauses().is_empty());
        server.finish();
    }
}

#[test]
fn preseed_that_arrived_after_the_first_list_is_not_created_again() {
    for loss in unended(|| post("/api/v1/preseed")) {
        let server = Server::start([
            loss,
            get("/api/v1/preseed").json(200, "[]"),
            get("/api/v1/preseed").json(200, format!("[{MADE}]")),
        ]);
        let (client, clock) = client_with_short_timeout(&server);
        client.preseeds().create(&preseed()).unwrap();
        assert_eq!(clock.pauses(), [0.5]);
        server.finish();
    }
}

#[test]
fn console_is_created_again_after_a_lost_answer() {
    let server = Server::start([
        post("/api/v1/machine/7/console").close(),
        post("/api/v1/machine/7/console").json(200, r#"{"host": null, "port": 1, "token": "t"}"#),
    ]);
    let (client, clock) = client(&server);
    client.consoles().create(MachineId(7)).unwrap();
    assert_eq!(clock.pauses(), [0.5]);
    server.finish();
}

#[test]
fn conflict_with_the_own_first_request_is_not_an_error() {
    let taken = r#"{"error_type": "IntegrityError", "errors": "(psycopg2) duplicate key"}"#;
    let first_attempt = || {
        [
            post("/api/v1/preseed").close(),
            get("/api/v1/preseed").json(200, "[]"),
            post("/api/v1/preseed").json(409, taken),
        ]
    };
    let late = get("/api/v1/preseed").json(200, format!("[{MADE}]"));
    let server = Server::start(first_attempt().into_iter().chain([late]));
    let made = client(&server).0.preseeds().create(&preseed()).unwrap();
    assert_eq!(made.id, PreseedId(5));
    server.finish();

    let nothing = get("/api/v1/preseed").json(200, "[]");
    let server = Server::start(first_attempt().into_iter().chain([nothing]));
    let error = client(&server).0.preseeds().create(&preseed()).unwrap_err();
    assert!(error.is_conflict(), "{error:?}");
    server.finish();
}

#[test]
fn reservation_that_arrived_is_not_repeated() {
    let machine: Machine = serde_json::from_str(&machine_json(7, "rack")).unwrap();
    let missing = r#"{"error_type":"InvalidUsage","errors":["assignee not found"]}"#;
    let own = r#"{"id": 2, "user": "alice", "reason": "ci"}"#;
    let reserve = || post("/api/v1/machine/reservation");
    let look = || get("/api/v1/machine/7/assignee/self");
    let server = Server::start([reserve().close(), look().json(200, own)]);
    let answer = client(&server).0.reservations().create(&machine, "ci");
    assert_eq!(answer.unwrap().as_ref(), Some(&machine));
    server.finish();
    let server = Server::start([
        reserve().html(503, ""),
        look().json(404, missing),
        reserve().json(200, machine_json(7, "rack")),
    ]);
    let (client, clock) = client(&server);
    let answer = client.reservations().create(&machine, "ci");
    assert_eq!(answer.unwrap(), Some(machine));
    assert_eq!(clock.pauses().len(), 1);
    server.finish();
}

#[test]
fn reservation_by_the_own_first_request_is_found() {
    let machine: Machine = serde_json::from_str(&machine_json(7, "rack")).unwrap();
    let missing = r#"{"error_type":"InvalidUsage","errors":["assignee not found"]}"#;
    let none_free = r#"{"error_type":"InvalidUsage","errors":["machine not found"]}"#;
    let own = r#"{"id": 2, "user": "alice", "reason": "ci"}"#;
    let server = Server::start([
        post("/api/v1/machine/reservation").close(),
        get("/api/v1/machine/7/assignee/self").json(404, missing),
        post("/api/v1/machine/reservation").json(404, none_free),
        get("/api/v1/machine/7/assignee/self").json(200, own),
    ]);
    let answer = client(&server).0.reservations().create(&machine, "ci");
    assert_eq!(answer.unwrap(), Some(machine));
    server.finish();
}
