//! What each verb of states, power and consoles sends and reads.

use mr_provisioner::client::*;

use crate::server::{Server, get, post};
use crate::support::*;

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
