//! The inventory plugin, read by `ansible-inventory`.

use mrp_test_support::ansible::{AnsibleRun, Controller};
use mrp_test_support::collection::Collection;
use mrp_test_support::{TOKEN, TestLab, assert_no_token};
use serde_json::{Value, json};

use crate::{start_lab, with_each_ansible_and_the_collection};

const NAME: &str = "lab.mrp.yml";

/// Writes the file of options: those of the test, below what all have.
fn configure(lab: &TestLab, options: &str) {
    let address = lab.url();
    let (host, port) = address.trim_end_matches('/').rsplit_once(':').unwrap();
    lab.write(
        NAME,
        format!(
            "plugin: mr_provisioner.lab.mrp_lab\nmrp_url: \"{{{{ '{host}:' ~ {port} }}}}/\"\nretries: 0\n\
             mrp_token: \"{{{{ lookup('ansible.builtin.env', 'LAB_TOKEN') }}}}\"\nstrict: true\n{options}"
        ),
    );
}

fn inventory(
    ansible: &Controller,
    collection: &Collection,
    lab: &TestLab,
    arguments: &[&str],
) -> AnsibleRun {
    let mut command = collection.command(ansible, lab, "ansible-inventory");
    command
        .args(["-i", NAME])
        .args(arguments)
        .env("LAB_TOKEN", TOKEN)
        .env("ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED", "true");
    let run = ansible.run(&mut command);
    assert_no_token(&run.output);
    run
}

fn listing(ansible: &Controller, collection: &Collection, lab: &TestLab) -> Value {
    let run = inventory(ansible, collection, lab, &["--list"]);
    run.succeeded();
    assert_eq!(run.stderr, "");
    serde_json::from_str(&run.output).unwrap()
}

/// A text, marked or not: Ansible marks more than the program does.
fn plain(value: &Value) -> &Value {
    value.get("__ansible_unsafe").unwrap_or(value)
}

const CONSTRUCTED: &str = "interface: [eth1, eth0]
compose:
  full_name: mrp_name + '.' + mrp_arch
groups:
  reachable: ansible_host is defined
keyed_groups:
  - {prefix: network, key: mrp_interfaces | map(attribute='network_name') | select('string') | unique | list}
";

#[test]
fn lab_is_an_inventory_with_groups_and_variables_of_ansibles_own() {
    with_each_ansible_and_the_collection(|ansible, collection| {
        let lab = start_lab();
        configure(&lab, CONSTRUCTED);
        let listing = listing(ansible, collection, &lab);
        let hosts = &listing["_meta"]["hostvars"];
        assert_eq!(plain(&hosts["qdc01"]["ansible_host"]), "10.40.5.12");
        // The options prefer eth1.
        assert_eq!(plain(&hosts["moonshot-c1"]["ansible_host"]), "10.40.1.21");
        let unsafe_name = json!({ "__ansible_unsafe": "qdc01.arm64" });
        assert_eq!(hosts["qdc01"]["full_name"], unsafe_name);
        assert_eq!(listing["free"]["hosts"], json!(["d05-free", "x86-1"]));
        for (group, host) in [("reachable", "qdc01"), ("network_lab", "moonshot-c1")] {
            let hosts = listing[group]["hosts"].to_string();
            assert!(hosts.contains(host), "{group}: {hosts}");
        }
        lab.assert_no_writes();
    });
}

#[test]
fn cached_inventory_is_the_same_without_a_request() {
    with_each_ansible_and_the_collection(|ansible, collection| {
        let lab = start_lab();
        let cache =
            "cache: true\ncache_plugin: ansible.builtin.jsonfile\ncache_connection: cache\n";
        configure(&lab, &format!("{CONSTRUCTED}{cache}"));
        let first = listing(ansible, collection, &lab);
        let requests = lab.requests().len();
        assert_eq!(listing(ansible, collection, &lab), first);
        assert_eq!(lab.requests().len(), requests);
    });
}

#[test]
fn texts_of_the_server_are_not_evaluated() {
    with_each_ansible_and_the_collection(|ansible, collection| {
        let lab = start_lab();
        let trap = lab.path("evaluated");
        let template = format!("{{{{ lookup('pipe', 'touch {}') }}}}", trap.display());
        lab.add_machine(json!({ "name": template, "assignee": "alice" }));
        configure(
            &lab,
            "compose: {copied: mrp_name}\nkeyed_groups: [{prefix: named, key: mrp_name}]\n",
        );
        for arguments in [&["--list"][..], &["--graph", "--vars"]] {
            inventory(ansible, collection, &lab, arguments).succeeded();
        }
        let show = "- hosts: mrp\n  gather_facts: false\n  connection: local\n  tasks:\n    - ansible.builtin.debug: {msg: '{{ mrp_name }} {{ copied }}'}\n";
        lab.write("show.yml", show);
        let mut command = collection.command(ansible, &lab, "ansible-playbook");
        command
            .args(["-i", NAME, "show.yml"])
            .env("LAB_TOKEN", TOKEN);
        let run = ansible.run(&mut command);
        run.succeeded();
        run.assert_contains("lookup('pipe'");
        assert!(!trap.exists(), "{}", run.output);
    });
}

#[test]
fn token_of_an_extra_variable_and_a_token_file_are_used() {
    with_each_ansible_and_the_collection(|ansible, collection| {
        let lab = start_lab();
        let file = format!(
            "plugin: mr_provisioner.lab.mrp_lab\nmrp_url: {}\nscope: mine\n",
            lab.url()
        );
        lab.write(NAME, format!("{file}mrp_token: '{{{{ lab_token }}}}'\n"));
        let extra = format!("lab_token={TOKEN}");
        let run = inventory(ansible, collection, &lab, &["--graph", "-e", &extra]);
        run.succeeded();
        lab.write(".secrets/token", TOKEN);
        lab.write(NAME, format!("{file}token_file: .secrets/token\n"));
        let run = inventory(ansible, collection, &lab, &["--graph"]);
        run.succeeded();
        run.assert_contains("--qdc01");
    });
}

#[test]
fn failure_is_one_sentence_and_no_host() {
    with_each_ansible_and_the_collection(|ansible, collection| {
        let lab = start_lab();
        lab.write("token", TOKEN);
        let beside = format!(
            "plugin: mr_provisioner.lab.mrp_lab\nmrp_url: {}\ntoken_file: token\n",
            lab.url()
        );
        lab.write(NAME, beside);
        let run = inventory(ansible, collection, &lab, &["--graph"]);
        run.failed();
        assert!(
            run.output.contains("is beside the inventory"),
            "{}",
            run.output
        );
        configure(&lab, "");
        lab.fault(json!({ "path": "/api/v1/machine/3/interface", "status": 500, "times": 0 }));
        let run = inventory(ansible, collection, &lab, &["--graph"]);
        run.failed();
        let words: Vec<&str> = run.output.split_whitespace().collect();
        assert!(
            words
                .join(" ")
                .contains("listing the interfaces of machine"),
            "{}",
            run.output
        );
        assert!(!run.output.contains("Link it"), "{}", run.output);
        assert!(
            !run.output.contains("qdc01") && !run.output.contains("Traceback"),
            "{}",
            run.output
        );
        configure(&lab, "query: \"a\\nmrp_token = b\"\n");
        let run = inventory(ansible, collection, &lab, &["--graph"]);
        run.failed();
        run.assert_contains("query has more than one line");
    });
}
