//! What each verb of assignments and reservations sends and reads.

use mr_provisioner::client::*;
use serde_json::json;

use crate::server::{Server, delete, get, post, put};
use crate::support::*;

#[test]
fn interfaces_states_and_assignees() {
    let server = Server::start([
        get("/api/v1/machine/7/interface/9")
            .json(200, interface_json(&json!({ "mac": "52:54:00:00:00:01" }))),
        get("/api/v1/machine/7/state").json(200, r#"{"state": "error"}"#),
        put("/api/v1/machine/7/state")
            .body(r#"{"state":"ready"}"#)
            .json(200, r#"{"state": "ready"}"#),
        post("/api/v1/machine/7/state")
            .body(r#"{"state":"provision"}"#)
            .json(202, r#"{"state": "provisioning"}"#),
        get("/api/v1/machine/7/assignee")
            .json(200, r#"[{"id": 2, "user": "alice", "reason": ""}]"#),
        get("/api/v1/machine/7/assignee/self")
            .json(200, r#"{"id": 2, "user": "alice", "reason": ""}"#),
        get("/api/v1/machine/7/assignee/self").json(
            404,
            r#"{"error_type":"InvalidUsage","errors":["assignee not found"]}"#,
        ),
        get("/api/v1/machine/7/assignee/self").json(
            404,
            r#"{"error_type":"InvalidUsage","errors":["machine not found"]}"#,
        ),
    ]);
    let (client, _) = client(&server);
    let machine = MachineId(7);
    assert_eq!(
        client
            .interfaces()
            .get(machine, InterfaceId(9))
            .unwrap()
            .mac
            .as_deref(),
        Some("52:54:00:00:00:01")
    );
    assert_eq!(client.states().get(machine).unwrap(), MachineState::Error);
    assert_eq!(
        client.states().set(machine, ReportedState::Ready).unwrap(),
        MachineState::Ready
    );
    assert_eq!(
        client.states().provision(machine).unwrap(),
        MachineState::Provisioning
    );
    let all = client.assignees().list(machine).unwrap();
    assert_eq!(
        client.assignees().own(machine).unwrap().as_ref(),
        Some(&all[0])
    );
    assert_eq!(client.assignees().own(machine).unwrap(), None);
    assert!(client.assignees().own(machine).unwrap_err().is_not_found());
    server.finish();
}

#[test]
fn assignments_are_created_changed_and_deleted() {
    let one = r#"{"id": 9, "user": "bob", "reason": "ci"}"#;
    let server = Server::start([
        post("/api/v1/machine/7/assignee")
            .body(r#"{"user":"bob","reason":"ci"}"#)
            .json(201, one),
        post("/api/v1/machine/7/assignee")
            .body(r#"{"user":"bob"}"#)
            .json(201, one),
        put("/api/v1/machine/7/assignee/9")
            .body(r#"{"reason":""}"#)
            .json(200, one),
        delete("/api/v1/machine/7/assignee/9").answer(204, "text/html", ""),
    ]);
    let (client, _) = client(&server);
    let machine = MachineId(7);
    let new = |reason: Option<&str>| NewAssignee {
        user: "bob".to_owned(),
        reason: reason.map(str::to_owned),
    };
    let handle = client.assignees();
    assert_eq!(
        handle.create(machine, &new(Some("ci"))).unwrap().id,
        AssigneeId(9)
    );
    handle.create(machine, &new(None)).unwrap();
    handle.update(machine, AssigneeId(9), "").unwrap();
    handle.delete(machine, AssigneeId(9)).unwrap();
    server.finish();
}

#[test]
fn a_reservation_is_for_one_machine_and_only_while_it_is_free() {
    let one = machine_json(7, "ra\"ck");
    let none = r#"{"error_type":"InvalidUsage","errors":["no matching machine"]}"#;
    let body = r#"{"query":"(and (= name \"ra\\\"ck\") (= assignee_count 0))","reason":"ci"}"#;
    let server = Server::start([
        post("/api/v1/machine/reservation")
            .body(body)
            .json(200, &one),
        post("/api/v1/machine/reservation")
            .body(body)
            .json(404, none),
        post("/api/v1/machine/reservation").html(404, "<html>proxy</html>"),
    ]);
    let (client, _) = client(&server);
    let machine: Machine = serde_json::from_str(&one).unwrap();
    let reserve = || client.reservations().create(&machine, "ci");
    assert_eq!(reserve().unwrap().as_ref(), Some(&machine));
    assert_eq!(reserve().unwrap(), None);
    assert!(matches!(
        reserve().unwrap_err().kind(),
        ErrorKind::NoSuchPath
    ));
    server.finish();
}

#[test]
fn a_reservation_with_too_long_a_query_is_refused_before_anything_is_sent() {
    let server = Server::start([]);
    let machine: Machine = serde_json::from_str(&machine_json(7, &"\\".repeat(150))).unwrap();
    let answer = client(&server).0.reservations().create(&machine, "ci");
    assert!(matches!(
        answer.unwrap_err().kind(),
        ErrorKind::InvalidValue
    ));
    server.finish();
}
