//! Objects without the fields that decide what is written: a missing field is not null, and an array is no object.

use mr_provisioner::client::*;
use serde_json::{Value, json};

use crate::server::{Server, get};
use crate::support::client;

/// What reading an object gives: its error as a text.
type Read = fn(&Client) -> Result<(), String>;

fn outcome<T>(answer: Result<T>) -> Result<(), String> {
    answer.map(drop).map_err(|error| error.to_string())
}

/// The path of each resource's list, a complete object, its fields that decide, and the reading of one and of all.
fn resources() -> Vec<(&'static str, Value, &'static str, Read)> {
    let image = json!({ "id": 3, "name": "alice/k.1", "description": "k", "type": "Kernel", "arch": "arm64",
        "upload_date": null, "user": "alice", "known_good": false, "public": true });
    let preseed = json!({ "id": 3, "name": "seed", "content": "x", "description": "d", "type": "preseed",
        "user": "alice", "known_good": false, "public": true });
    let interface = json!({ "id": 3, "identifier": "eth0", "mac": "00:00:00:00:00:01", "network_name": "lab",
        "subnetv4": "10.0.0.0/24", "netmaskv4": "255.255.255.0", "prefixlenv4": 24,
        "static_pool_v4": "10.0.0.0/28", "reserved_pool_v4": "10.0.0.16/28", "config_type_v4": "static",
        "configured_ipv4": "10.0.0.5", "lease_ipv4": "10.0.0.6", "last_seen_date": null });
    let assignee = json!({ "id": 3, "user": "alice", "reason": "ci" });
    let machine = json!({ "id": 3, "name": "a", "arch": "arm64", "hostname": "a", "subarch": "efi", "kernel_id": 1,
        "kernel_opts": "", "initrd_id": 1, "preseed_id": 1, "netboot_enabled": true });
    vec![
        (
            "/api/v1/machine",
            machine,
            "id name arch subarch kernel_id kernel_opts initrd_id preseed_id netboot_enabled",
            |client| outcome(client.machines().list(Scope::Own)),
        ),
        (
            "/api/v1/image",
            image,
            "id name description type arch user known_good public",
            |client| outcome(client.images().list(Scope::Own)),
        ),
        (
            "/api/v1/preseed",
            preseed,
            "id name content description type user known_good public",
            |client| outcome(client.preseeds().list(Scope::Own)),
        ),
        (
            "/api/v1/machine/7/interface",
            interface,
            "id identifier mac network_name subnetv4 static_pool_v4 reserved_pool_v4 config_type_v4 configured_ipv4 \
             lease_ipv4",
            |client| outcome(client.interfaces().list(MachineId(7))),
        ),
        (
            "/api/v1/machine/7/assignee",
            assignee,
            "id user reason",
            |client| outcome(client.assignees().list(MachineId(7))),
        ),
    ]
}

fn read(path: &'static str, body: &Value, read: Read) -> Result<(), String> {
    let server = Server::start([get(path).json(200, body.to_string())]);
    let outcome = read(&client(&server).0);
    server.finish();
    outcome
}

#[test]
fn missing_field_that_decides_is_an_error_and_not_null() {
    for (path, object, fields, list) in resources() {
        assert_eq!(read(path, &json!([object]), list), Ok(()), "{path}");
        for field in fields.split_whitespace() {
            let mut incomplete = object.clone();
            incomplete.as_object_mut().unwrap().remove(field);
            let error = read(path, &json!([object, incomplete]), list).unwrap_err();
            let expected = format!("[1]: missing field `{field}`");
            assert!(error.contains(&expected), "{path}: {error}");
        }
    }
}

/// The fields in which the server itself has null.
const NULLABLE: [&str; 16] = [
    "subarch",
    "kernel_id",
    "kernel_opts",
    "initrd_id",
    "preseed_id",
    "netboot_enabled",
    "description",
    "content",
    "identifier",
    "network_name",
    "subnetv4",
    "static_pool_v4",
    "reserved_pool_v4",
    "configured_ipv4",
    "lease_ipv4",
    "user",
];

#[test]
fn null_is_read_only_where_the_server_has_it() {
    for (path, object, fields, list) in resources() {
        for field in fields.split_whitespace() {
            let mut with_null = object.clone();
            with_null[field] = Value::Null;
            let is_read = read(path, &json!([with_null]), list).is_ok();
            // Of images only that of a new installation has no owner.
            let owner = field == "user" && path != "/api/v1/image";
            assert_eq!(
                is_read,
                NULLABLE.contains(&field) && !owner,
                "{path} {field}"
            );
        }
    }
}

#[test]
fn array_is_no_object() {
    for (path, object, _, list) in resources() {
        let values: Value = object.as_object().unwrap().values().cloned().collect();
        for body in [json!([values]), json!([[]]), json!([null]), object] {
            let error = read(path, &body, list).unwrap_err();
            assert!(error.contains("not as expected"), "{path}: {error}");
        }
    }
}
