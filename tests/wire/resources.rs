//! What each verb of each resource sends and reads.

use mr_provisioner::client::*;
use serde_json::json;

use crate::server::{Server, delete, get, post, put};
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
fn images_are_listed_read_changed_and_deleted() {
    let (one, list) = (
        image_json(3, "alice/k.1a2b3c4d"),
        format!("[{}]", image_json(3, "alice/k.1a2b3c4d")),
    );
    let missing = r#"{"error_type":"InvalidUsage","errors":["image not found"]}"#;
    let server = Server::start([
        get("/api/v1/image").json(200, &list),
        get("/api/v1/image?show_all=true").json(200, &list),
        get("/api/v1/image/3").json(200, &one),
        get("/api/v1/image/4").json(404, missing),
        put("/api/v1/image/3")
            .header("content-type", "application/json")
            .body(r#"{"description":"ü","public":false}"#)
            .json(200, &one),
        delete("/api/v1/image/3").answer(204, "text/html", ""),
    ]);
    let (client, _) = client(&server);
    let images = client.read_only().images();
    let image = images.list(Scope::Own).unwrap().remove(0);
    assert_eq!(
        (image.id, &image.kind, image.public, image.known_good),
        (ImageId(3), &ImageType::Kernel, true, false)
    );
    assert_eq!(images.list(Scope::Visible).unwrap().first(), Some(&image));
    assert_eq!(images.get(ImageId(3)).unwrap(), image);
    assert_eq!(images.find(ImageId(4)).unwrap(), None);
    let changes = ImageChanges {
        description: Some(Some("ü".to_owned())),
        public: Some(false),
        ..ImageChanges::default()
    };
    client.images().update(ImageId(3), &changes).unwrap();
    client.images().delete(ImageId(3)).unwrap();
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
fn power_is_read_and_ordered() {
    let orders = [
        (PowerOrder::On, "on"),
        (PowerOrder::Off, "off"),
        (PowerOrder::Reboot, "reboot"),
        (PowerOrder::PxeReboot, "pxe_reboot"),
        (PowerOrder::DiskReboot, "disk_reboot"),
        (PowerOrder::BiosReboot, "bios_reboot"),
    ];
    let powers = [
        ("on", Power::On),
        ("off", Power::Off),
        ("unknown", Power::NoBmc),
        ("Unknown (BMC error)", Power::BmcFails),
        ("cycling", Power::Other("cycling".to_owned())),
    ];
    let asked = powers.iter().map(|(word, _)| {
        get("/api/v1/machine/7/power").json(200, format!(r#"{{"state": "{word}"}}"#))
    });
    let ordered = orders.iter().map(|(_, word)| {
        post("/api/v1/machine/7/power")
            .body(&format!(r#"{{"state":"{word}"}}"#))
            .json(202, r#"{"state": "on"}"#)
    });
    let server = Server::start(asked.chain(ordered).collect::<Vec<_>>());
    let (client, _) = client(&server);
    for (_, power) in powers {
        assert_eq!(
            client.read_only().powers().get(MachineId(7)).unwrap(),
            power
        );
    }
    for (order, _) in orders {
        assert_eq!(
            client.powers().order(MachineId(7), order).unwrap(),
            Power::On
        );
    }
    server.finish();
}

#[test]
fn console_has_the_address_that_the_web_page_makes() {
    let answer = |host: &str| format!(r#"{{"host": {host}, "port": 8866, "token": "c0/+"}}"#);
    let server = Server::start([
        post("/mrp/api/v1/machine/7/console").json(200, answer("null")),
        post("/mrp/api/v1/machine/7/console").json(200, answer(r#""serial.example""#)),
        post("/mrp/api/v1/machine/7/console").json(200, answer(r#""a host""#)),
    ]);
    let (client, _) = connect(&settings(&format!("{}mrp", server.url())));
    let console = client.consoles().create(MachineId(7)).unwrap();
    assert_eq!(console.url, "ws://127.0.0.1:8866/ws?token=c0%2F%2B");
    assert_eq!(
        (console.host.as_str(), console.port, console.token.as_str()),
        ("127.0.0.1", 8866, "c0/+")
    );
    assert!(!format!("{console:?}").contains("c0"));
    let elsewhere = client.consoles().create(MachineId(7)).unwrap();
    assert_eq!(elsewhere.url, "ws://serial.example:8866/ws?token=c0%2F%2B");
    let error = client.consoles().create(MachineId(7)).unwrap_err();
    assert!(
        error.to_string().ends_with("host: it is no host name"),
        "{error}"
    );
    server.finish();
}

#[test]
fn an_image_is_read_back_without_the_token() {
    let image: Image = serde_json::from_str(&image_json(3, "alice/k.1a2b3c4d")).unwrap();
    let step = || {
        get("/mrp/tftp/")
            .without("authorization")
            .header("x-tftp-file", "alice/k.1a2b3c4d")
            .header("x-tftp-ip", "127.0.0.1")
    };
    let server = Server::start([
        step().answer(200, "application/octet-stream", "abc"),
        step().answer(404, "text/html; charset=utf-8", ""),
        step().html(404, "<html>proxy</html>"),
        step().html(200, "<html>login</html>"),
        step().html(500, ""),
    ]);
    let (client, _) = connect(&settings(&format!("{}mrp/", server.url())));
    let made = upload(b"abc");
    let file = ImageFile::open(&made.path).unwrap();
    let holds = |image: &Image| client.images().holds(image, file.digest());
    assert!(holds(&image).unwrap());
    assert!(!holds(&image).unwrap());
    for _ in 0..3 {
        holds(&image).unwrap_err();
    }
    let nameless = Image {
        name: None,
        ..image
    };
    assert!(!holds(&nameless).unwrap());
    server.finish();
}

#[test]
fn an_image_that_never_ends_is_not_read_to_its_end() {
    let image: Image = serde_json::from_str(&image_json(3, "alice/k.1a2b3c4d")).unwrap();
    let begin = "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n\r\nabcabc";
    let server = Server::start([get("/tftp/").raw(begin.into())]);
    let made = upload(b"abc");
    let file = ImageFile::open(&made.path).unwrap();
    // A client that reads beyond the expected size gets no more bytes, and fails at the short timeout.
    let (client, _) = client_with_short_timeout(&server);
    assert!(!client.images().holds(&image, file.digest()).unwrap());
    server.finish();
}

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

#[test]
fn machine_without_a_field_is_an_error_and_null_is_none_where_the_server_has_it() {
    let whole: serde_json::Value = serde_json::from_str(&machine_json(7, "a")).unwrap();
    let fields = [
        "subarch",
        "kernel_id",
        "kernel_opts",
        "initrd_id",
        "preseed_id",
        "netboot_enabled",
    ];
    for field in fields {
        let mut null = whole.clone();
        null[field] = serde_json::Value::Null;
        let mut missing = whole.clone();
        missing.as_object_mut().unwrap().remove(field);
        let server = Server::start([
            get("/api/v1/machine/7").json(200, null.to_string()),
            get("/api/v1/machine/7").json(200, missing.to_string()),
        ]);
        let (client, _) = client(&server);
        client.machines().get(MachineId(7)).unwrap();
        let error = client.machines().get(MachineId(7)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert!(error.to_string().contains(field), "{error}");
        server.finish();
    }
}

#[test]
fn state_and_power_that_are_missing_null_or_in_an_array_are_errors() {
    for body in [
        "{}",
        r#"{"state": null}"#,
        "[null]",
        r#"["ready"]"#,
        r#"["on"]"#,
        "null",
        r#""ready""#,
        "",
    ] {
        let server = Server::start([
            get("/api/v1/machine/7/state").json(200, body),
            get("/api/v1/machine/7/power").json(200, body),
        ]);
        let (client, _) = client(&server);
        let state = client.states().get(MachineId(7)).unwrap_err();
        let power = client.powers().get(MachineId(7)).unwrap_err();
        for error in [state, power] {
            assert_eq!(error.kind(), ErrorKind::Decode, "{body}");
        }
        server.finish();
    }
}

#[test]
fn accepted_order_whose_answer_cannot_be_read_is_a_success() {
    for body in [
        "",
        "{}",
        "[null]",
        "<html>accepted</html>",
        r#"{"state": 7}"#,
    ] {
        let server = Server::start([
            post("/api/v1/machine/7/state").json(202, body),
            post("/api/v1/machine/7/power").json(202, body),
        ]);
        let (client, _) = client(&server);
        assert_eq!(
            client.states().provision(MachineId(7)).unwrap(),
            MachineState::Provisioning
        );
        let power = client.powers().order(MachineId(7), PowerOrder::Off);
        assert_eq!(power.unwrap(), Power::Other(String::new()));
        server.finish();
    }
}
