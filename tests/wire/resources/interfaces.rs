//! What each verb of interfaces sends and reads.

use mr_provisioner::client::*;
use serde_json::json;

use crate::server::{Server, put};
use crate::support::*;

#[test]
fn only_what_is_given_is_sent_for_an_interface() {
    let one = &interface_json(
        &json!({ "identifier": "eth0", "config_type_v4": "static", "configured_ipv4": "10.0.2.1" }),
    );
    let server = Server::start([
        put("/api/v1/machine/7/interface/9")
            .body(r#"{"identifier":"eth0","config_type_v4":"static","configured_ipv4":"10.0.2.1"}"#)
            .json(200, one),
        put("/api/v1/machine/7/interface/9")
            .body(r#"{"config_type_v4":"dynamic-reserved"}"#)
            .json(200, one),
        put("/api/v1/machine/7/interface/9")
            .body(r#"{"config_type_v4":"dynamic","configured_ipv4":null}"#)
            .json(200, interface_json(&json!({}))),
    ]);
    let (client, _) = client(&server);
    let update = |changes| {
        client
            .interfaces()
            .update(MachineId(7), InterfaceId(9), &changes)
            .unwrap()
    };
    let changed = update(InterfaceChanges {
        identifier: Some(Some("eth0".to_owned())),
        config_type_v4: Some(ConfigType::Static),
        configured_ipv4: Some(Some([10, 0, 2, 1].into())),
    });
    assert_eq!(changed.config_type_v4, Some(ConfigType::Static));
    update(InterfaceChanges {
        config_type_v4: Some(ConfigType::Reserved),
        ..InterfaceChanges::default()
    });
    let dynamic = update(InterfaceChanges {
        config_type_v4: Some(ConfigType::Dynamic),
        configured_ipv4: Some(None),
        ..InterfaceChanges::default()
    });
    assert_eq!(dynamic.config_type_v4, Some(ConfigType::Dynamic));
    server.finish();
}

#[test]
fn a_taken_address_is_a_conflict_without_sql() {
    let sql =
        r#"{"error_type": "IntegrityError", "errors": "(psycopg2.IntegrityError) duplicate key"}"#;
    let server = Server::start([put("/api/v1/machine/7/interface/9").json(409, sql)]);
    let changes = InterfaceChanges {
        configured_ipv4: Some(Some([10, 0, 2, 1].into())),
        ..InterfaceChanges::default()
    };
    let answer = client(&server)
        .0
        .interfaces()
        .update(MachineId(7), InterfaceId(9), &changes);
    let error = answer.unwrap_err();
    assert!(error.is_conflict(), "{error:?}");
    assert_clean(&error);
    server.finish();
}
