use serde_json::json;

use crate::site::{Site, group, host, marked, says};

#[test]
fn every_machine_is_a_host_with_its_variables() {
    let site = Site::new();
    let inventory = site.list();
    assert_eq!(
        group(&inventory, "mrp"),
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
    let host = host(&inventory, "qdc01");
    for (variable, value) in [
        ("ansible_host", json!("10.40.5.12")),
        ("mrp_ipv4", json!("10.40.5.12")),
        ("mrp_mac", json!("52:54:00:00:02:01")),
        ("mrp_id", json!(2)),
        ("mrp_name", marked("qdc01")),
        ("mrp_arch", marked("arm64")),
        ("mrp_mine", json!(true)),
        ("mrp_assigned", json!(true)),
        ("mrp_netboot_enabled", json!(false)),
    ] {
        assert_eq!(host[variable], value, "{variable}");
    }
    assert_eq!(host["mrp_interfaces"][0]["identifier"], marked("eth0"));
    let names = host.as_object().unwrap().keys();
    let foreign: Vec<&String> = names.filter(|name| !name.starts_with("mrp_")).collect();
    assert_eq!(foreign, ["ansible_host"]);
}

#[test]
fn groups_cost_a_query_each_and_addresses_a_request_for_each_machine() {
    let site = Site::new();
    let inventory = site.list();
    assert_eq!(group(&inventory, "free"), ["d05-free", "x86-1"]);
    assert_eq!(group(&inventory, "arch_x86_64"), ["x86-1"]);
    assert_eq!(group(&inventory, "subarch_nobl"), ["d05-free"]);
    assert_eq!(group(&inventory, "assigned").len(), 6);
    assert_eq!(group(&inventory, "mine").len(), 5);
    assert_eq!(group(&inventory, "netboot_off").len(), 8);
    assert_eq!(group(&inventory, "netboot_on"), [""; 0]);
    assert!(inventory.get("holder_alice").is_none());
    assert_eq!(site.lab.requests().len(), 3 + 8);
    assert!(site.lab.writes().is_empty());
}

#[test]
fn holders_are_groups_when_they_are_asked_for() {
    let site = Site::new();
    site.config("holders = yes");
    let inventory = site.list();
    assert_eq!(group(&inventory, "holder_bob"), ["bobs-box"]);
    assert_eq!(group(&inventory, "holder_alice").len(), 5);
    let holders = &host(&inventory, "qdc01")["mrp_assignees"];
    assert_eq!(holders[0]["reason"], marked("ci"));
    assert_eq!(site.lab.requests().len(), 3 + 2 * 8);
}

#[test]
fn only_mine_are_one_request_and_all_assigned() {
    let site = Site::new();
    site.config("scope = mine");
    let inventory = site.list();
    assert_eq!(group(&inventory, "mrp").len(), 5);
    assert_eq!(group(&inventory, "mine"), group(&inventory, "assigned"));
    assert_eq!(group(&inventory, "free"), [""; 0]);
    assert_eq!(site.lab.requests().len(), 1 + 5);
}

#[test]
fn a_query_filters_on_the_server() {
    let site = Site::new();
    site.config("query = (= arch \"x86_64\")");
    let inventory = site.list();
    assert_eq!(group(&inventory, "mrp"), ["x86-1"]);
    assert_eq!(group(&inventory, "mine"), [""; 0]);
    site.config("query = \"machine.id = 2\"");
    says(&site.refusal(), &["not valid at character 1"]);
}

#[test]
fn an_address_is_never_guessed() {
    let site = Site::new();
    let inventory = site.list();
    let unclear = host(&inventory, "moonshot-c1");
    assert!(unclear.get("ansible_host").is_none());
    assert_eq!(unclear["mrp_ipv4"], json!(null));
    says(
        &inventory["mrp"]["vars"]["mrp_warnings"].to_string(),
        &["moonshot-c1", "eth0 10.40.5.11", "eth2 10.40.2.31"],
    );
    site.config("interface = eth4, eth2");
    let chosen = site.list();
    assert_eq!(host(&chosen, "moonshot-c1")["ansible_host"], "10.40.2.31");
}

#[test]
fn a_machine_without_an_address_or_an_interface_is_a_host_all_the_same() {
    let site = Site::new();
    let inventory = site.list();
    for name in ["qdc02", "no-bmc"] {
        assert!(host(&inventory, name).get("ansible_host").is_none());
    }
    assert_eq!(host(&inventory, "no-bmc")["mrp_interfaces"], json!([]));
}

#[test]
fn one_hosts_variables_are_those_of_the_list() {
    let site = Site::new();
    let inventory = site.list();
    let output = site.run(&["--host", "qdc01"]);
    let variables: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(&variables, host(&inventory, "qdc01"));
    let failed = site.failure(&["--host", "qdc3"]);
    says(&failed.sentence, &["no host 'qdc3'", "'qdc01'"]);
    assert_eq!(failed.code, 1);
}

#[test]
fn hostnames_that_are_not_the_names_have_the_id() {
    let site = Site::new();
    site.lab.add_machine(json!({ "name": "rack 1" }));
    site.lab.add_machine(json!({ "name": "rack/1" }));
    site.config("host_name = hostname");
    let inventory = site.list();
    for (id, name) in [(9, "rack 1"), (10, "rack/1")] {
        let host = host(&inventory, &format!("rack-1--{id}"));
        assert_eq!(host["mrp_id"], id);
        assert_eq!(host["mrp_name"], marked(name));
    }
    host(&inventory, "qdc01");
}

#[test]
fn a_name_means_the_same_machine_whatever_is_selected() {
    let site = Site::new();
    for (name, holder) in [("a b", "bob"), ("a/b", "alice"), ("holder_bob", "alice")] {
        site.lab
            .add_machine(json!({ "name": name, "assignee": holder }));
    }
    let all = site.list();
    assert_eq!(host(&all, "a-b--9")["mrp_name"], marked("a b"));
    for selection in ["scope = mine", "query = (!= name \"a b\")", "holders = yes"] {
        site.config(selection);
        let some = site.list();
        for (name, id) in [("a-b--10", 10), ("holder_bob--11", 11)] {
            assert_eq!(host(&some, name)["mrp_id"], id, "{selection}");
            assert_eq!(host(&all, name)["mrp_id"], id);
        }
    }
}

#[test]
fn anything_but_a_list_or_a_host_is_explained() {
    let site = Site::new();
    for arguments in [&[][..], &["--graph"], &["--host"], &["--list", "x"]] {
        let output = site.run(arguments);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
        says(
            &String::from_utf8(output.stderr).unwrap(),
            &["--list", "--host NAME"],
        );
    }
}

#[test]
fn a_server_that_dies_is_not_asked_for_every_machine_that_is_left() {
    let site = Site::new();
    site.lab.add_machines(100);
    site.config("retries = 1\nretry_delay = 0");
    let config = std::fs::read_to_string(site.path("mrp_inventory.cfg")).unwrap();
    site.write(
        "mrp_inventory.cfg",
        config.trim_start_matches("retries = 0\n"),
    );
    site.lab
        .fault(json!({ "path": "/api/v1/machine/*", "status": 503, "times": 0 }));
    says(&site.refusal(), &["503"]);
    let requests = site.lab.requests().len();
    // Three lists, and two attempts each of the eight that were under way.
    assert!(requests <= 3 + 8 * 2, "{requests}");
}

#[test]
fn a_failure_is_one_line_and_no_half_inventory() {
    let site = Site::new();
    let interface = json!({ "path": "/api/v1/machine/3/interface", "status": 500, "times": 0 });
    site.lab.fault(interface);
    says(
        &site.refusal(),
        &["mrp_inventory: listing the interfaces of machine 3"],
    );
    site.lab.clear_faults();
    site.lab
        .fault(json!({ "path": "/api/v1/machine", "status": 401 }));
    says(&site.refusal(), &["does not accept this token"]);
}
