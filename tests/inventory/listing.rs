//! Hosts, groups and variables, and the requests that they need.

use mrp_test_support::assert_contains;
use mrp_test_support::inventory::{
    assert_no_ansible_host, group_hosts, host_variables, inventory_warnings, unsafe_text,
};
use serde_json::json;

use crate::start_lab;

#[test]
fn every_machine_is_a_host_with_its_variables() {
    let lab = start_lab();
    let inventory = lab.inventory();
    assert_eq!(
        group_hosts(&inventory, "mrp"),
        [
            "bad-bmc-box--q---7",
            "bobs-box",
            "d05-free",
            "moonshot-c1",
            "no-bmc",
            "qdc01",
            "qdc02",
            "x86-1"
        ]
    );
    let host = host_variables(&inventory, "qdc01");
    for (variable, value) in [
        ("ansible_host", json!("10.40.5.12")),
        ("mrp_ipv4", json!("10.40.5.12")),
        ("mrp_mac", json!("52:54:00:00:02:01")),
        ("mrp_id", json!(2)),
        ("mrp_name", unsafe_text("qdc01")),
        ("mrp_arch", unsafe_text("arm64")),
        ("mrp_mine", json!(true)),
        ("mrp_assigned", json!(true)),
        ("mrp_netboot_enabled", json!(false)),
    ] {
        assert_eq!(host[variable], value, "{variable}");
    }
    assert_eq!(host["mrp_interfaces"][0]["identifier"], unsafe_text("eth0"));
    let names = host.as_object().unwrap().keys();
    let foreign: Vec<&String> = names.filter(|name| !name.starts_with("mrp_")).collect();
    assert_eq!(foreign, ["ansible_host"]);
}

#[test]
fn groups_need_one_request_each_and_addresses_one_for_each_machine() {
    let lab = start_lab();
    let inventory = lab.inventory();
    assert_eq!(group_hosts(&inventory, "free"), ["d05-free", "x86-1"]);
    assert_eq!(group_hosts(&inventory, "arch_x86_64"), ["x86-1"]);
    assert_eq!(group_hosts(&inventory, "subarch_nobl"), ["d05-free"]);
    assert_eq!(group_hosts(&inventory, "assigned").len(), 6);
    assert_eq!(group_hosts(&inventory, "mine").len(), 5);
    assert_eq!(group_hosts(&inventory, "netboot_off").len(), 8);
    assert_eq!(group_hosts(&inventory, "netboot_on"), [""; 0]);
    assert!(inventory.get("holder_alice").is_none());
    assert_eq!(lab.requests().len(), 3 + 8);
    lab.assert_no_writes();
}

#[test]
fn holders_option_adds_a_group_for_each_holder() {
    let lab = start_lab();
    lab.configure_inventory("holders = yes");
    let inventory = lab.inventory();
    assert_eq!(group_hosts(&inventory, "holder_bob"), ["bobs-box"]);
    assert_eq!(group_hosts(&inventory, "holder_alice").len(), 5);
    let holders = &host_variables(&inventory, "qdc01")["mrp_assignees"];
    assert_eq!(holders[0]["reason"], unsafe_text("ci"));
    assert_eq!(lab.requests().len(), 3 + 2 * 8);
}

#[test]
fn scope_mine_lists_own_machines_with_one_request() {
    let lab = start_lab();
    lab.configure_inventory("scope = mine");
    let inventory = lab.inventory();
    assert_eq!(group_hosts(&inventory, "mrp").len(), 5);
    assert_eq!(
        group_hosts(&inventory, "mine"),
        group_hosts(&inventory, "assigned")
    );
    assert_eq!(group_hosts(&inventory, "free"), [""; 0]);
    assert_eq!(lab.requests().len(), 1 + 5);
}

#[test]
fn a_query_filters_on_the_server() {
    let lab = start_lab();
    lab.configure_inventory("query = (= arch \"x86_64\")");
    let inventory = lab.inventory();
    assert_eq!(group_hosts(&inventory, "mrp"), ["x86-1"]);
    assert_eq!(group_hosts(&inventory, "mine"), [""; 0]);
    lab.configure_inventory("query = \"machine.id = 2\"");
    assert_contains(&lab.inventory_error(), &["not valid at character 1"]);
}

#[test]
fn no_address_is_chosen_where_several_are_possible() {
    let lab = start_lab();
    let inventory = lab.inventory();
    let unclear = host_variables(&inventory, "moonshot-c1");
    assert!(unclear.get("ansible_host").is_none());
    assert_eq!(unclear["mrp_ipv4"], json!(null));
    assert_contains(
        &inventory_warnings(&inventory),
        &["moonshot-c1", "eth0 10.40.5.11", "eth2 10.40.2.31"],
    );
    lab.configure_inventory("interface = eth4, eth2");
    let chosen = lab.inventory();
    assert_eq!(
        host_variables(&chosen, "moonshot-c1")["ansible_host"],
        "10.40.2.31"
    );
}

#[test]
fn machine_without_an_address_or_interface_is_a_host() {
    let lab = start_lab();
    let inventory = lab.inventory();
    for name in ["qdc02", "no-bmc"] {
        assert_no_ansible_host(&inventory, name);
    }
    assert_eq!(
        host_variables(&inventory, "no-bmc")["mrp_interfaces"],
        json!([])
    );
}

#[test]
fn host_prints_the_variables_that_list_has() {
    let lab = start_lab();
    let inventory = lab.inventory();
    let output = lab.run_inventory(&["--host", "qdc01"]);
    let variables: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(&variables, host_variables(&inventory, "qdc01"));
    let failed = lab.inventory_failure(&["--host", "qdc3"]);
    assert_contains(&failed.message, &["no host 'qdc3'", "'qdc01'"]);
    assert_eq!(failed.code, 1);
}

#[test]
fn host_names_that_were_changed_end_in_the_machines_id() {
    let lab = start_lab();
    lab.add_machine(json!({ "name": "rack 1" }));
    lab.add_machine(json!({ "name": "rack/1" }));
    lab.configure_inventory("host_name = hostname");
    let inventory = lab.inventory();
    for (id, name) in [(9, "rack 1"), (10, "rack/1")] {
        let host = host_variables(&inventory, &format!("rack-1--{id}"));
        assert_eq!(host["mrp_id"], id);
        assert_eq!(host["mrp_name"], unsafe_text(name));
    }
    host_variables(&inventory, "qdc01");
}

#[test]
fn host_names_do_not_depend_on_the_selection() {
    let lab = start_lab();
    for (name, holder) in [("a b", "bob"), ("a/b", "alice"), ("holder_bob", "alice")] {
        lab.add_machine(json!({ "name": name, "assignee": holder }));
    }
    let all = lab.inventory();
    assert_eq!(
        host_variables(&all, "a-b--9")["mrp_name"],
        unsafe_text("a b")
    );
    for selection in ["scope = mine", "query = (!= name \"a b\")", "holders = yes"] {
        lab.configure_inventory(selection);
        let some = lab.inventory();
        for (name, id) in [("a-b--10", 10), ("holder_bob--11", 11)] {
            assert_eq!(host_variables(&some, name)["mrp_id"], id, "{selection}");
            assert_eq!(host_variables(&all, name)["mrp_id"], id);
        }
    }
}

#[test]
fn other_arguments_than_list_or_host_print_the_usage() {
    let lab = start_lab();
    for arguments in [&[][..], &["--graph"], &["--host"], &["--list", "x"]] {
        let output = lab.run_inventory(arguments);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
        assert_contains(
            &String::from_utf8(output.stderr).unwrap(),
            &["--list", "--host NAME"],
        );
    }
}

#[test]
fn no_further_machines_are_requested_after_the_server_fails() {
    let lab = start_lab();
    lab.add_machines(100);
    lab.configure_inventory("retries = 1\nretry_delay = 0");
    let config = std::fs::read_to_string(lab.path("mrp_inventory.cfg")).unwrap();
    lab.write(
        "mrp_inventory.cfg",
        config.trim_start_matches("retries = 0\n"),
    );
    lab.fault(json!({ "path": "/api/v1/machine/*", "status": 503, "times": 0 }));
    assert_contains(&lab.inventory_error(), &["503"]);
    let requests = lab.requests().len();
    // Three lists, and two attempts each of the eight parallel requests.
    assert!(requests <= 3 + 8 * 2, "{requests}");
}

#[test]
fn failure_prints_one_line_and_no_inventory() {
    let lab = start_lab();
    let interface = json!({ "path": "/api/v1/machine/3/interface", "status": 500, "times": 0 });
    lab.fault(interface);
    assert_contains(
        &lab.inventory_error(),
        &["mrp_inventory: listing the interfaces of machine 'qdc02'"],
    );
    lab.clear_faults();
    lab.fault(json!({ "path": "/api/v1/machine", "status": 401 }));
    assert_contains(&lab.inventory_error(), &["does not accept this token"]);
}

#[test]
fn host_asks_for_its_machine_alone() {
    let lab = start_lab();
    lab.add_machine(json!({ "name": "rack 1" }));
    lab.add_machine(json!({ "name": "rack/1" }));
    lab.add_machines(30);
    for options in [
        "",
        "scope = mine",
        "query = (= arch \"arm64\")",
        "holders = yes",
        "host_name = hostname",
    ] {
        lab.configure_inventory(options);
        let inventory = lab.inventory();
        for (host, lookups) in [("qdc01", 0), ("rack-1--10", 1)] {
            let before = lab.requests().len();
            let output = lab.run_inventory(&["--host", host]);
            let requests = lab.requests().len() - before;
            let Ok(variables) = serde_json::from_slice::<serde_json::Value>(&output.stdout) else {
                // It is not in every one of these inventories.
                assert!(
                    inventory["_meta"]["hostvars"].get(host).is_none(),
                    "{options}"
                );
                continue;
            };
            assert_eq!(&variables, host_variables(&inventory, host), "{options}");
            let lists = if options == "scope = mine" { 1 } else { 3 };
            let details = if options == "holders = yes" { 2 } else { 1 };
            assert_eq!(requests, lookups + lists + details, "{options} {host}");
        }
    }
}

#[test]
fn host_that_does_not_exist_costs_one_list_more() {
    let lab = start_lab();
    lab.add_machine(json!({ "name": "localhost" }));
    for (host, suggested, requests) in [
        ("qdc3", "'qdc01'", 4),
        ("qdc01--2", "'qdc01'", 5),
        ("qdc01--99", "'qdc01'", 5),
        ("localhost", "'localhost--9'", 4),
    ] {
        let before = lab.requests().len();
        let failed = lab.inventory_failure(&["--host", host]);
        let asked = lab.requests().len() - before;
        assert_contains(&failed.message, &[&format!("no host '{host}'"), suggested]);
        assert_eq!(asked, requests, "{host}");
    }
}
