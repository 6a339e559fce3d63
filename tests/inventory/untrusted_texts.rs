//! Texts, names and addresses of the server that Ansible must not evaluate or use.

use mrp_test_support::inventory::{
    assert_no_ansible_host, group_hosts, host_variables, inventory_warnings, unsafe_text,
};
use mrp_test_support::{TestLab, assert_contains};
use serde_json::{Value, json};

use crate::start_lab;

const TEMPLATE: &str = "{{ lookup('pipe', 'id') }}";

/// Lets the server list these machines; a field that is not given is null.
pub(crate) fn serve_machines(lab: &TestLab, mut machines: Value) {
    let fields = json!({
        "arch": "arm64", "subarch": null, "kernel_id": null, "kernel_opts": null, "initrd_id": null, "preseed_id": null,
        "netboot_enabled": null,
    });
    add_missing(&mut machines, &fields);
    lab.fault(json!({ "path": "/api/v1/machine", "status": 200, "times": 0, "body": machines }));
}

/// Adds to each object of a list the fields that it does not have.
fn add_missing(objects: &mut Value, fields: &Value) {
    for object in objects.as_array_mut().into_iter().flatten() {
        for (field, value) in fields.as_object().unwrap() {
            let object = object.as_object_mut().unwrap();
            object.entry(field).or_insert(value.clone());
        }
    }
}

/// Lets the server answer this at a path below the machines: interfaces, or assignments where the path says so.
pub(crate) fn serve(lab: &TestLab, path: &str, mut body: Value) {
    let fields = match path.ends_with("/assignee") {
        true => json!({ "user": "alice", "reason": "" }),
        false => json!({
            "identifier": null, "mac": "52:54:00:00:00:99", "network_name": null, "subnetv4": null, "netmaskv4": null,
            "prefixlenv4": null, "static_pool_v4": null, "reserved_pool_v4": null, "config_type_v4": "dynamic",
            "configured_ipv4": null, "lease_ipv4": null, "last_seen_date": null,
        }),
    };
    add_missing(&mut body, &fields);
    let path = format!("/api/v1/machine/{path}");
    lab.fault(json!({ "path": path, "status": 200, "times": 0, "body": body }));
}

#[test]
fn templates_in_server_texts_are_marked_as_data() {
    let lab = start_lab();
    lab.configure_inventory("holders = true");
    lab.add_machine(json!({
        "name": TEMPLATE,
        "assignee": "alice",
        "interfaces": [{ "identifier": "{% raw %}" }]
    }));
    serve(
        &lab,
        "9/assignee",
        json!([{ "id": 1, "user": "{{ user }}", "reason": TEMPLATE }]),
    );
    let inventory = lab.inventory();
    let names = group_hosts(&inventory, "mrp");
    let name = "lookup--pipe----id-------9";
    assert!(names.contains(&name.to_owned()), "{names:?}");
    let host = host_variables(&inventory, name);
    assert_eq!(host["mrp_name"], unsafe_text(TEMPLATE));
    assert_eq!(host["mrp_assignees"][0]["reason"], unsafe_text(TEMPLATE));
    assert_eq!(
        host["mrp_interfaces"][0]["identifier"],
        unsafe_text("{% raw %}")
    );
    assert_eq!(group_hosts(&inventory, "holder____user___"), [name]);
    for warning in inventory["mrp"]["vars"]["mrp_warnings"].as_array().unwrap() {
        assert!(warning["__ansible_unsafe"].is_string(), "{warning}");
    }
    assert_no_unmarked_template(&inventory);
}

/// Asserts that every text that Ansible would evaluate is marked, and that no key is one.
fn assert_no_unmarked_template(value: &Value) {
    match value {
        Value::String(text) => assert!(!text.contains('{'), "{text}"),
        Value::Array(items) => items.iter().for_each(assert_no_unmarked_template),
        Value::Object(fields) => {
            for (key, field) in fields.iter().filter(|(key, _)| *key != "__ansible_unsafe") {
                assert!(!key.contains('{'), "{key}");
                assert_no_unmarked_template(field);
            }
        }
        _ => {}
    }
}

#[test]
fn expressions_without_brackets_are_marked_as_data() {
    let lab = start_lab();
    lab.configure_inventory("holders = true");
    let reason = "inventory_hostname == inventory_hostname";
    let holder = json!([{ "id": 1, "user": "secret_word", "reason": reason }]);
    serve(&lab, "2/assignee", holder);
    let inventory = lab.inventory();
    let holder = &host_variables(&inventory, "qdc01")["mrp_assignees"][0];
    assert_eq!(holder["reason"], unsafe_text(reason));
    assert_eq!(holder["user"], unsafe_text("secret_word"));
}

#[test]
fn only_addresses_networks_and_macs_are_not_marked() {
    let addresses = [
        "10.40.5.12",
        "10.40.0.0/16",
        "10.0.0.1/8",
        "52:54:00:00:01:01",
        "aa:bb:cc:dd:ee:ff",
    ];
    let others = [
        "",
        "secret_word",
        "f('x') or y",
        "{{ x }}",
        "inventory_hostname == inventory_hostname",
        "arm64",
        "1",
        "a:b:c:d:e:f",
        "+1:+2:+3:+4:+5:+6",
        "10.0.0.1/x",
        "10.0.0.1/+8",
        "10.0.0.1/",
        "10.0.0.1\n",
        "Tue, 05 Mar 2019 10:20:30 GMT",
        "{",
        "ä",
    ];
    let texts = [&addresses[..], &others].concat();
    let lab = start_lab();
    let machines = (1..)
        .zip(&texts)
        .map(|(id, text)| json!({ "id": id, "name": format!("m{id}"), "kernel_opts": text }));
    serve_machines(&lab, machines.collect());
    let interfaces: Vec<Value> = texts
        .iter()
        .map(|text| json!({ "id": 1, "identifier": text, "mac": "52:54:00:00:00:01" }))
        .collect();
    serve(&lab, "*", json!(interfaces));
    let inventory = lab.inventory();
    let expected = texts.iter().map(|text| match addresses.contains(text) {
        true => json!(text),
        false => unsafe_text(text),
    });
    let expected: Vec<Value> = expected.collect();
    for (id, text) in (1..).zip(&expected) {
        let host = host_variables(&inventory, &format!("m{id}"));
        assert_eq!(host["mrp_kernel_opts"], *text);
        assert_eq!(host["mrp_id"], id);
        for (interface, text) in host["mrp_interfaces"]
            .as_array()
            .unwrap()
            .iter()
            .zip(&expected)
        {
            assert_eq!(interface["identifier"], *text);
            assert_eq!(interface["mac"], "52:54:00:00:00:01");
        }
    }
}

#[test]
fn lease_outside_its_network_is_ignored() {
    for (address, subnet) in [
        ("10.66.6.6", "10.40.0.0/16"),
        ("10.41.5.12", "10.40.0.0/16"),
        ("10.40.0.0", "10.40.0.0/16"),
        ("10.40.255.255", "10.40.0.0/16"),
        ("10.40.5.12", "a network"),
        ("10.40.5.12", ""),
    ] {
        let lab = start_lab();
        let interface = json!({ "id": 7, "lease_ipv4": address, "subnetv4": subnet });
        serve(&lab, "2/interface", json!([interface]));
        let inventory = lab.inventory();
        let host = host_variables(&inventory, "qdc01");
        assert!(host.get("ansible_host").is_none(), "{address}");
        assert_eq!(host["mrp_ipv4"], json!(null));
        let sentence = format!(
            "machine 'qdc01' has no ansible_host, since no machine can have its address {address} in its network {subnet}"
        );
        assert_contains(&inventory_warnings(&inventory), &[&sentence]);
    }
}

#[test]
fn address_of_two_machines_is_used_for_neither() {
    let lab = start_lab();
    let with = |address| json!([{ "id": 7, "lease_ipv4": address, "subnetv4": "10.40.0.0/16" }]);
    serve(&lab, "2/interface", with("10.40.5.12"));
    serve(&lab, "3/interface", with("10.40.5.12"));
    let inventory = lab.inventory();
    for (name, other) in [("qdc01", "qdc02"), ("qdc02", "qdc01")] {
        assert_no_ansible_host(&inventory, name);
        let sentence = format!(
            "machine '{name}' has no ansible_host, since machine '{other}' has its address 10.40.5.12 too"
        );
        assert_contains(&inventory_warnings(&inventory), &[&sentence]);
    }
}

#[test]
fn lease_of_another_machines_configured_address_is_ignored() {
    let lab = start_lab();
    let lease = json!([{ "id": 7, "lease_ipv4": "10.40.5.12", "subnetv4": "10.40.0.0/16" }]);
    serve(&lab, "2/interface", lease);
    let others = json!([
        { "id": 8, "identifier": "a", "configured_ipv4": "10.40.5.12" },
        { "id": 9, "identifier": "b", "lease_ipv4": "10.40.5.13" }
    ]);
    serve(&lab, "3/interface", others);
    assert_no_ansible_host(&lab.inventory(), "qdc01");
}

/// The inventory of machines that have these leases, with the ids and the names 1, 2 and so on.
fn inventory_of_leases(leases: &[(&str, Option<&str>)]) -> Value {
    let lab = start_lab();
    let machines = (1..=leases.len()).map(|id| json!({ "id": id, "name": format!("m{id}") }));
    serve_machines(&lab, machines.collect());
    for (id, (lease, subnet)) in (1..).zip(leases) {
        let interface = json!({ "id": id, "lease_ipv4": lease, "subnetv4": subnet });
        serve(&lab, &format!("{id}/interface"), json!([interface]));
    }
    lab.inventory()
}

#[test]
fn addresses_that_machines_can_have_become_ansible_host() {
    let leases = [
        ("10.40.5.13", None),
        ("192.168.0.1", None),
        ("223.255.255.255", None),
        ("10.40.5.12", Some("10.40.0.0/16")),
    ];
    let inventory = inventory_of_leases(&leases);
    for (id, (address, _)) in (1..).zip(leases) {
        let host = host_variables(&inventory, &format!("m{id}"));
        assert_eq!(host["ansible_host"], address);
        assert_eq!(host["mrp_ipv4"], address);
    }
    assert_eq!(inventory["mrp"]["vars"]["mrp_warnings"], json!([]));
}

#[test]
fn invalid_addresses_do_not_become_ansible_host() {
    let addresses = [
        "",
        "127.0.0.1",
        "0.0.0.0",
        "255.255.255.255",
        "224.0.0.1",
        "10.0.0.256",
        "010.0.0.1",
        "10.1",
        "::1",
        "10.0.0.1 -oProxyCommand=id",
        " 10.0.0.1",
        "evil.example",
        "host",
        "{{ x }}",
        TEMPLATE,
    ];
    let inventory = inventory_of_leases(&addresses.map(|address| (address, None)));
    let warnings = inventory_warnings(&inventory);
    for (id, address) in (1..).zip(addresses) {
        let host = host_variables(&inventory, &format!("m{id}"));
        assert!(host.get("ansible_host").is_none(), "{address}");
        assert_eq!(host["mrp_ipv4"], json!(null));
        let sentence = format!("machine 'm{id}' has no ansible_host");
        assert_contains(&warnings, &[&sentence]);
    }
}

#[test]
fn unknown_fields_of_the_server_do_not_become_variables() {
    let lab = start_lab();
    let machine = json!({ "id": 1, "name": "a", "ansible_host": "10.6.6.6", "vars": { "ansible_user": "x" } });
    serve_machines(&lab, json!([machine]));
    serve(
        &lab,
        "1/interface",
        json!([{ "id": 1, "ansible_connection": "local", "__ansible_vault": "x" }]),
    );
    let inventory = lab.inventory().to_string();
    for word in [
        "ansible_host",
        "ansible_user",
        "ansible_connection",
        "vault",
    ] {
        assert!(!inventory.contains(word), "{word}");
    }
}

#[test]
fn machine_with_a_name_of_ansible_is_renamed() {
    let lab = start_lab();
    let names = [
        "localhost",
        "all",
        "_meta",
        "mine",
        "../../x",
        "-oProxyCommand=id",
        "",
    ];
    let machines: Vec<Value> = (1..)
        .zip(names)
        .map(|(id, name)| json!({ "id": id, "name": name }))
        .collect();
    serve_machines(&lab, json!(machines));
    serve(&lab, "*", json!([]));
    let inventory = lab.inventory();
    assert_eq!(
        group_hosts(&inventory, "mrp"),
        [
            "machine--7",
            "oProxyCommand-id--6",
            "x--5",
            "_meta",
            "all--2",
            "localhost--1",
            "mine--4"
        ]
    );
}

#[test]
fn token_in_a_text_of_the_server_is_masked() {
    let lab = start_lab();
    let machine = json!({ "id": 1, "name": "a", "kernel_opts": "token=alice-token quiet" });
    serve_machines(&lab, json!([machine]));
    serve(&lab, "1/interface", json!([]));
    let inventory = lab.inventory();
    assert_eq!(
        host_variables(&inventory, "a")["mrp_kernel_opts"],
        unsafe_text("token=******** quiet")
    );
}

#[test]
fn a_name_that_is_the_token_becomes_neither_a_host_nor_a_group() {
    let lab = start_lab();
    lab.configure_inventory("holders = true\nhost_name = hostname");
    let token = "alice-token";
    let machine =
        json!({ "id": 1, "name": token, "hostname": token, "arch": token, "subarch": token });
    serve_machines(&lab, json!([machine]));
    serve(&lab, "1/interface", json!([]));
    let holder = json!([{ "id": 1, "user": format!("x {token}") }]);
    serve(&lab, "1/assignee", holder);
    let inventory = lab.inventory().to_string();
    for form in [token, "alice_token"] {
        assert!(!inventory.contains(form), "{form} in {inventory}");
    }
}

#[test]
fn token_in_options_is_masked_in_messages() {
    let lab = start_lab();
    // Every run asserts that its output does not have the token.
    lab.configure_inventory("cache = missing/alice-token");
    let (inventory, warnings) = lab.inventory_with_warnings();
    assert_contains(&warnings, &["missing/******** cannot be written"]);
    assert_contains(
        &inventory_warnings(&inventory),
        &["missing/******** cannot be written"],
    );
    let failed = lab.inventory_failure(&["--host", "alice-token"]);
    assert_contains(&failed.message, &["no host '********'"]);
    for mistake in [
        "scope = alice-token",
        "query = alice-token",
        "alice-token = x",
        "[alice-token]",
    ] {
        lab.configure_inventory(mistake);
        lab.inventory_error();
    }
}

#[test]
fn unexpected_answer_is_an_error() {
    for body in [
        json!("<html>"),
        json!({ "errors": [] }),
        json!([{ "id": "x" }]),
    ] {
        let lab = start_lab();
        serve_machines(&lab, body);
        assert_contains(
            &lab.inventory_error(),
            &["the server's answer is not as expected"],
        );
    }
}
