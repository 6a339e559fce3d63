//! The tasks of the old role, under its names.

use mrp_test_support::ansible::{AnsibleRun, with_each_ansible};

use crate::start_lab;

const PLAYBOOK: &str = "old_role.yml";

/// Asserts that a warning was printed. Older releases of Ansible break its lines.
fn assert_warns(run: &AnsibleRun, part: &str) {
    let words: Vec<&str> = run.output.split_whitespace().collect();
    assert!(
        words.join(" ").contains(part),
        "no {part:?} in: {}",
        run.output
    );
}

#[test]
fn tasks_of_the_old_role_work_unchanged() {
    with_each_ansible(|ansible| {
        let lab = start_lab();
        let check = ansible.project_playbook(&lab, PLAYBOOK, &["--check", "--diff"]);
        check.succeeded();
        lab.assert_no_writes();
        let first = ansible.project_playbook(&lab, PLAYBOOK, &["--diff"]);
        first.succeeded();
        assert_eq!(lab.boots().len(), 1);
        // In the second run the machine is provisioned again, and add_host says `changed` in every run.
        let second = ansible.project_playbook(&lab, PLAYBOOK, &[]);
        second.succeeded();
        assert_eq!(
            (check.changed(), first.changed(), second.changed()),
            (5, 5, 2),
            "{}",
            second.output
        );
        assert_eq!(lab.boots().len(), 2);
        for run in [&check, &first, &second] {
            run.assert_contains("provisioned 10.40.5.12");
            for (old, new) in [
                ("image", "image"),
                ("preseed", "preseed"),
                ("machine_provision", "machine"),
                ("get_ip", "network_facts"),
            ] {
                let sentence = format!(
                    "[DEPRECATION WARNING]: mr_provisioner_{old} is the old role's name: use mrp_{new}."
                );
                assert_warns(run, &sentence);
            }
        }
    });
}

#[test]
fn a_failure_announces_the_successor_too() {
    with_each_ansible(|ansible| {
        let lab = start_lab();
        let wrong = ["-e", "mr_provisioner_interface_name=eth9"];
        let run = ansible.project_playbook(&lab, PLAYBOOK, &wrong);
        run.failed();
        run.assert_contains("there is no interface 'eth9' of machine 'qdc01' (near: 'eth0')");
        assert_warns(
            &run,
            "mr_provisioner_get_ip is the old role's name: use mrp_network_facts.",
        );
    });
}
