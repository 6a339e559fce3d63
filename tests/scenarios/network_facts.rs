//! mrp_network_facts: the address of each machine, as a fact.

use mrp_test_support::{assert_contains, column, text};
use serde_json::json;

use crate::start_lab;

const MODULE: &str = "mrp_network_facts";

#[test]
fn one_machine_with_one_address() {
    let lab = start_lab();
    let result = lab.run_in_all_modes(MODULE, json!({ "machine": "qdc01" }));
    let facts = &result["ansible_facts"]["mrp_network"]["qdc01"];
    assert_eq!(facts["ipv4"], "10.40.5.12");
    assert_eq!(facts["netmask"], "255.255.0.0");
    assert_eq!(facts["mac"], "52:54:00:00:02:01");
    assert_eq!(facts["interfaces"][0]["identifier"], "eth0");
    assert_eq!(result["machines"][0]["name"], "qdc01");
}

#[test]
fn own_machines_are_the_default_and_all_returns_every_machine() {
    let lab = start_lab();
    let own = lab.run_in_all_modes(MODULE, json!({}));
    assert_eq!(own["machines"].as_array().unwrap().len(), 5);
    let all = lab.run_in_all_modes(MODULE, json!({ "all": true }));
    assert_eq!(all["machines"].as_array().unwrap().len(), 8);
}

#[test]
fn only_what_is_asked_for_is_returned() {
    let lab = start_lab();
    let run = |options| lab.run_in_all_modes(MODULE, options);
    let facts = run(json!({ "machine": "qdc01", "return": "facts" }));
    assert_eq!(facts["machines"], json!(null));
    let of_facts = &facts["ansible_facts"]["mrp_network"]["qdc01"];
    assert_eq!(of_facts["ipv4"], "10.40.5.12");

    let list = run(json!({ "machine": "qdc01", "return": ["machines"], "interfaces": false }));
    assert_eq!(list["ansible_facts"], json!(null));
    let of_list = &list["machines"][0];
    assert_eq!(of_list["ipv4"], "10.40.5.12");
    assert_eq!(of_list["interfaces"], json!(null));

    let both = run(json!({ "machine": "qdc01", "return": ["machines", "facts"] }));
    assert_eq!(&both["machines"][0], of_facts);
    assert_eq!(&both["ansible_facts"]["mrp_network"]["qdc01"], of_facts);
    let options = json!({ "machine": "qdc01", "return": ["interfaces"] });
    lab.assert_fails(
        MODULE,
        options,
        &["value of return must be one or more of: facts, machines"],
    );
}

#[test]
fn no_address_is_chosen_where_several_are_possible() {
    let lab = start_lab();
    let result = lab.run_in_all_modes(MODULE, json!({ "machine": "moonshot-c1" }));
    let facts = &result["machines"][0];
    assert_eq!(
        (&facts["ipv4"], &facts["mac"]),
        (&json!(null), &json!(null))
    );
    assert_contains(
        &text(&result["warnings"][0]),
        &["moonshot-c1", "eth0 10.40.5.11", "eth2 10.40.2.31", "mgmt0"],
    );
}

#[test]
fn the_first_preferred_interface_with_an_address_decides() {
    let lab = start_lab();
    let options = json!({ "machine": "moonshot-c1", "interface": ["eth4", "eth2", "eth0"] });
    let facts = &lab.run_in_all_modes(MODULE, options)["machines"][0];
    assert_eq!(facts["ipv4"], "10.40.2.31");
    assert_eq!(facts["mac"], "52:54:00:00:01:03");
    let facts = &lab.run(
        MODULE,
        json!({ "machine": "moonshot-c1", "interface": "mgmt0" }),
    )["machines"][0];
    assert_eq!(facts["netmask"], "255.255.255.0");
}

#[test]
fn a_configured_address_counts_where_there_is_no_lease_yet() {
    let lab = start_lab();
    let facts = &lab.run(MODULE, json!({ "machine": "bobs-box" }))["machines"][0];
    assert_eq!(facts["ipv4"], "10.40.1.22");
}

#[test]
fn machines_by_name_are_returned_in_the_order_given() {
    let lab = start_lab();
    let result = lab.run_in_all_modes(MODULE, json!({ "machines": ["x86-1", "qdc01"] }));
    assert_eq!(column(&result["machines"], "name"), ["x86-1", "qdc01"]);
    lab.assert_fails(
        MODULE,
        json!({ "machines": ["qdc01", "qdc3"] }),
        &["'qdc3'", "'qdc01'"],
    );
}

#[test]
fn a_query_filters_on_the_server() {
    let lab = start_lab();
    let options = json!({ "query": "(and (= arch \"x86_64\") (= assignee_count 0))", "all": true });
    let result = lab.run_in_all_modes(MODULE, options);
    assert_eq!(result["machines"][0]["name"], "x86-1");
}

#[test]
fn invalid_query_is_refused_before_it_is_sent() {
    let lab = start_lab();
    let before = lab.requests().len();
    for query in [
        "\"machine.id = 2\"",
        "(and \"1=1\")",
        "(= name",
        "name",
        "(foo name \"x\")",
        "(= nme \"x\")",
    ] {
        let message = lab.failure(MODULE, json!({ "query": query }));
        assert!(!message.contains("HTTP"), "{message}");
    }
    assert_eq!(
        lab.requests().len(),
        before,
        "a bad query reached the server"
    );
}

#[test]
fn machine_without_an_address_has_null() {
    let lab = start_lab();
    let result = lab.run_in_all_modes(MODULE, json!({ "machine": "qdc02" }));
    assert_eq!(result["machines"][0]["ipv4"], json!(null));
    assert_eq!(result["machines"][0]["mac"], "52:54:00:00:03:01");
    assert!(
        result
            .get("warnings")
            .is_none_or(|warnings| warnings == &json!([]))
    );
}

#[test]
fn machines_by_name_are_asked_for_in_one_query() {
    let lab = start_lab();
    lab.run(MODULE, json!({ "machines": ["x86-1", "qdc01"] }));
    let requests = lab.requests();
    let lists = requests
        .iter()
        .filter(|request| request.path.starts_with("/api/v1/machine?"));
    let lists: Vec<&str> = lists.map(|request| request.path.as_str()).collect();
    assert_eq!(lists.len(), 1, "{lists:?}");
    assert_contains(lists[0], &["q=", "x86-1", "qdc01"]);
}
