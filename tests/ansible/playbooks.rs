//! The playbooks of playbooks/, and tasks as a user would write them.

use std::net::TcpListener;

use mrp_test_support::ansible::{run_in_all_modes, with_each_ansible};
use mrp_test_support::{TestLab, project_folder};
use serde_json::json;

use crate::{start_lab, write};

/// A lab whose machine qdc01 answers on this computer when it is installed, and reports nothing; with the option that says
/// where.
pub(crate) fn start_answering_lab() -> (TestLab, String) {
    let lab = start_lab();
    lab.lease(&json!({ "mac": "52:54:00:00:02:01", "ipv4": "127.1.0.2", "duration": 3600 }));
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    lab.settings(json!({
        "install_result": "silent", "answer_port": port, "boot_seconds": 0.2, "answer_installed": "SSH-2.0-first",
    }));
    (lab, json!({ "ready_when": { "port": port } }).to_string())
}

#[test]
fn provision_installs_a_machine_and_the_second_run_changes_nothing() {
    with_each_ansible(|ansible| {
        let (lab, ready_when) = start_answering_lab();
        let here = ["-e", &ready_when, "--diff"];
        let check = [&here[..], &["--check"]].concat();
        let check = lab.without_writes(|| ansible.project_playbook(&lab, "provision.yml", &check));
        check.succeeded();
        let first = ansible.project_playbook(&lab, "provision.yml", &here);
        first.succeeded();
        assert_eq!(
            (check.changed(), first.changed()),
            (4, 4),
            "{}",
            first.output
        );
        first.assert_contains("qdc01 at 127.1.0.2");
        first.assert_contains("qdc01: ordered after 0.0 s, gone after ");
        let machine = lab.server("/api/v1/machine/2");
        assert_eq!(machine["netboot_enabled"], false);
        assert_eq!(lab.server("/api/v1/machine/2/state")["state"], "ready");
        let preseed = lab.last_boot().preseed.unwrap();
        assert!(!preseed.contains("Bearer"), "{preseed}");
        let writes = lab.writes().len();
        let second = ansible.project_playbook(&lab, "provision.yml", &here);
        second.succeeded();
        assert_eq!(second.changed(), 0, "{}", second.output);
        assert_eq!(lab.writes().len(), writes);
        assert_eq!(lab.boots().len(), 1);
    });
}

#[test]
fn a_new_kernel_is_uploaded_and_installed_by_the_next_run() {
    with_each_ansible(|ansible| {
        let (lab, ready_when) = start_answering_lab();
        let here = ["-e", &ready_when];
        ansible
            .project_playbook(&lab, "provision.yml", &here)
            .succeeded();
        write(&lab, "linux", "a newer kernel");
        // What answers here has no host key that would tell the new system from this one.
        let off = "- mrp_power: {name: qdc01, state: 'off'}\n";
        ansible.tasks(&lab, off, &[]).succeeded();
        let run = ansible.project_playbook(&lab, "provision.yml", &here);
        run.succeeded();
        assert_eq!(run.changed(), 2, "{}", run.output);
        assert_eq!(lab.boots().len(), 2);
    });
}

#[test]
fn network_facts_show_addresses() {
    with_each_ansible(|ansible| {
        let lab = start_lab();
        let runs = run_in_all_modes(&lab, [0, 0, 0], |arguments| {
            ansible.project_playbook(&lab, "network_facts.yml", arguments)
        });
        for run in runs {
            run.assert_contains("10.40.5.12");
        }
    });
}

#[test]
fn report_ready_reports_once() {
    with_each_ansible(|ansible| {
        let lab = start_lab();
        run_in_all_modes(&lab, [1, 1, 0], |arguments| {
            ansible.project_playbook(&lab, "report_ready.yml", arguments)
        });
    });
}

#[test]
fn power_switches_machines_once() {
    with_each_ansible(|ansible| {
        let lab = start_lab();
        let off = ["-e", r#"{"machines": ["qdc01", "qdc02"], "power": "off"}"#];
        run_in_all_modes(&lab, [1, 1, 0], |arguments| {
            ansible.project_playbook(&lab, "power.yml", &[&off, arguments].concat())
        });
        let reboot = ["-e", r#"{"power": "rebooted", "boot": "disk"}"#];
        let run = ansible.project_playbook(&lab, "power.yml", &reboot);
        run.succeeded();
        assert_eq!(run.changed(), 1);
        run.assert_contains("qdc01 is on");
    });
}

#[test]
fn on_and_off_are_power_states_although_yaml_reads_booleans() {
    with_each_ansible(|ansible| {
        let lab = start_lab();
        let run = ansible.tasks(
            &lab,
            "- {mrp_power: {name: qdc01, state: off}, register: first_off}\n\
             - {mrp_power: {name: qdc01, state: \"off\"}, register: second_off}\n\
             - {mrp_power: {name: qdc01, state: On}, register: first_on}\n\
             - {mrp_power: name=qdc01 state=on, register: second_on}\n\
             - ansible.builtin.assert:\n    \
                 that: first_off is changed and first_off.power == 'off' and second_off is not changed\n      \
                   and first_on is changed and first_on.power == 'on' and second_on is not changed\n",
            &[],
        );
        run.succeeded();
    });
}

#[test]
fn failing_power_change_shows_no_password() {
    with_each_ansible(|ansible| {
        let lab = start_lab();
        let body = json!({ "state": "off" });
        lab.fault(json!({ "path": "/api/v1/machine/7/power", "status": 200, "body": body }));
        let run = ansible.tasks(&lab, "- mrp_power: {id: 7, state: on}\n", &[]);
        run.failed();
        run.assert_contains("BMC did not do as asked");
        assert!(!run.output.contains("ipmipass"), "{}", run.output);
    });
}

#[test]
fn machines_are_assigned_and_released() {
    with_each_ansible(|ansible| {
        let lab = start_lab();
        let tasks = "- mrp_assignee: {name: d05-free, user: alice, reason: ci, mrp_token: \"{{ 'admin' ~ '-token' }}\"}\n\
             - mrp_power: {name: d05-free, state: on}\n\
             - mrp_power: {name: d05-free, state: off}\n\
             - mrp_assignee: {name: d05-free, state: absent}\n";
        let run = ansible.tasks(&lab, tasks, &["--diff"]);
        run.succeeded();
        assert_eq!(run.changed(), 4, "{}", run.output);
        assert!(!run.output.contains("admin-token"), "{}", run.output);
        let run = ansible.tasks(&lab, tasks.lines().last().unwrap(), &[]);
        run.succeeded();
        assert_eq!(run.changed(), 0);
    });
}

#[test]
fn a_console_is_registered_and_not_shown() {
    with_each_ansible(|ansible| {
        let lab = start_lab();
        let file = write(&lab, "console", "");
        let tasks = format!(
            "- {{mrp_console: {{name: qdc01}}, no_log: true, register: serial}}\n\
             - {{ansible.builtin.copy: {{content: '{{{{ serial.console.url or \"none\" }}}}', dest: '{file}'}}, no_log: true}}\n\
             - {{mrp_console: {{name: no-bmc}}, no_log: true, ignore_errors: true}}\n"
        );
        ansible.tasks(&lab, &tasks, &["--check"]).succeeded();
        lab.assert_no_writes();
        let run = ansible.tasks(&lab, &tasks, &[]);
        run.succeeded();
        let url = std::fs::read_to_string(file).unwrap();
        let (address, token) = url.split_once("/ws?token=").unwrap();
        assert!(address.starts_with("ws://127.0.0.1:"), "{url}");
        assert!(!run.output.contains(token), "{}", run.output);
    });
}

#[test]
fn machines_are_reserved_and_released_around_their_use() {
    with_each_ansible(|ansible| {
        let lab = start_lab();
        let run = ansible.project_playbook(&lab, "reserve.yml", &[]);
        run.failed();
        run.assert_contains("did not store it");
        lab.settings(json!({ "reservations": "stored" }));
        let two = r#"{"wanted": "(=~ name \"-\")", "machine_count": 2}"#;
        let runs = run_in_all_modes(&lab, [1, 2, 2], |arguments| {
            ansible.project_playbook(&lab, "reserve.yml", &[&["-e", two], arguments].concat())
        });
        for run in runs {
            run.assert_contains("x86-1 (x86_64)");
        }
        let many = ["-e", r#"{"machine_count": 3, "wait_timeout": 0.1}"#];
        let run = ansible.project_playbook(&lab, "reserve.yml", &many);
        run.failed();
        run.assert_contains("'bobs-box' is held by bob (mine)");
    });
}

#[test]
fn interfaces_get_addresses_once() {
    with_each_ansible(|ansible| {
        let lab = start_lab();
        let tasks = "- mrp_interface: {machine: qdc01, interface: \"52:54:00:00:02:01\", config_type_v4: static, ipv4: auto}\n\
             - mrp_interface:\n    \
                 {config_type_v4: dynamic-reserved, ipv4: auto, interfaces: [{name: qdc02, interface: eth0}]}\n\
             - mrp_interface: name=moonshot-c1 interface=eth2 config_type_v4=dynamic\n";
        run_in_all_modes(&lab, [3, 3, 0], |arguments| {
            ansible.tasks(&lab, tasks, arguments)
        });
        let unquoted = "- mrp_interface: {machine: qdc01, interface: 52:54:00:00:02:01}\n";
        let run = ansible.tasks(&lab, unquoted, &[]);
        run.failed();
        run.assert_contains("in quotes");
    });
}

#[test]
fn every_playbook_of_the_project_is_run_by_these_tests() {
    let tests = [
        include_str!("playbooks.rs"),
        include_str!("inventory.rs"),
        include_str!("old_role.rs"),
    ]
    .concat();
    for entry in std::fs::read_dir(project_folder().join("playbooks")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(
            !name.ends_with(".yml") || tests.contains(&format!("{name}\"")),
            "{name} is not run"
        );
    }
}

#[test]
fn options_of_any_type_arrive_as_ansible_sends_them() {
    with_each_ansible(|ansible| {
        let lab = start_lab();
        let run = ansible.tasks(
            &lab,
            "- mrp_machine: {name: qdc01, netboot: 'yes', timeout: '{{ 29 + 1 }}', retries: '3'}\n\
             - mrp_machine: name=qdc01 netboot=no\n\
             - mrp_network_facts: {machines: 'qdc01,qdc02', interface: eth0}\n\
             - ansible.builtin.assert:\n    \
                 that: ansible_facts.mrp_network.qdc01.ipv4 == '10.40.5.12'\n",
            &[],
        );
        run.succeeded();
        assert_eq!(run.changed(), 2, "{}", run.output);
    });
}

#[test]
fn nan_in_the_arguments_is_reported_in_one_sentence() {
    with_each_ansible(|ansible| {
        let lab = start_lab();
        let run = ansible.tasks(&lab, "- mrp_machine: {name: qdc01, kernel_id: .nan}\n", &[]);
        run.failed();
        run.assert_contains("argument 'kernel_id' is of type");
    });
}

#[test]
fn wrong_options_are_reported_as_ansible_does() {
    with_each_ansible(|ansible| {
        let lab = start_lab();
        let run = ansible.tasks(
            &lab,
            "- mrp_image: {desription: x, type: Kernel, arch: arm64}\n",
            &[],
        );
        run.failed();
        run.assert_contains("missing required arguments: description");
        let run = ansible.tasks(&lab, "- mrp_preseed: {name: ci-seed, contents: x}\n", &[]);
        run.failed();
        run.assert_contains("Unsupported parameters for (mrp_preseed) module: contents. Supported parameters include:");
        run.assert_contains("'content'");
    });
}

#[test]
fn a_failing_task_shows_no_token_even_where_the_token_is_wrong() {
    with_each_ansible(|ansible| {
        let lab = start_lab();
        let task = "- mrp_image: {description: x, type: Kernel, arch: arm64, mrp_token: \"{{ 'canary-' ~ '5f1d2c' }}\"}\n";
        let run = ansible.tasks(&lab, task, &[]);
        run.failed();
        run.assert_contains("the server does not accept this token");
        assert!(!run.output.contains("canary-5f1d2c"), "{}", run.output);
    });
}

#[test]
fn failing_provisioning_shows_no_bmc_password() {
    with_each_ansible(|ansible| {
        let lab = start_lab();
        let task = "- mrp_machine: {id: 7, state: provisioned}\n";
        let run = ansible.tasks(&lab, task, &[]);
        run.failed();
        run.assert_contains("BMC");
        assert!(!run.output.contains("ipmipass"), "{}", run.output);
    });
}

#[test]
fn a_run_without_server_or_token_says_which_options_are_missing() {
    with_each_ansible(|ansible| {
        let lab = start_lab();
        let path = write(
            &lab,
            "bare.yml",
            "- hosts: localhost\n  gather_facts: false\n  tasks: [mrp_network_facts: {}]\n",
        );
        let run = ansible.playbook_without_server(&path);
        run.failed();
        run.assert_contains("missing required arguments: mrp_token, mrp_url");
    });
}

#[test]
fn a_server_that_stalls_ends_the_task_after_the_timeout() {
    with_each_ansible(|ansible| {
        let lab = start_lab();
        lab.fault(json!({ "path": "/api/v1/machine", "stall": true }));
        let task = "- mrp_network_facts: {all: true, timeout: 1, retries: 0}\n";
        let run = ansible.tasks(&lab, task, &[]);
        run.failed();
        run.assert_contains("the connection stalled");
    });
}

#[test]
fn the_documentation_reads_without_a_warning() {
    with_each_ansible(|ansible| {
        for module in mr_provisioner::MODULES {
            let run = ansible.doc(module.spec.name);
            run.succeeded();
            for part in [
                "mrp_url",
                "validate_certs",
                "EXAMPLES",
                "RETURN VALUES",
                "check_mode",
            ] {
                run.assert_contains(part);
            }
            assert!(!run.output.contains("WARNING"), "{}", run.output);
        }
    });
}

#[test]
fn ansible_doc_lists_every_module_of_the_folder_and_warns_of_nothing() {
    with_each_ansible(|ansible| {
        let run = ansible.run(
            ansible
                .command("ansible-doc")
                .args(["-M", "library", "-t", "module", "-l"]),
        );
        run.succeeded();
        assert_eq!(run.stderr, "");
        let lines = run.output.lines().filter_map(|line| line.split_once(' '));
        // Those of Ansible itself are under another name.
        let listed: Vec<(&str, &str)> = lines
            .filter_map(|(name, text)| Some((name.strip_prefix("ansible.legacy.")?, text.trim())))
            .collect();
        let mut modules: Vec<&str> = mr_provisioner::MODULES
            .iter()
            .map(|module| module.spec.name)
            .collect();
        modules.sort_unstable();
        let names: Vec<&str> = listed.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, modules);
        for (name, text) in listed {
            assert!(!text.contains("UNDOCUMENTED"), "{name}: {text}");
        }
    });
}
