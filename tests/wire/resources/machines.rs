//! What each verb of machines sends and reads.

use mr_provisioner::client::*;

use crate::server::{Server, get, put};
use crate::support::*;

fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

#[test]
fn machines_are_listed_read_searched_and_changed() {
    let one = machine_json(7, "rack");
    let server = Server::start([
        get("/api/v1/machine").json(200, format!("[{one}]")),
        get("/api/v1/machine?show_all=true").json(200, "[]"),
        get("/api/v1/machine/7").json(200, &one),
        get("/api/v1/machine?q=%28%3D%20bmc_type%20%22%22%29").json(200, "[]"),
        put("/api/v1/machine/7")
            .body(r#"{"subarch":"efi","kernel_id":3,"kernel_opts":"","initrd_id":null,"preseed_id":4,"netboot_enabled":false}"#)
            .json(200, &one),
    ]);
    let (client, _) = client(&server);
    let handle = client.machines();
    let machine = handle.list(Scope::Own).unwrap().remove(0);
    assert_eq!(
        (machine.kernel_id, machine.preseed_id),
        (Some(ImageId(3)), Some(PreseedId(4)))
    );
    assert!(handle.list(Scope::Visible).unwrap().is_empty());
    assert_eq!(handle.get(MachineId(7)).unwrap(), machine);
    assert!(
        handle
            .query(Scope::Own, &Query::without_bmc())
            .unwrap()
            .is_empty()
    );
    let changes = MachineChanges {
        subarch: Some("efi".to_owned()),
        kernel_id: Some(ImageId(3)),
        kernel_opts: Some(String::new()),
        initrd_id: Some(None),
        preseed_id: Some(Some(PreseedId(4))),
        netboot_enabled: Some(false),
    };
    handle.update(MachineId(7), &changes).unwrap();
    server.finish();
}

#[test]
fn a_machine_is_found_by_exactly_its_name() {
    for name in [
        "plain",
        "a b",
        "quo\"te",
        "back\\slash",
        "end\\",
        "it's",
        "a/b",
        "100%",
        "%41",
        "(x)",
        "a;b",
        "n\nl",
        "t\tb",
        "ümlaut",
        "機械",
        "+",
        "&q=t",
        "😀",
    ] {
        let query = format!(
            "(= name \"{}\")",
            name.replace('\\', "\\\\").replace('"', "\\\"")
        );
        let path = format!("/api/v1/machine?show_all=true&q={}", encode(&query));
        let answer = format!(
            "[{}, {}]",
            machine_json(1, &format!("{name}x")),
            machine_json(2, name)
        );
        let server = Server::start([get(&path).json(200, answer), get(&path).json(200, "[]")]);
        let (client, _) = client(&server);
        assert_eq!(
            client.machines().find(name).unwrap().unwrap().id,
            MachineId(2),
            "{name}"
        );
        assert_eq!(client.machines().find(name).unwrap(), None);
        server.finish();
    }
}
