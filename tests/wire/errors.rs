//! Every class of error body becomes one readable sentence.

use mr_provisioner::client::*;

use crate::server::{Server, Step, delete, get, post, put};
use crate::support::{assert_clean, client, machine_json};

fn error_of<T: std::fmt::Debug>(step: Step, act: impl FnOnce(&Client) -> Result<T>) -> Error {
    let server = Server::start([step]);
    let error = act(&client(&server).0).unwrap_err();
    server.finish();
    assert_clean(&error);
    error
}

fn reading(step: impl FnOnce(Step) -> Step) -> Error {
    error_of(step(get("/api/v1/machine/7")), |client| {
        client.machines().get(MachineId(7))
    })
}

fn changing(step: impl FnOnce(Step) -> Step) -> Error {
    let changes = MachineChanges::default();
    error_of(step(put("/api/v1/machine/7")), move |client| {
        client.machines().update(MachineId(7), &changes)
    })
}

const PAGE: &str = "<!DOCTYPE HTML><html><title>canary</title></html>";

#[test]
fn unknown_token_is_unauthorized() {
    let error = reading(|step| step.html(401, ""));
    assert!(matches!(error.kind(), ErrorKind::Unauthorized));
    assert_eq!(
        error.to_string(),
        "reading machine 7: the server does not accept this token"
    );
    assert_eq!((error.status(), error.server_response()), (Some(401), None));
}

#[test]
fn missing_object_is_not_found() {
    let body = r#"{"error_type":"InvalidUsage","errors":["machine not found"]}"#;
    let error = reading(|step| step.json(404, body));
    assert!(error.is_not_found());
    assert_eq!(error.to_string(), "reading machine 7: machine not found");
    assert_eq!(error.server_response(), Some(body));
}

#[test]
fn path_outside_the_api_is_no_such_path() {
    let known = r#"{"error_type":"NotFound","errors":["404: Not Found"]}"#;
    for error in [
        reading(|step| step.json(404, known)),
        reading(|step| step.html(404, PAGE)),
        reading(|step| step.html(405, PAGE)),
    ] {
        assert!(matches!(error.kind(), ErrorKind::NoSuchPath), "{error:?}");
        assert!(!error.is_not_found());
        assert!(error.hint().unwrap().contains("URL"));
    }
}

#[test]
fn html_page_of_any_status_becomes_an_error_with_that_status() {
    for status in [400, 403, 409, 413, 418, 500, 501] {
        let error = changing(|step| step.html(status, PAGE));
        assert_eq!(error.status(), Some(status), "{error:?}");
        assert!(
            error
                .server_response()
                .unwrap()
                .contains("bytes, not shown")
        );
    }
}

#[test]
fn schema_violations_are_joined_without_nulls() {
    let body = r#"{"error_type":"SchemaMissingKeyError","errors":[null,"Missing keys: 'name'",null,"Missing keys: 'type'"]}"#;
    let error = changing(|step| step.json(400, body));
    assert!(matches!(error.kind(), ErrorKind::InvalidRequest));
    assert_eq!(
        error.to_string(),
        "changing machine 7: the server does not accept it: Missing keys: 'name'; Missing keys: 'type'"
    );
}

#[test]
fn schema_violations_with_code_are_not_shown() {
    let huge = format!(
        r#"{{"error_type":"SchemaError","errors":[null,"'{}' is wrong"]}}"#,
        "canary".repeat(700_000)
    );
    for body in [
        r#"{"error_type":"SchemaError","errors":["<lambda>('canary') should evaluate to True"]}"#,
        r#"{"error_type":"SchemaError","errors":["<function f at 0x7f0000001111>"]}"#,
        r#"{"error_type":"SchemaError","errors":[null]}"#,
        r#"{"error_type":"SchemaError"}"#,
        "null",
        "[]",
        "canary",
        huge.as_str(),
    ] {
        let error = changing(|step| step.json(400, body));
        assert_eq!(
            error.to_string(),
            "changing machine 7: the server does not accept the request (status 400)"
        );
        assert!(error.server_response().unwrap().len() <= 4096);
    }
}

#[test]
fn refusal_without_a_body_says_that_it_gives_no_reason() {
    let error = changing(|step| step.html(400, ""));
    assert_eq!(
        error.to_string(),
        "changing machine 7: the server refuses the request and gives no reason (status 400)"
    );
}

#[test]
fn domain_errors_are_shown() {
    for (status, text) in [
        (
            400,
            "Enabled netboot requires a subarch with a valid bootloader",
        ),
        (403, "not allowed to use kernel"),
        (409, "no more IPs available"),
    ] {
        let error = changing(|step| {
            step.json(
                status,
                format!(r#"{{"error_type":"InvalidUsage","errors":["{text}"]}}"#),
            )
        });
        assert!(error.to_string().ends_with(text), "{error}");
        assert_eq!(error.status(), Some(status));
    }
}

#[test]
fn value_errors_are_shown_and_database_errors_are_not() {
    let of = |kind: &str, text: &str| {
        let body = serde_json::json!({"error_type": kind, "errors": text}).to_string();
        changing(|step| step.json(400, body)).to_string()
    };
    assert!(
        of("ValueError", "`foo` is not a valid operation")
            .ends_with("`foo` is not a valid operation")
    );
    for kind in ["DataError", "ProgrammingError"] {
        assert_eq!(
            of(
                kind,
                "(psycopg2.DataError) invalid input [SQL: 'SELECT canary']"
            ),
            "changing machine 7: the server's database does not accept a value (status 400)"
        );
    }
}

const IN_SQL: &str = r#"{"error_type":"IntegrityError","errors":"(psycopg2.IntegrityError) duplicate key [SQL: 'INSERT INTO canary']"}"#;

#[test]
fn conflicts_are_explained_by_the_request() {
    let in_use = error_of(delete("/api/v1/image/3").json(409, IN_SQL), |client| {
        client.images().delete(ImageId(3))
    });
    assert!(in_use.is_conflict());
    assert_eq!(
        in_use.to_string(),
        "deleting image 3: a machine uses it, or a subarch as its bootloader"
    );

    let in_use = error_of(delete("/api/v1/preseed/3").json(409, IN_SQL), |client| {
        client.preseeds().delete(PreseedId(3))
    });
    assert_eq!(in_use.to_string(), "deleting preseed 3: a machine uses it");

    let new = NewPreseed {
        name: "base".to_owned(),
        kind: PreseedType::Preseed,
        content: String::new(),
        description: None,
        known_good: false,
        public: false,
    };
    let taken = error_of(post("/api/v1/preseed").json(409, IN_SQL), |client| {
        client.preseeds().create(&new)
    });
    assert!(
        taken
            .to_string()
            .starts_with("creating preseed 'base': the name is taken"),
        "{taken}"
    );
    assert!(taken.to_string().contains("cannot see"), "{taken}");
}

#[test]
fn refusals_without_a_reason_are_explained_by_the_request() {
    let error = error_of(put("/api/v1/machine/7/state").html(403, ""), |client| {
        client.states().set(MachineId(7), ReportedState::Ready)
    });
    assert!(error.is_forbidden());
    assert_eq!(
        error.to_string(),
        "setting the state of machine 7: the machine is not assigned to this token's user"
    );

    let error = error_of(post("/api/v1/machine/7/power").html(403, ""), |client| {
        client.powers().order(MachineId(7), PowerOrder::Off)
    });
    assert_eq!(
        error.to_string(),
        "switching machine 7 off: the machine is not assigned to this token's user"
    );

    let body = r#"{"error_type":"InvalidUsage","errors":["Forbidden"]}"#;
    let error = error_of(
        delete("/api/v1/machine/7/assignee/9").json(403, body),
        |client| client.assignees().delete(MachineId(7), AssigneeId(9)),
    );
    assert_eq!(
        error.to_string(),
        "ending assignment 9 of machine 7: the assignment is another user's, and only an administrator can change it"
    );
    let error = error_of(get("/api/v1/image/3").json(403, body), |client| {
        client.images().get(ImageId(3))
    });
    assert_eq!(
        error.to_string(),
        "reading image 3: the image belongs to another user"
    );
}

#[test]
fn text_that_is_no_known_sentence_is_not_shown() {
    for text in [
        "ipmitool --password canary failed",
        "IPMI_PASSWORD=canary",
        "user ADMIN with canary was refused",
    ] {
        let body = serde_json::json!({"error_type": "InvalidUsage", "errors": [text]});
        let error = changing(|step| step.json(400, body.to_string()));
        assert_eq!(
            error.to_string(),
            "changing machine 7: the server does not accept the request (status 400)"
        );
        assert!(!error.server_response().unwrap().contains("canary"));
    }
}

#[test]
fn bmc_error_hides_the_password() {
    let body = r#"{"error_type":"BMCError","errors":"BMC error: IPMI error: Command '['ipmitool', '-P', 'canary']' returned 1"}"#;
    let error = error_of(post("/api/v1/machine/7/state").json(500, body), |client| {
        client.states().provision(MachineId(7))
    });
    assert!(matches!(error.kind(), ErrorKind::Bmc));
    assert_eq!(
        error.to_string(),
        "starting the provisioning of machine 7: the machine's BMC did not do as asked"
    );
    // For high verbosity, where it is scrubbed.
    assert!(!error.server_response().unwrap().contains("canary"));
}

#[test]
fn server_failure_without_a_text_shows_the_status() {
    let error = reading(|step| step.html(500, PAGE));
    assert_eq!(
        error.to_string(),
        "reading machine 7: the server failed (status 500)"
    );
}

#[test]
fn unexpected_answer_names_the_field() {
    let error = error_of(
        get("/api/v1/machine").json(
            200,
            format!(
                "[{}, {}]",
                machine_json(1, "a"),
                machine_json(2, "b").replace(r#""kernel_id":3"#, r#""kernel_id":"x""#)
            ),
        ),
        |client| client.machines().list(Scope::Own),
    );
    assert!(matches!(error.kind(), ErrorKind::Decode));
    assert!(
        error.to_string().contains("[1].kernel_id: expected u64"),
        "{error}"
    );

    let page = reading(|step| step.html(200, PAGE));
    assert!(
        page.to_string().ends_with("it is a web page, not JSON"),
        "{page}"
    );
    for body in [
        "",
        "{",
        r#"{"id": 7} x"#,
        r#"{"id": null}"#,
        r#"{"id": -1}"#,
        r#"{"name": "x"}"#,
    ] {
        assert!(
            matches!(
                reading(|step| step.json(200, body)).kind(),
                ErrorKind::Decode
            ),
            "{body}"
        );
    }
}

#[test]
fn unexpected_answer_does_not_show_its_value() {
    for value in [
        r#""INSERT INTO image, expected canary""#,
        r#"{"canary": "ipmitool -P hunter2"}"#,
        r#""Command '['ipmitool', '-P', 'canary']' failed""#,
    ] {
        let body = format!(r#"{{"id": 7, "name": "x", "kernel_id": {value}}}"#);
        let error = reading(|step| step.json(200, body)).to_string();
        let whole = "reading machine 7: the server's answer is not as expected: kernel_id: expected u64 at line 1";
        assert!(error.starts_with(whole), "{error}");
    }
}

#[test]
fn refusals_that_programs_depend_on_have_a_code() {
    let refuse = |status, text: &str| {
        let body = serde_json::json!({"error_type": "InvalidUsage", "errors": [text]});
        let error = changing(|step| step.json(status, body.to_string()));
        error.code()
    };
    assert_eq!(refuse(400, "no such user"), Some(ErrorCode::NoSuchUser));
    assert_eq!(
        refuse(404, "assignee not found"),
        Some(ErrorCode::AssigneeNotFound)
    );
    assert_eq!(refuse(403, "Forbidden"), Some(ErrorCode::Forbidden));
    assert_eq!(refuse(404, "machine not found"), None);
}

#[test]
fn the_cause_of_an_error_is_its_source() {
    use std::error::Error as _;

    let missing = ImageFile::open("/absent".as_ref()).unwrap_err();
    let cause = missing.source().unwrap();
    assert!(cause.downcast_ref::<std::io::Error>().is_some());

    let lost = error_of(post("/api/v1/machine/7/state").close(), |client| {
        client.states().provision(MachineId(7))
    });
    let cause = lost.source().unwrap().downcast_ref::<Error>().unwrap();
    assert_eq!(cause.kind(), ErrorKind::Disconnected);
    assert!(cause.source().is_some());

    assert!(reading(|step| step.html(500, "")).source().is_none());
}
