//! Names of hosts and groups, made of names that the server lets anyone choose.

use serde_json::json;

use crate::start_lab;
use crate::untrusted_texts::{serve, serve_machines};

/// The hosts of machines with these names, in their order. The first one has the id 1, the next one the id 2.
fn host_names(option: &str, names: &[&str]) -> Vec<String> {
    let lab = start_lab();
    lab.configure_inventory(option);
    let machines = (1..).zip(names).map(|(id, name)| {
        let hostname = name.replace(|letter: char| !letter.is_ascii_alphanumeric(), "-");
        json!({ "id": id, "name": name, "hostname": hostname })
    });
    serve_machines(&lab, machines.collect());
    serve(&lab, "*", json!([]));
    let inventory = lab.inventory();
    let hosts = inventory["_meta"]["hostvars"].as_object().unwrap();
    let host_with = |id: usize| hosts.iter().find(|(_, host)| host["mrp_id"] == id).unwrap();
    (1..=names.len())
        .map(|id| host_with(id).0.clone())
        .collect()
}

#[test]
fn safe_name_is_unchanged() {
    let names = ["qdc01.lab", "x_1", "rack-1", "rack-1-10", "d05--a", "_meta"];
    assert_eq!(host_names("", &names), names);
    assert_eq!(host_names("host_name = hostname", &["qdc01"]), ["qdc01"]);
}

#[test]
fn changed_name_ends_with_the_id() {
    let names = [
        ("rack 7/\"q\"", "rack-7--q---1"),
        ("{{ x }}", "x-----2"),
        ("../../etc/x", "etc-x--3"),
        ("-oProxyCommand=x", "oProxyCommand-x--4"),
        ("ü", "machine--5"),
        ("", "machine--6"),
        ("a:&b,!c[0:9]*", "a--b--c-0-9----7"),
    ];
    let (given, expected): (Vec<&str>, Vec<&str>) = names.into_iter().unzip();
    assert_eq!(host_names("", &given), expected);
    assert_eq!(
        host_names("host_name = hostname", &["qdc01.lab"]),
        ["qdc01-lab--1"]
    );
}

#[test]
fn name_that_looks_changed_is_changed() {
    assert_eq!(host_names("", &["a b", "a-b--1"]), ["a-b--1", "a-b--1--2"]);
}

#[test]
fn name_of_a_possible_group_is_changed() {
    let names = [
        "all",
        "ungrouped",
        "mine",
        "mrp",
        "arch_riscv",
        "holder_bob",
    ];
    for ((id, name), host) in (1..).zip(names).zip(host_names("", &names)) {
        assert_eq!(host, format!("{name}--{id}"));
    }
}

#[test]
fn name_of_localhost_or_an_address_is_changed() {
    let names = [
        "localhost",
        "LOCALHOST",
        "localhost.",
        "localhost.localdomain",
        "localhost6.localdomain6",
        "x.localhost",
        "ip6-loopback",
        "127.0.0.1",
        "10.40.5.12",
        "127.1",
        "0",
        "2130706433",
        "0x7f.1",
    ];
    for ((id, name), host) in (1..).zip(names).zip(host_names("", &names)) {
        assert_eq!(host, format!("{name}--{id}"));
    }
    assert_eq!(host_names("", &["::1"]), ["1--1"]);
}

#[test]
fn group_names_are_identifiers() {
    let lab = start_lab();
    lab.configure_inventory("holders = true");
    let machine = json!({ "id": 1, "name": "a", "arch": "arm64", "subarch": "efi-grub {{ x }}" });
    serve_machines(&lab, json!([machine]));
    serve(&lab, "1/interface", json!([]));
    serve(
        &lab,
        "1/assignee",
        json!([{ "id": 1, "user": "o'neil@lab" }]),
    );
    let inventory = lab.inventory();
    for group in [
        "arch_arm64",
        "subarch_efi_grub____x___",
        "holder_o_neil_lab",
    ] {
        assert_eq!(inventory[group]["hosts"], json!(["a"]), "{group}");
    }
}
