//! The inventory, read by `ansible-inventory` and `ansible-playbook`.

use std::os::unix::fs::symlink;
use std::path::PathBuf;

use mrp_test_support::TestLab;
use mrp_test_support::ansible::with_each_ansible;
use mrp_test_support::project_folder;
use serde_json::{Value, json};

use crate::{start_lab, write};

const INVENTORY: [&str; 2] = ["-i", "library/mrp_inventory"];
const CONSTRUCTED: [&str; 4] = [
    "-i",
    "library/mrp_inventory",
    "-i",
    "playbooks/inventory/lab.constructed.yml",
];

#[test]
fn ansible_reads_the_lab_as_an_inventory() {
    with_each_ansible(|ansible| {
        let lab = start_lab();
        let run = ansible.inventory(&lab, &[&INVENTORY[..], &["--list"]].concat(), &[]);
        run.succeeded();
        assert_eq!(run.stderr, "", "{}", run.output);
        let inventory: Value = serde_json::from_str(&run.output).unwrap();
        let host = &inventory["_meta"]["hostvars"]["qdc01"];
        assert_eq!(host["ansible_host"], "10.40.5.12");
        assert_eq!(host["mrp_mine"], true);
        assert_eq!(inventory["free"]["hosts"], json!(["d05-free", "x86-1"]));
        lab.assert_no_writes();
    });
}

#[test]
fn a_playbook_runs_over_the_lab_with_groups_constructed_on_top() {
    with_each_ansible(|ansible| {
        let lab = start_lab();
        let run = ansible.playbook(&lab, "playbooks/lab.yml", &CONSTRUCTED);
        run.succeeded();
        for part in [
            "free: d05-free, x86-1",
            "moonshot-c1' has several addresses",
            "qdc01 at 10.40.5.12 as root",
        ] {
            run.assert_contains(part);
        }
        assert!(!run.output.contains("x86-1 at"), "{}", run.output);
        assert_eq!(run.changed(), 0);
        let graph = ansible.inventory(&lab, &[&CONSTRUCTED[..], &["--graph"]].concat(), &[]);
        for group in [
            "@network_lab:",
            "@network_mgmt:",
            "@my_arm_servers:",
            "@reachable:",
        ] {
            graph.assert_contains(group);
        }
        assert_eq!(graph.stderr, "");
    });
}

#[test]
fn example_file_of_options_works() {
    with_each_ansible(|ansible| {
        let lab = start_lab();
        let options = [(
            "MRP_INVENTORY_CONFIG",
            "playbooks/inventory/mrp_inventory.cfg",
        )];
        let run = ansible.inventory(
            &lab,
            &[&INVENTORY[..], &["--host", "moonshot-c1"]].concat(),
            &options,
        );
        run.succeeded();
        run.assert_contains("10.40.1.21");
    });
}

#[test]
fn directory_with_link_options_and_constructed_groups_is_an_inventory() {
    with_each_ansible(|ansible| {
        let lab = start_lab();
        let folder = lab.path("").join("inventory");
        std::fs::create_dir(&folder).unwrap();
        for (file, link) in [
            ("library/mrp_inventory", "mrp_inventory"),
            ("playbooks/inventory/mrp_inventory.cfg", "mrp_inventory.cfg"),
            (
                "playbooks/inventory/lab.constructed.yml",
                "zz.constructed.yml",
            ),
        ] {
            symlink(project_folder().join(file), folder.join(link)).unwrap();
        }
        let folder = folder.display().to_string();
        let run = ansible.inventory(&lab, &["-i", &folder, "--graph"], &[]);
        run.succeeded();
        assert_eq!(run.stderr, "", "{}", run.output);
        let (_, reachable) = run.output.split_once("@reachable:").unwrap();
        // The options prefer eth1, which has an address.
        assert!(reachable.contains("--moonshot-c1"), "{}", run.output);
    });
}

#[test]
fn texts_of_the_server_are_never_evaluated() {
    with_each_ansible(|ansible| {
        let lab = start_lab();
        let trap = lab.path("").join("evaluated");
        let template = format!(
            "{{{{ lookup('pipe', 'touch {}') }}}}{{% raw %}}",
            trap.display()
        );
        let expression = format!("lookup('pipe', 'touch {}') == ''", trap.display());
        lab.add_machine(json!({ "name": template, "assignee": "alice" }));
        let reason = json!([
            { "id": 1, "user": expression, "reason": template },
            { "id": 2, "user": "secret_word", "reason": "inventory_hostname == inventory_hostname" }
        ]);
        let fault = json!({ "path": "/api/v1/machine/9/assignee", "status": 200, "times": 0, "body": reason });
        lab.fault(fault);
        let options = write(
            &lab,
            "hostile.cfg",
            "holders = yes\nquery = (=~ name \"lookup\")\n",
        );
        let playbook = write(&lab, "hostile.yml", HOSTILE);
        let constructed = write(&lab, "hostile.constructed.yml", HOSTILE_CONSTRUCTED);
        let arguments = [&INVENTORY[..], &["-i", &constructed]].concat();
        let run = ansible.playbook_with(
            &lab,
            &playbook,
            &arguments,
            &[("MRP_INVENTORY_CONFIG", &options)],
        );
        run.succeeded();
        run.assert_contains(&format!(
            "name is {{{{ lookup('pipe', 'touch {}')",
            trap.display()
        ));
        assert!(
            !trap.exists(),
            "a template of the server was evaluated: {}",
            run.output
        );
        assert!(
            !run.output.contains("the canary"),
            "a word of the server was taken for a variable: {}",
            run.output
        );
        assert!(
            !run.output
                .contains("\"msg\": \"an expression was evaluated\""),
            "{}",
            run.output
        );
        // From ansible-core 2.19 on, showing such a variable is an error as well.
        let ignored = ["ignored=3 ", "ignored=5 "];
        let has_ignored = ignored.iter().any(|count| run.output.contains(count));
        assert!(has_ignored, "{}", run.output);
    });
}

/// A playbook that uses texts of the server in every way that could evaluate them.
const HOSTILE: &str = r#"
- hosts: mrp
  gather_facts: false
  vars:
    lazy: "{{ mrp_name }}"
    secret_word: the canary
    holder: "{{ mrp_assignees[1] }}"
  tasks:
    - ansible.builtin.debug:
        msg: "name is {{ mrp_name }}, {{ lazy }}, {{ mrp_assignees }}, {{ mrp_warnings }}"
    - ansible.builtin.debug:
        var: mrp_assignees[0].reason
    - ansible.builtin.debug:
        msg: "{{ composed }} {{ hostvars[inventory_hostname].mrp_name }} {{ group_names }} {{ inventory_hostname }}"
    - ansible.builtin.set_fact:
        copied: "{{ mrp_assignees[0].reason }}"
    - ansible.builtin.debug:
        msg: "{{ copied }}"
    - ansible.builtin.debug:
        msg: an expression was evaluated
      when: "{{ mrp_assignees[0].user }}"
      ignore_errors: true
    - ansible.builtin.debug:
        msg: an expression was evaluated
      when: "{{ holder.reason }}"
      ignore_errors: true
    - ansible.builtin.assert:
        that: "{{ holder.reason }}"
        success_msg: an expression was evaluated
      ignore_errors: true
    - ansible.builtin.debug:
        var: "{{ holder.user }}"
      ignore_errors: true
    - ansible.builtin.debug:
        var: "{{ composed_word }}"
      ignore_errors: true
    - ansible.builtin.debug:
        var: holder.user
    - ansible.builtin.debug:
        msg: "{{ item }}"
      with_items: "{{ holder.user }}"
"#;

const HOSTILE_CONSTRUCTED: &str = r#"
plugin: ansible.builtin.constructed
strict: true
compose:
  composed: mrp_name
  composed_word: mrp_assignees[1].user
keyed_groups:
  - key: mrp_name
    prefix: named
"#;

/// Groups and variables constructed from texts of the server, which are marked as unsafe.
const OF_MARKED_TEXTS: &str = r#"
plugin: ansible.builtin.constructed
strict: true
compose:
  composed: mrp_name + '.' + mrp_arch
groups:
  equal: mrp_name == 'qdc01'
  matching: mrp_name is match('qdc') and mrp_arch in ['arm64']
keyed_groups:
  - key: mrp_arch
    prefix: keyed
  - key: mrp_interfaces | map(attribute='identifier') | list
    prefix: with
"#;

#[test]
fn marked_texts_work_in_groups_variables_and_every_listing() {
    with_each_ansible(|ansible| {
        let lab = start_lab();
        let constructed = write(&lab, "marked.constructed.yml", OF_MARKED_TEXTS);
        let sources = [&INVENTORY[..], &["-i", &constructed]].concat();
        for (listing, parts) in [
            (&["--list"][..], &["qdc01.arm64"][..]),
            (&["--list", "--yaml"], &["mrp_name", "qdc01.arm64"]),
            (&["--list", "--export"], &["qdc01.arm64"]),
            (&["--list", "--yaml", "--export"], &["qdc01.arm64"]),
            (&["--graph", "--vars"], &["composed = qdc01.arm64"]),
        ] {
            let run = ansible.inventory(&lab, &[&sources, listing].concat(), &[]);
            run.succeeded();
            assert_eq!(run.stderr, "", "{listing:?}");
            parts.iter().for_each(|part| run.assert_contains(part));
        }
        let run = ansible.inventory(&lab, &[&sources, &["--list"][..]].concat(), &[]);
        let inventory: Value = serde_json::from_str(&run.output).unwrap();
        for (group, hosts) in [
            ("equal", json!(["qdc01"])),
            ("matching", json!(["qdc01", "qdc02"])),
            ("keyed_x86_64", json!(["x86-1"])),
        ] {
            assert_eq!(inventory[group]["hosts"], hosts, "{group}");
        }
        run.assert_contains("with_eth0");
    });
}

#[test]
fn hosts_of_another_inventory_are_left_alone() {
    with_each_ansible(|ansible| {
        let lab = start_lab();
        let other = write(&lab, "other", "elsewhere ansible_host=192.0.2.1\n");
        let sources = [&["-i", &other], &CONSTRUCTED[..]].concat();
        let run = ansible.inventory(&lab, &[&sources, &["--list"][..]].concat(), &[]);
        run.succeeded();
        assert_eq!(run.stderr, "", "{}", run.output);
        let inventory: Value = serde_json::from_str(&run.output).unwrap();
        let hosts = &inventory["_meta"]["hostvars"];
        assert_eq!(hosts["elsewhere"], json!({ "ansible_host": "192.0.2.1" }));
        assert_eq!(hosts["qdc01"]["ansible_user"], "root");
        let reachable = inventory["reachable"]["hosts"].to_string();
        assert!(reachable.contains("qdc01"), "{reachable}");
        assert!(!reachable.contains("elsewhere"), "{reachable}");
        let run = ansible.playbook(&lab, "playbooks/lab.yml", &sources);
        run.succeeded();
        run.assert_contains("qdc01 at 10.40.5.12 as root");
    });
}

#[test]
fn a_copy_is_used_with_a_warning_that_is_seen_when_the_server_is_gone() {
    with_each_ansible(|ansible| {
        let lab = start_lab();
        let options = write(&lab, "cached.cfg", "cache = copy\nretries = 0\n");
        let options = [("MRP_INVENTORY_CONFIG", options.as_str())];
        let arguments = [&INVENTORY[..], &["--graph"]].concat();
        ansible.inventory(&lab, &arguments, &options).succeeded();
        lab.fault(json!({ "path": "/api/v1/*", "reset": true, "times": 0 }));
        let run = ansible.inventory(&lab, &arguments, &options);
        run.succeeded();
        run.assert_contains("--qdc01");
        assert!(run.stderr.contains("so this is a copy"), "{}", run.stderr);
        let playbook = ansible.playbook_with(&lab, "playbooks/lab.yml", &CONSTRUCTED, &options);
        playbook.succeeded();
        playbook.assert_contains("qdc01 at 10.40.5.12");
    });
}

#[test]
fn failing_inventory_lists_no_host_and_prints_the_reason() {
    with_each_ansible(|ansible| {
        let lab = start_lab();
        lab.fault(json!({ "path": "/api/v1/machine/3/interface", "status": 500, "times": 0 }));
        let arguments = [&INVENTORY[..], &["--graph"]].concat();
        let strict = [("ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED", "true")];
        let run = ansible.inventory(&lab, &arguments, &strict);
        run.failed();
        let stderr = run.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            stderr.contains("listing the interfaces of machine 'qdc02'"),
            "{stderr}"
        );
        assert!(!run.output.contains("qdc01"), "{}", run.output);
    });
}

/// The hosts that `ansible-inventory --list` has found.
fn listed_hosts(output: &str) -> Vec<String> {
    let start = output.find('{').expect("an inventory");
    let mut documents = serde_json::Deserializer::from_str(&output[start..]).into_iter::<Value>();
    let inventory = documents.next().unwrap().unwrap();
    let groups = inventory.as_object().unwrap().values();
    let hosts = groups.filter_map(|group| group["hosts"].as_array());
    hosts
        .flatten()
        .map(|host| host.as_str().unwrap().to_owned())
        .collect()
}

/// A folder that is an inventory: it holds a link to the script, which is returned too.
fn folder_with_link(lab: &TestLab) -> (PathBuf, PathBuf) {
    let folder = lab.path("inventory");
    std::fs::create_dir(&folder).unwrap();
    let link = folder.join("mrp_inventory");
    symlink(project_folder().join("library/mrp_inventory"), &link).unwrap();
    (folder, link)
}

#[test]
fn run_that_fails_adds_no_hosts() {
    with_each_ansible(|ansible| {
        let lab = start_lab();
        let (folder, link) = folder_with_link(&lab);
        for (what, environment, reason) in [
            (
                "token",
                ("MRP_TOKEN", "other-token"),
                "does not accept this token",
            ),
            ("URL", ("MRP_URL", "nonsense"), "is not a URL"),
            (
                "options",
                ("MRP_INVENTORY_CONFIG", "/nonexistent"),
                "cannot read /nonexistent",
            ),
        ] {
            for source in [&link, &folder] {
                let source = source.display().to_string();
                let arguments = ["-i", &source, "--list"];
                let run = ansible.inventory(&lab, &arguments, &[environment]);
                let stderr = run.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
                assert!(stderr.contains(reason), "{what}: {stderr}");
                assert_eq!(listed_hosts(&run.output), [""; 0], "{what}: {}", run.output);
                let strict = ("ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED", "true");
                let run = ansible.inventory(&lab, &arguments, &[environment, strict]);
                run.failed();
            }
        }
    });
}

#[test]
fn token_and_copy_under_names_that_are_accepted_never_become_hosts() {
    with_each_ansible(|ansible| {
        let lab = start_lab();
        let (folder, link) = folder_with_link(&lab);
        let source = folder.display().to_string();
        let names = [
            "token.cfg",
            ".token",
            "token.pyc",
            "token.pyo",
            "token.swp",
            "token.bak",
            "token~",
            "token.rpm",
            "token.md",
            "token.txt",
            "token.rst",
            "token.orig",
            "token.retry",
            ".secrets/token",
            "group_vars/token",
            "host_vars/token",
            "vars_plugins/token",
        ];
        for name in names {
            lab.write(&format!("inventory/{name}"), "alice-token\n");
        }
        lab.write(
            "inventory/mrp_inventory.cfg",
            "token_file = vars_plugins/token\ncache = .copy\n",
        );
        for _ in 0..2 {
            let without_token = ("MRP_TOKEN", "");
            let run = ansible.inventory(&lab, &["-i", &source, "--list"], &[without_token]);
            run.succeeded();
            assert_eq!(run.stderr, "");
            let mut hosts = listed_hosts(&run.output);
            hosts.sort();
            hosts.dedup();
            assert_eq!(hosts.len(), 8, "{hosts:?}");
        }
        for name in names {
            lab.write(
                "inventory/mrp_inventory.cfg",
                format!("token_file = {name}\n"),
            );
            let output = lab
                .run_inventory_command(lab.command(&link).arg("--list").env("MRP_URL", lab.url()));
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{name}: {stderr}");
        }
    });
}
