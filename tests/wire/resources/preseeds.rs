//! What each verb of preseeds sends and reads.

use mr_provisioner::client::*;

use crate::server::{Server, delete, get, post, put};
use crate::support::*;

#[test]
fn preseeds_are_listed_found_created_changed_and_deleted() {
    let one = r#"{"id": 5, "name": "base", "content": "d-i\r\nü", "description": null, "type": "kickstart", "user": "alice",
        "known_good": false, "public": true}"#;
    let list = format!("[{one}]");
    let server = Server::start([
        get("/api/v1/preseed").json(200, &list),
        get("/api/v1/preseed/5").json(200, one),
        get("/api/v1/preseed?show_all=true").json(200, &list),
        get("/api/v1/preseed?show_all=true").json(200, &list),
        post("/api/v1/preseed")
            .body(r#"{"name":"base","type":"kickstart","content":"d-i","known_good":false,"public":true}"#)
            .json(201, one),
        put("/api/v1/preseed/5").body(r#"{"type":"autoyast","content":"x"}"#).json(200, one),
        delete("/api/v1/preseed/5").answer(204, "text/html", ""),
    ]);
    let (client, _) = client(&server);
    let handle = client.preseeds();
    let preseed = handle.list(Scope::Own).unwrap().remove(0);
    assert_eq!(preseed.content.as_deref(), Some("d-i\r\nü"));
    assert_eq!(handle.get(PreseedId(5)).unwrap(), preseed);
    assert_eq!(handle.find("base").unwrap(), Some(preseed.clone()));
    assert_eq!(handle.find("Base").unwrap(), None);
    let new = NewPreseed {
        name: "base".to_owned(),
        kind: PreseedType::Kickstart,
        content: "d-i".to_owned(),
        description: None,
        known_good: false,
        public: true,
    };
    handle.create(&new).unwrap();
    let changes = PreseedChanges {
        kind: Some(PreseedType::Autoyast),
        content: Some("x".to_owned()),
        ..PreseedChanges::default()
    };
    handle.update(PreseedId(5), &changes).unwrap();
    handle.delete(PreseedId(5)).unwrap();
    server.finish();
}
