//! The roles, on a lab.

use std::net::TcpListener;

use mrp_test_support::ansible::run_in_all_modes;
use serde_json::json;

use crate::{start_lab, with_each_ansible_and_the_collection};

const PROVISION: &str = "- hosts: localhost
  gather_facts: false
  roles:
    - role: mr_provisioner.lab.provision
      vars:
        provision_machines: [qdc01, qdc02]
        provision_arch: arm64
        provision_subarch: efi
        provision_kernel: installer
        provision_kernel_path: linux
        provision_initrd: installer
        provision_initrd_path: initrd.gz
        provision_preseed: ci-installer
        provision_preseed_path: debian-12.preseed
        provision_kernel_opts: quiet
- hosts: installed
  gather_facts: false
  tasks:
    - ansible.builtin.debug: {msg: '{{ inventory_hostname }} at {{ ansible_host }}'}
";

const OLD_VARIABLES: &str = "- hosts: localhost
  gather_facts: false
  vars:
    mr_provisioner_url: \"{{ lookup('ansible.builtin.env', 'MRP_URL') }}\"
    mr_provisioner_auth_token: \"{{ lookup('ansible.builtin.env', 'MRP_TOKEN') }}\"
    mr_provisioner_machine_name: qdc01
    mr_provisioner_interface_name: eth0
    mr_provisioner_arch: arm64
    mr_provisioner_subarch: efi
    mr_provisioner_kernel_description: installer
    mr_provisioner_kernel_path: linux
    mr_provisioner_kernel_options: quiet
    mr_provisioner_initrd_description: installer
    mr_provisioner_initrd_path: initrd.gz
    mr_provisioner_preseed_name: ci-installer
    mr_provisioner_preseed_path: debian-12.preseed
  roles: [mr_provisioner.lab.provision]
- hosts: mr_provisioner_hosts
  gather_facts: false
  tasks:
    - ansible.builtin.debug: {msg: '{{ inventory_hostname }} at {{ ansible_host }}'}
";

#[test]
fn provision_installs_a_list_of_machines_in_one_task_and_changes_nothing_the_second_time() {
    with_each_ansible_and_the_collection(|ansible, collection| {
        let lab = start_lab();
        lab.write("play.yml", PROVISION);
        let [_, first, _] = run_in_all_modes(&lab, [4, 4, 0], |arguments| {
            collection.playbook(ansible, &lab, "play.yml", arguments)
        });
        assert_eq!(lab.boots().len(), 2);
        first.assert_contains("qdc01 at 10.40.5.12");
        first.assert_contains("qdc02 at ");
    });
}

#[test]
fn provision_takes_the_variables_of_the_old_role() {
    with_each_ansible_and_the_collection(|ansible, collection| {
        let lab = start_lab();
        lab.write("play.yml", OLD_VARIABLES);
        let [_, first, _] = run_in_all_modes(&lab, [4, 4, 0], |arguments| {
            collection.playbook(ansible, &lab, "play.yml", arguments)
        });
        assert_eq!(lab.boots().len(), 1);
        first.assert_contains("qdc01 at 10.40.5.12");
    });
}

#[test]
fn variables_of_a_wrong_type_are_reported_before_anything_is_sent() {
    with_each_ansible_and_the_collection(|ansible, collection| {
        let lab = start_lab();
        lab.write("play.yml", PROVISION);
        let wrong = ["-e", r#"{"provision_force": "perhaps"}"#];
        let run = collection.playbook(ansible, &lab, "play.yml", &wrong);
        run.failed();
        run.assert_contains("provision_force");
        assert!(lab.requests().is_empty());
    });
}

#[test]
fn report_ready_reports_a_machine_that_answers() {
    with_each_ansible_and_the_collection(|ansible, collection| {
        let lab = start_lab();
        lab.settings(json!({ "install_result": "never" }));
        let report = "- hosts: installed\n  gather_facts: false\n  roles: [mr_provisioner.lab.report_ready]\n";
        lab.write("play.yml", format!("{PROVISION}{report}"));
        let no_wait = [
            "-e",
            r#"{"provision_wait": false, "provision_machines": ["qdc01"]}"#,
        ];
        // No machine can be logged in to: the tasks run on this one, with Ansible's own Python.
        let here = [
            "-e",
            "ansible_connection=local",
            "-e",
            "ansible_python_interpreter={{ansible_playbook_python}}",
        ];
        let run = |arguments: &[&str]| {
            let arguments = [&no_wait[..], &here, arguments].concat();
            collection.playbook(ansible, &lab, "play.yml", &arguments)
        };
        let first = run(&[]);
        first.succeeded();
        assert_eq!(first.changed(), 5, "{}", first.output);
        let second = run(&[]);
        second.succeeded();
        assert_eq!(second.changed(), 0, "{}", second.output);
        assert_eq!(lab.boots().len(), 1);
    });
}

#[test]
fn provision_with_ready_when_reports_machines_that_answer_and_have_no_token() {
    with_each_ansible_and_the_collection(|ansible, collection| {
        let lab = start_lab();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        lab.lease(&json!({ "mac": "52:54:00:00:02:01", "ipv4": "127.1.0.2", "duration": 3600 }));
        lab.settings(json!({
            "install_result": "silent", "answer_port": port, "boot_seconds": 0.2, "answer_installed": "SSH-2.0-installed",
        }));
        lab.write("play.yml", PROVISION);
        let variables = json!({
            "provision_machines": ["qdc01"],
            "provision_ready_when": { "port": port, "banner": "SSH-2.0-installed" },
        });
        let variables = ["-e", &variables.to_string()];
        let [_, first, _] = run_in_all_modes(&lab, [4, 4, 0], |arguments| {
            let arguments = [&variables[..], arguments].concat();
            collection.playbook(ansible, &lab, "play.yml", &arguments)
        });
        first.assert_contains("qdc01 at 127.1.0.2");
        assert_eq!(lab.last_boot().result, "silent");
        assert_eq!(lab.server("/api/v1/machine/2")["netboot_enabled"], false);
        assert_eq!(lab.server("/api/v1/machine/2/state")["state"], "ready");
    });
}
