//! What the old role ran, under its own names.

use super::{Site, on_each_line};
use crate::controller::Run;

const PLAYBOOK: &str = "old_role.yml";

/// Older releases break the lines of what they announce.
fn announces(run: &Run, part: &str) {
    let words: Vec<&str> = run.output.split_whitespace().collect();
    assert!(
        words.join(" ").contains(part),
        "no {part:?} in: {}",
        run.output
    );
}

#[test]
fn the_old_roles_tasks_work_unchanged() {
    on_each_line(|ansible| {
        let site = Site::new();
        let check = site.playbook(ansible, PLAYBOOK, &["--check", "--diff"]);
        check.succeeded();
        assert!(
            site.lab.writes().is_empty(),
            "check mode wrote: {:?}",
            site.lab.writes()
        );
        let first = site.playbook(ansible, PLAYBOOK, &["--diff"]);
        first.succeeded();
        assert_eq!(site.lab.boots().len(), 1);
        // Of the second run the machine is provisioned again, and add_host says `changed` every time.
        let second = site.playbook(ansible, PLAYBOOK, &[]);
        second.succeeded();
        assert_eq!(
            (check.changed(), first.changed(), second.changed()),
            (5, 5, 2),
            "{}",
            second.output
        );
        assert_eq!(site.lab.boots().len(), 2);
        for run in [&check, &first, &second] {
            run.says("provisioned 10.40.5.12");
            for (old, new) in [
                ("image", "image"),
                ("preseed", "preseed"),
                ("machine_provision", "machine"),
                ("get_ip", "network_facts"),
            ] {
                let sentence = format!(
                    "[DEPRECATION WARNING]: mr_provisioner_{old} is the old role's name: use mrp_{new}."
                );
                announces(run, &sentence);
            }
        }
    });
}

#[test]
fn a_failure_announces_the_successor_too() {
    on_each_line(|ansible| {
        let site = Site::new();
        let wrong = ["-e", "mr_provisioner_interface_name=eth9"];
        let run = site.playbook(ansible, PLAYBOOK, &wrong);
        run.failed();
        run.says("there is no interface 'eth9' of machine 'qdc01' (near: 'eth0')");
        announces(
            &run,
            "mr_provisioner_get_ip is the old role's name: use mrp_network_facts.",
        );
    });
}
