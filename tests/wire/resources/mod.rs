//! What each verb of each resource sends and reads.

mod assignees;
mod images;
mod interfaces;
mod machines;
mod orders;
mod preseeds;

use mr_provisioner::client::*;
use serde_json::json;

use crate::server::{Server, get, put};
use crate::support::*;

#[test]
fn every_request_has_token_and_user_agent() {
    let server = Server::start([get("/mrp/api/v1/machine")
        .header("authorization", &format!("Bearer {TOKEN}"))
        .header(
            "user-agent",
            concat!("mr-provisioner/", env!("CARGO_PKG_VERSION")),
        )
        .json(200, "[]")]);
    let (client, _) = connect(&settings(&format!("{}mrp", server.url())));
    assert!(client.machines().list(Scope::Own).unwrap().is_empty());
    server.finish();
}

#[test]
fn fields_may_be_null_or_new() {
    let sparse = r#"[{"id": 1, "name": "grub.efi", "description": null, "type": "squashfs", "arch": "arm64", "user": null,
        "known_good": false, "public": false, "new": [{}]}]"#;
    let server = Server::start([
        get("/api/v1/image?show_all=true").json(200, sparse),
        get("/api/v1/preseed?show_all=true")
            .json(200, r#"[{"id": 1, "name": "seed", "type": "cloud-init", "content": null, "description": null, "user": "alice", "known_good": false, "public": false}]"#),
        get("/api/v1/machine/7/interface")
            .json(200, format!("[{}]", interface_json(&json!({ "prefixlenv4": 24 })))),
        get("/api/v1/machine/7/state").json(200, r#"{"state": "melting"}"#),
    ]);
    let (client, _) = client(&server);
    let images = client.images().list(Scope::Visible).unwrap();
    assert_eq!(images[0].kind, ImageType::Other("squashfs".to_owned()));
    assert_eq!((images[0].public, images[0].known_good), (false, false));
    let preseeds = client.preseeds().list(Scope::Visible).unwrap();
    assert_eq!(
        preseeds[0].kind,
        PreseedType::Other("cloud-init".to_owned())
    );
    assert_eq!(preseeds[0].content, None);
    assert_eq!(
        client.interfaces().list(MachineId(7)).unwrap()[0].prefixlenv4,
        Some(24)
    );
    assert_eq!(
        client.states().get(MachineId(7)).unwrap(),
        MachineState::Other("melting".to_owned())
    );
    server.finish();
}

#[test]
fn a_text_with_nul_is_refused_before_anything_is_sent() {
    let server = Server::start([]);
    let (client, _) = client(&server);
    let nul = || "a\0b".to_owned();
    let (image, preseed, machine) = (ImageId(1), PreseedId(1), MachineId(1));
    let new_preseed = NewPreseed {
        name: nul(),
        kind: PreseedType::Preseed,
        content: String::new(),
        description: None,
        known_good: false,
        public: false,
    };
    let image_changes = ImageChanges {
        description: Some(Some(nul())),
        ..ImageChanges::default()
    };
    let preseed_changes = PreseedChanges {
        // A backslash before it, which is escaped too.
        content: Some("\\\0".to_owned()),
        ..PreseedChanges::default()
    };
    let machine_changes = MachineChanges {
        kernel_opts: Some(nul()),
        ..MachineChanges::default()
    };
    let interface_changes = InterfaceChanges {
        identifier: Some(Some(nul())),
        ..InterfaceChanges::default()
    };
    let new_assignee = NewAssignee {
        user: "bob".to_owned(),
        reason: Some(nul()),
    };
    let found: Machine = serde_json::from_str(&machine_json(1, "a")).unwrap();
    let query = Query::name_contains("\0");
    for error in [
        client.machines().find("a\0b").unwrap_err(),
        client.machines().query(Scope::Own, &query).unwrap_err(),
        client
            .machines()
            .update(machine, &machine_changes)
            .unwrap_err(),
        client.images().update(image, &image_changes).unwrap_err(),
        client.preseeds().create(&new_preseed).unwrap_err(),
        client
            .preseeds()
            .update(preseed, &preseed_changes)
            .unwrap_err(),
        client
            .interfaces()
            .update(machine, InterfaceId(1), &interface_changes)
            .unwrap_err(),
        client
            .assignees()
            .create(machine, &new_assignee)
            .unwrap_err(),
        client
            .assignees()
            .update(machine, AssigneeId(1), "\0")
            .unwrap_err(),
        client.reservations().create(&found, "\0").unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::InvalidValue, "{error:?}");
        assert!(error.to_string().contains("NUL character"), "{error}");
    }
    server.finish();
}

#[test]
fn a_text_that_spells_the_escape_of_nul_is_sent() {
    let server = Server::start([
        put("/api/v1/image/1")
            .body(r#"{"description":"\\u0000 %00"}"#)
            .json(200, image_json(1, "alice/k.1a2b3c4d")),
        get("/api/v1/machine?show_all=true&q=%28%3D%20name%20%22%2500%22%29").json(200, "[]"),
    ]);
    let (client, _) = client(&server);
    let changes = ImageChanges {
        description: Some(Some(r"\u0000 %00".to_owned())),
        ..ImageChanges::default()
    };
    client.images().update(ImageId(1), &changes).unwrap();
    assert_eq!(client.machines().find("%00").unwrap(), None);
    server.finish();
}
