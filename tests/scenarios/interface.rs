//! mrp_interface: address configuration, and the choice of a free address.

use mrp_test_support::{TestLab, actions, assert_contains, message, text};
use serde_json::{Value, json};

use crate::start_lab;

const MODULE: &str = "mrp_interface";

/// The only interface of qdc01. Its address is dynamic.
const ETH0: &str = "/api/v1/machine/2/interface/7";

fn eth0(options: Value) -> Value {
    interface("qdc01", "eth0", options)
}

fn interface(machine: &str, interface: &str, mut options: Value) -> Value {
    options["machine"] = json!(machine);
    options["interface"] = json!(interface);
    options
}

#[test]
fn a_given_address_is_configured() {
    let lab = start_lab();
    let options = eth0(json!({ "config_type_v4": "static", "ipv4": "10.40.2.17" }));
    let result = lab.run_in_all_modes(MODULE, options);
    assert_eq!(actions(&result), ["update"]);
    assert_eq!(
        result["plan"][0],
        json!({
            "action": "update", "target": "interface 'eth0' of machine 'qdc01'",
            "why": "config_type_v4, configured_ipv4 differ",
            "before": { "config_type_v4": "dynamic", "configured_ipv4": null },
            "after": { "config_type_v4": "static", "configured_ipv4": "10.40.2.17" },
        })
    );
    assert_eq!(result["interface"], lab.server(ETH0));
    assert_eq!(lab.server(ETH0)["configured_ipv4"], "10.40.2.17");
}

#[test]
fn auto_chooses_the_lowest_free_address() {
    let lab = start_lab();
    let options = json!({ "config_type_v4": "dynamic-reserved", "ipv4": "10.40.1.1", "allow_unassigned": true });
    lab.run(MODULE, interface("bobs-box", "eth0", options));
    let options = eth0(json!({ "config_type_v4": "dynamic-reserved", "ipv4": "auto" }));
    let result = lab.run_in_all_modes(MODULE, options);
    assert_contains(
        &text(&result["plan"][0]["why"]),
        &["lowest free address of 10.40.1.0/24"],
    );
    assert_eq!(result["interface"]["configured_ipv4"], "10.40.1.2");
    let options = eth0(json!({ "config_type_v4": "static", "ipv4": "auto" }));
    let result = lab.run_in_all_modes(MODULE, options);
    assert_eq!(
        result["plan"][0]["before"],
        json!({ "config_type_v4": "dynamic-reserved", "configured_ipv4": "10.40.1.2" })
    );
    assert_eq!(lab.server(ETH0)["configured_ipv4"], "10.40.2.1");
}

#[test]
fn auto_skips_a_leased_address() {
    let lab = start_lab();
    let lease = json!({ "mac": "52:54:00:00:03:01", "ipv4": "10.40.2.1", "duration": 600 });
    lab.lease(&lease);
    let result = lab.run_in_all_modes(
        MODULE,
        eth0(json!({ "config_type_v4": "static", "ipv4": "auto" })),
    );
    assert_eq!(result["interface"]["configured_ipv4"], "10.40.2.2");
}

#[test]
fn auto_keeps_an_address_of_the_pool_without_reading_other_machines() {
    let lab = start_lab();
    let asked = lab.requests().len();
    let options = json!({ "config_type_v4": "dynamic-reserved", "ipv4": "auto" });
    let result = lab.assert_unchanged(MODULE, interface("moonshot-c1", "eth1", options));
    assert_eq!(result["interface"]["configured_ipv4"], "10.40.1.21");
    assert_eq!(lab.requests().len() - asked, 2);
    lab.assert_unchanged(
        MODULE,
        interface("moonshot-c1", "eth1", json!({ "ipv4": "auto" })),
    );
}

#[test]
fn auto_takes_the_next_address_when_one_is_taken_meanwhile() {
    let lab = start_lab();
    let taken = json!({ "error_type": "IntegrityError", "errors": "(psycopg2.IntegrityError) duplicate key" });
    lab.fault(json!({ "method": "PUT", "path": ETH0, "status": 409, "body": taken, "times": 2 }));
    let options = eth0(json!({ "config_type_v4": "static", "ipv4": "auto" }));
    let result = lab.run(MODULE, options);
    assert_eq!(
        result["plan"][0]["after"]["configured_ipv4"], "10.40.2.3",
        "{result:#}"
    );
    assert_eq!(result["interface"]["configured_ipv4"], "10.40.2.3");
    assert_eq!(lab.server(ETH0)["configured_ipv4"], "10.40.2.3");
    lab.fault(json!({ "method": "PUT", "path": ETH0, "status": 409, "body": taken, "times": 0 }));
    let message = lab.failure(
        MODULE,
        eth0(json!({ "config_type_v4": "dynamic-reserved", "ipv4": "auto" })),
    );
    assert_contains(
        &message,
        &["interface 'eth0' of machine 'qdc01' gets no address: others were quicker 64 times"],
    );
    assert!(!message.contains("psycopg2"));
}

#[test]
fn concurrent_runs_choose_different_addresses() {
    let lab = start_lab();
    let names: Vec<String> = (0..6).map(|number| format!("racer-{number}")).collect();
    for name in &names {
        lab.add_machine(json!({ "name": name, "assignee": "alice" }));
    }
    let options = json!({ "config_type_v4": "static", "ipv4": "auto" });
    let mut addresses: Vec<String> = std::thread::scope(|scope| {
        let runs: Vec<_> = names
            .iter()
            .map(|name| scope.spawn(|| lab.run(MODULE, interface(name, "eth0", options.clone()))))
            .collect();
        runs.into_iter()
            .map(|run| text(&run.join().unwrap()["interface"]["configured_ipv4"]))
            .collect()
    });
    addresses.sort_unstable();
    let expected: Vec<String> = (1..=6).map(|number| format!("10.40.2.{number}")).collect();
    assert_eq!(addresses, expected);
}

#[test]
fn an_address_of_somebody_else_is_refused_and_its_holder_named() {
    let lab = start_lab();
    let options = eth0(json!({ "config_type_v4": "dynamic-reserved", "ipv4": "10.40.1.22" }));
    lab.assert_fails(
        MODULE,
        options,
        &[
            "interface 'eth0' of machine 'qdc01' cannot have 10.40.1.22",
            "interface 'eth0' of machine 'bobs-box' has it",
            "takes auto",
        ],
    );
    assert_eq!(lab.server(ETH0)["config_type_v4"], "dynamic");
}

#[test]
fn dynamic_clears_the_address() {
    let lab = start_lab();
    let options = interface(
        "moonshot-c1",
        "eth2",
        json!({ "config_type_v4": "dynamic" }),
    );
    let result = lab.run_in_all_modes(MODULE, options);
    assert_eq!(
        result["plan"][0]["after"],
        json!({ "config_type_v4": "dynamic", "configured_ipv4": null })
    );
    assert_eq!(result["interface"]["configured_ipv4"], json!(null));
}

#[test]
fn only_what_was_given_is_compared() {
    let lab = start_lab();
    let eth2 = |options| interface("moonshot-c1", "eth2", options);
    lab.assert_unchanged(MODULE, eth2(json!({})));
    lab.assert_unchanged(MODULE, eth2(json!({ "config_type_v4": "static" })));
    lab.assert_unchanged(MODULE, eth2(json!({ "ipv4": "10.40.2.31" })));
    let result = lab.run_in_all_modes(MODULE, eth2(json!({ "ipv4": "10.40.2.32" })));
    assert_eq!(
        result["plan"][0]["after"],
        json!({ "configured_ipv4": "10.40.2.32" })
    );
    assert_eq!(result["interface"]["config_type_v4"], "static");
}

#[test]
fn an_interface_is_found_by_mac_in_any_notation_and_by_id() {
    let lab = start_lab();
    for mac in [
        "52:54:00:00:01:04",
        "52-54-00-00-01-04",
        "5254.0000.0104",
        "525400000104",
    ] {
        let result = lab.assert_unchanged(MODULE, interface("moonshot-c1", mac, json!({})));
        assert_eq!(result["interface"]["id"], 4, "{mac}");
    }
    let options = json!({ "id": 1, "interface_id": 4, "identifier": "eth3" });
    let result = lab.run_in_all_modes(MODULE, options);
    assert_eq!(
        result["plan"][0]["target"],
        "interface 52:54:00:00:01:04 of machine 'moonshot-c1'"
    );
    assert_eq!(
        lab.server("/api/v1/machine/1/interface/4")["identifier"],
        "eth3"
    );
}

#[test]
fn renamed_interface_is_found_under_its_new_name() {
    let lab = start_lab();
    let result = lab.run_in_all_modes(MODULE, eth0(json!({ "identifier": "lan" })));
    assert_eq!(result["plan"][0]["after"], json!({ "identifier": "lan" }));
    let stranger = interface("qdc01", "52:54:00:00:02:99", json!({ "identifier": "lan" }));
    lab.assert_fails(
        MODULE,
        stranger,
        &["'52:54:00:00:02:99'", "'52:54:00:00:02:01'"],
    );
    lab.run_in_all_modes(
        MODULE,
        interface("qdc01", "lan", json!({ "identifier": "" })),
    );
    assert_eq!(lab.server(ETH0)["identifier"], "");
}

#[test]
fn an_ambiguous_identifier_is_an_error_with_ids_and_macs() {
    let lab = start_lab();
    let rename = json!({ "machine": "moonshot-c1", "interface_id": 2, "identifier": "eth0" });
    let result = lab.run(MODULE, rename);
    assert_contains(
        &text(&result["warnings"][0]),
        &["another interface 'eth0' (id 1)"],
    );
    lab.assert_fails(
        MODULE,
        interface("moonshot-c1", "eth0", json!({})),
        &[
            "ambiguous",
            "id 1 with 52:54:00:00:01:01",
            "id 2 with 52:54:00:00:01:02",
            "Give the id",
        ],
    );
}

#[test]
fn unknown_interface_is_an_error_with_similar_names() {
    let lab = start_lab();
    lab.assert_fails(
        MODULE,
        interface("moonshot-c1", "eht1", json!({})),
        &[
            "there is no interface 'eht1' of machine 'moonshot-c1'",
            "'eth1'",
        ],
    );
    lab.assert_fails(
        MODULE,
        interface("qdc1", "eth0", json!({})),
        &["'qdc1'", "'qdc01'"],
    );
    let id = json!({ "machine": "qdc01", "interface_id": 4 });
    lab.assert_fails(MODULE, id, &["interface with id 4 of machine 'qdc01'"]);
    let number: Value = json!({ "machine": "qdc01", "interface": 41_134_608_061_u64 });
    lab.assert_fails(MODULE, number, &["41134608061", "in quotes"]);
    lab.assert_fails(
        MODULE,
        interface("moonshot-c1", "2", json!({})),
        &["no interface '2' (that is the id of one"],
    );
}

#[test]
fn options_that_the_server_would_refuse_or_ignore_are_refused_with_the_reason() {
    let lab = start_lab();
    let cases = [
        (
            eth0(json!({ "config_type_v4": "dynamic", "ipv4": "10.40.2.1" })),
            "exclude each other",
        ),
        (
            eth0(json!({ "ipv4": "10.40.2.1" })),
            "give the option config_type_v4 as well",
        ),
        (
            eth0(json!({ "ipv4": "auto" })),
            "give the option config_type_v4 as well",
        ),
        (
            eth0(json!({ "config_type_v4": "static" })),
            "cannot be static without an address",
        ),
        (
            eth0(json!({ "config_type_v4": "static", "ipv4": "10.40.1.9" })),
            "cannot be static with 10.40.1.9, which is not in the pool 10.40.2.0/24",
        ),
        (
            interface("moonshot-c1", "eth1", json!({ "config_type_v4": "static" })),
            "cannot be static with 10.40.1.21, which is not in the pool 10.40.2.0/24",
        ),
        (
            interface(
                "moonshot-c1",
                "eth4",
                json!({ "config_type_v4": "static", "ipv4": "auto" }),
            ),
            "cannot be static: it is in no network",
        ),
        (
            interface(
                "moonshot-c1",
                "mgmt0",
                json!({ "config_type_v4": "dynamic-reserved", "ipv4": "auto" }),
            ),
            "cannot be dynamic-reserved: network 'mgmt' has no pool for that",
        ),
        (
            eth0(json!({ "ipv4": "10.40.2" })),
            "ipv4 must be an IPv4 address such as 10.40.1.20, or auto, not '10.40.2'",
        ),
        (
            eth0(json!({ "ipv4": "10.40.2.01" })),
            "ipv4 must be an IPv4 address",
        ),
        (
            eth0(json!({ "ipv4": "fe80::1" })),
            "ipv4 must be an IPv4 address",
        ),
        (
            eth0(json!({ "identifier": "x".repeat(65) })),
            "identifier is 65 characters long",
        ),
        (
            interface("qdc01", "", json!({})),
            "interface must not be empty",
        ),
    ];
    for (options, part) in cases {
        lab.assert_fails(MODULE, options, &[part]);
    }
    lab.assert_no_writes();
}

/// A lab whose pool of static addresses has only this number of free ones, the last.
fn start_lab_with_free_addresses(count: u8) -> TestLab {
    let lab = start_lab();
    for number in 1..=254 - count {
        let mac = format!("52:54:02:00:00:{number:02x}");
        lab.lease(&json!({ "mac": mac, "ipv4": format!("10.40.2.{number}"), "duration": 600 }));
        lab.add_machine(
            json!({ "name": format!("full-{number}"), "interfaces": [{ "mac": mac }] }),
        );
    }
    lab
}

#[test]
fn full_pool_is_an_error() {
    let lab = start_lab_with_free_addresses(0);
    lab.assert_fails(
        MODULE,
        eth0(json!({ "config_type_v4": "static", "ipv4": "auto" })),
        &["the pool 10.40.2.0/24 has no free address"],
    );
}

/// The results of a run in check mode and of a real one.
fn checked_and_run(lab: &TestLab, options: &Value) -> [Value; 2] {
    [
        lab.check(MODULE, options.clone()),
        lab.run(MODULE, options.clone()),
    ]
}

#[test]
fn list_that_needs_more_addresses_than_are_free_fails_in_check_mode_too() {
    let lab = start_lab_with_free_addresses(1);
    let options = json!({
        "machine": "moonshot-c1", "config_type_v4": "static", "ipv4": "auto",
        "interfaces": [{ "interface": "eth0" }, { "interface": "eth1" }],
    });
    for result in checked_and_run(&lab, &options) {
        assert_contains(
            &message(&result),
            &[
                "1 of 2 failed",
                "interface 'eth1' of machine 'moonshot-c1' gets no address: the pool 10.40.2.0/24",
            ],
        );
        let first = &result["results"][0]["plan"][0]["after"];
        assert_eq!(first["configured_ipv4"], "10.40.2.254");
    }
}

#[test]
fn address_given_for_two_items_is_refused_for_the_second_in_check_mode_too() {
    let lab = start_lab();
    let options = json!({
        "interfaces": [{ "machine": "qdc01" }, { "machine": "qdc02" }],
        "interface": "eth0", "config_type_v4": "static", "ipv4": "10.40.2.9",
    });
    for result in checked_and_run(&lab, &options) {
        assert_contains(
            &message(&result),
            &[
                "1 of 2 failed",
                "interface 'eth0' of machine 'qdc02' cannot have 10.40.2.9: interface 'eth0' of machine 'qdc01' is to have it",
            ],
        );
    }
    assert_eq!(lab.writes().len(), 1);
}

#[test]
fn another_users_machine_is_refused_without_allow_unassigned() {
    let lab = start_lab();
    let options = interface("bobs-box", "eth0", json!({ "config_type_v4": "dynamic" }));
    lab.assert_fails(
        MODULE,
        options.clone(),
        &["not assigned", "bob (mine)", "allow_unassigned"],
    );
    let mut allowed = options;
    allowed["allow_unassigned"] = json!(true);
    lab.run_in_all_modes(MODULE, allowed);
}

#[test]
fn change_that_the_server_drops_fails_the_read_back() {
    let lab = start_lab();
    let unchanged = lab.server(ETH0);
    lab.fault(json!({ "method": "PUT", "path": ETH0, "status": 200, "body": unchanged }));
    lab.assert_fails(
        MODULE,
        eth0(json!({ "identifier": "lan" })),
        &[
            "interface 'eth0' of machine 'qdc01' was written",
            "\"eth0\"",
            "\"lan\"",
        ],
    );
}

#[test]
fn interfaces_of_a_list_get_different_addresses_that_check_mode_predicts() {
    let lab = start_lab();
    let options = json!({
        "config_type_v4": "static", "ipv4": "auto",
        "interfaces": [
            { "name": "qdc02", "interface": "eth0" },
            { "name": "qdc01", "interface": "eth0" },
            { "name": "moonshot-c1", "interface": "eth0", "ipv4": "10.40.2.1" },
            { "name": "moonshot-c1", "interface": "eth2" },
        ],
    });
    let result = lab.run_in_all_modes(MODULE, options);
    let addresses: Vec<String> = result["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| text(&one["interface"]["configured_ipv4"]))
        .collect();
    assert_eq!(
        addresses,
        ["10.40.2.2", "10.40.2.3", "10.40.2.1", "10.40.2.31"]
    );
    assert_eq!(
        result["results"][1]["item"],
        "interface 'eth0' of machine 'qdc01'"
    );
}

#[test]
fn a_list_reads_every_machine_once() {
    let lab = start_lab();
    let asked = lab.requests().len();
    let options = json!({
        "machine": "moonshot-c1", "config_type_v4": "dynamic-reserved", "ipv4": "auto",
        "interfaces": [{ "interface": "eth0" }, { "interface": "eth2" }, { "interface_id": 4 }],
    });
    let result = lab.check(MODULE, options);
    assert_eq!(actions(&result), ["update", "update", "update"]);
    // The own machine, all machines, and the interfaces of each of the eight.
    assert_eq!(lab.requests().len() - asked, 10);
}
