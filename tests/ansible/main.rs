//! The real `ansible-playbook`, with the modules found through library/ by the repository's ansible.cfg.
//!
//! `make test` names the installations of Ansible to use in `MRP_TEST_ANSIBLE`, as directories with colons
//! between them. Every byte that a run prints is searched for the token.

#![allow(
    clippy::unwrap_used,
    reason = "a test stops where its setting cannot be made"
)]

mod controller;
mod documented;
mod inventory;
mod old_role;

use controller::{Controller, Run};
use mrp_lab::Lab;
use serde_json::json;

/// A lab with quick machines, and the files of an installer.
struct Site {
    lab: Lab,
    files: tempfile::TempDir,
}

impl Site {
    fn new() -> Site {
        let site = Site {
            lab: Lab::start(),
            files: tempfile::tempdir().unwrap(),
        };
        site.write("linux", "a kernel");
        site.write("initrd.gz", "an initrd");
        site
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.files.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    fn installer(&self) -> [String; 2] {
        ["kernel_file=linux", "initrd_file=initrd.gz"].map(|variable| {
            let (name, file) = variable.split_once('=').unwrap();
            format!("{name}={}", self.files.path().join(file).display())
        })
    }

    /// A playbook of the project, with every machine's token at the highest verbosity.
    fn playbook(&self, ansible: &Controller, name: &str, arguments: &[&str]) -> Run {
        let [kernel, initrd] = self.installer();
        let mut all = vec!["-e", &kernel, "-e", &initrd];
        all.extend(arguments);
        ansible.playbook(&self.lab, &format!("playbooks/{name}"), &all)
    }

    /// A playbook of the test's own.
    fn tasks(&self, ansible: &Controller, tasks: &str, arguments: &[&str]) -> Run {
        let head = "- hosts: localhost\n  connection: local\n  gather_facts: false\n  tasks:\n";
        let indented: String = tasks.lines().map(|line| format!("    {line}\n")).collect();
        let path = self.write("test.yml", &format!("{head}{indented}"));
        ansible.playbook(&self.lab, &path, arguments)
    }
}

/// Runs a test with each installation of Ansible.
fn on_each_line(test: impl Fn(&Controller)) {
    for ansible in controller::all() {
        test(&ansible);
    }
}

#[test]
fn provision_installs_a_machine_and_the_second_run_changes_nothing() {
    on_each_line(|ansible| {
        let site = Site::new();
        let check = site.playbook(ansible, "provision.yml", &["--check", "--diff"]);
        check.succeeded();
        assert!(
            site.lab.writes().is_empty(),
            "check mode wrote: {:?}",
            site.lab.writes()
        );
        let first = site.playbook(ansible, "provision.yml", &["--diff"]);
        first.succeeded();
        assert_eq!(
            (check.changed(), first.changed()),
            (4, 4),
            "{}",
            first.output
        );
        first.says("qdc01 at 10.");
        let writes = site.lab.writes().len();
        let second = site.playbook(ansible, "provision.yml", &["--diff"]);
        second.succeeded();
        assert_eq!(second.changed(), 0, "{}", second.output);
        assert_eq!(site.lab.writes().len(), writes);
        assert_eq!(site.lab.boots().len(), 1);
    });
}

#[test]
fn a_new_kernel_is_uploaded_and_installed_by_the_next_run() {
    on_each_line(|ansible| {
        let site = Site::new();
        site.playbook(ansible, "provision.yml", &[]).succeeded();
        site.write("linux", "a newer kernel");
        let run = site.playbook(ansible, "provision.yml", &[]);
        run.succeeded();
        assert_eq!(run.changed(), 2, "{}", run.output);
        assert_eq!(site.lab.boots().len(), 2);
    });
}

#[test]
fn network_facts_show_addresses() {
    on_each_line(|ansible| {
        let site = Site::new();
        for arguments in [&["--check"][..], &["--diff"], &[]] {
            let run = site.playbook(ansible, "network_facts.yml", arguments);
            run.succeeded();
            assert_eq!(run.changed(), 0);
            run.says("10.40.5.12");
        }
    });
}

#[test]
fn report_ready_reports_once() {
    on_each_line(|ansible| {
        let site = Site::new();
        let check = site.playbook(ansible, "report_ready.yml", &["--check"]);
        check.succeeded();
        assert!(site.lab.writes().is_empty());
        let first = site.playbook(ansible, "report_ready.yml", &["--diff"]);
        first.succeeded();
        let second = site.playbook(ansible, "report_ready.yml", &[]);
        second.succeeded();
        assert_eq!(
            (check.changed(), first.changed(), second.changed()),
            (1, 1, 0)
        );
    });
}

#[test]
fn power_switches_machines_once() {
    on_each_line(|ansible| {
        let site = Site::new();
        let off = ["-e", r#"{"machines": ["qdc01", "qdc02"], "power": "off"}"#];
        for (arguments, changed) in [(&["--check"][..], 1), (&["--diff"], 1), (&[], 0)] {
            let run = site.playbook(ansible, "power.yml", &[&off, arguments].concat());
            run.succeeded();
            assert_eq!(run.changed(), changed, "{}", run.output);
        }
        let reboot = ["-e", r#"{"power": "rebooted", "boot": "disk"}"#];
        let run = site.playbook(ansible, "power.yml", &reboot);
        run.succeeded();
        assert_eq!(run.changed(), 1);
        run.says("qdc01 is on");
    });
}

#[test]
fn on_and_off_mean_what_they_say_however_yaml_reads_them() {
    on_each_line(|ansible| {
        let site = Site::new();
        let run = site.tasks(
            ansible,
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
fn a_failing_order_shows_no_password() {
    on_each_line(|ansible| {
        let site = Site::new();
        let body = json!({ "state": "off" });
        site.lab
            .fault(json!({ "path": "/api/v1/machine/7/power", "status": 200, "body": body }));
        let run = site.tasks(ansible, "- mrp_power: {id: 7, state: on}\n", &[]);
        run.failed();
        run.says("BMC did not do as asked");
        assert!(!run.output.contains("ipmipass"), "{}", run.output);
    });
}

#[test]
fn machines_are_assigned_and_released() {
    on_each_line(|ansible| {
        let site = Site::new();
        let tasks = "- mrp_assignee: {name: d05-free, user: alice, reason: ci, mrp_token: \"{{ 'admin' ~ '-token' }}\"}\n\
             - mrp_power: {name: d05-free, state: on}\n\
             - mrp_power: {name: d05-free, state: off}\n\
             - mrp_assignee: {name: d05-free, state: absent}\n";
        let run = site.tasks(ansible, tasks, &["--diff"]);
        run.succeeded();
        assert_eq!(run.changed(), 4, "{}", run.output);
        assert!(!run.output.contains("admin-token"), "{}", run.output);
        let run = site.tasks(ansible, tasks.lines().last().unwrap(), &[]);
        run.succeeded();
        assert_eq!(run.changed(), 0);
    });
}

#[test]
fn a_console_is_registered_and_not_shown() {
    on_each_line(|ansible| {
        let site = Site::new();
        let file = site.write("console", "");
        let tasks = format!(
            "- {{mrp_console: {{name: qdc01}}, no_log: true, register: serial}}\n\
             - {{ansible.builtin.copy: {{content: '{{{{ serial.console.url or \"none\" }}}}', dest: '{file}'}}, no_log: true}}\n\
             - {{mrp_console: {{name: no-bmc}}, no_log: true, ignore_errors: true}}\n"
        );
        site.tasks(ansible, &tasks, &["--check"]).succeeded();
        assert!(site.lab.writes().is_empty());
        let run = site.tasks(ansible, &tasks, &[]);
        run.succeeded();
        let url = std::fs::read_to_string(file).unwrap();
        let (address, token) = url.split_once("/ws?token=").unwrap();
        assert!(address.starts_with("ws://127.0.0.1:"), "{url}");
        assert!(!run.output.contains(token), "{}", run.output);
    });
}

#[test]
fn machines_are_held_while_they_are_used() {
    on_each_line(|ansible| {
        let site = Site::new();
        let run = site.playbook(ansible, "reserve.yml", &[]);
        run.failed();
        run.says("did not store it");
        site.lab.settings(json!({ "reservations": "stored" }));
        let two = r#"{"wanted": "(=~ name \"-\")", "machine_count": 2}"#;
        for (arguments, changed) in [(&["--check"][..], 1), (&["--diff"], 2), (&[], 2)] {
            let run = site.playbook(ansible, "reserve.yml", &[&["-e", two], arguments].concat());
            run.succeeded();
            assert_eq!(run.changed(), changed, "{}", run.output);
            run.says("x86-1 (x86_64)");
        }
        let many = ["-e", r#"{"machine_count": 3, "wait_timeout": 0.1}"#];
        let run = site.playbook(ansible, "reserve.yml", &many);
        run.failed();
        run.says("'bobs-box' is held by bob (mine)");
    });
}

#[test]
fn interfaces_get_addresses_once() {
    on_each_line(|ansible| {
        let site = Site::new();
        let tasks = "- mrp_interface: {machine: qdc01, interface: \"52:54:00:00:02:01\", config_type_v4: static, ipv4: auto}\n\
             - mrp_interface:\n    \
                 {config_type_v4: dynamic-reserved, ipv4: auto, interfaces: [{name: qdc02, interface: eth0}]}\n\
             - mrp_interface: name=moonshot-c1 interface=eth2 config_type_v4=dynamic\n";
        for (arguments, changed) in [(&["--check"][..], 3), (&["--diff"], 3), (&[], 0)] {
            let run = site.tasks(ansible, tasks, arguments);
            run.succeeded();
            assert_eq!(run.changed(), changed, "{}", run.output);
        }
        let unquoted = "- mrp_interface: {machine: qdc01, interface: 52:54:00:00:02:01}\n";
        let run = site.tasks(ansible, unquoted, &[]);
        run.failed();
        run.says("in quotes");
    });
}

#[test]
fn every_playbook_of_the_project_is_run_by_these_tests() {
    let tests = [
        include_str!("main.rs"),
        include_str!("inventory.rs"),
        include_str!("old_role.rs"),
    ]
    .concat();
    for entry in std::fs::read_dir(controller::root().join("playbooks")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(
            !name.ends_with(".yml") || tests.contains(&format!("{name}\"")),
            "{name} is not run"
        );
    }
}

#[test]
fn options_of_any_type_arrive_as_ansible_sends_them() {
    on_each_line(|ansible| {
        let site = Site::new();
        let run = site.tasks(
            ansible,
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
fn not_a_number_in_the_arguments_is_one_sentence() {
    on_each_line(|ansible| {
        let site = Site::new();
        let run = site.tasks(
            ansible,
            "- mrp_machine: {name: qdc01, kernel_id: .nan}\n",
            &[],
        );
        run.failed();
        run.says("argument 'kernel_id' is of type");
    });
}

#[test]
fn wrong_options_are_told_as_ansible_tells_them() {
    on_each_line(|ansible| {
        let site = Site::new();
        let run = site.tasks(
            ansible,
            "- mrp_image: {desription: x, type: Kernel, arch: arm64}\n",
            &[],
        );
        run.failed();
        run.says("missing required arguments: description");
        let run = site.tasks(
            ansible,
            "- mrp_preseed: {name: ci-seed, contents: x}\n",
            &[],
        );
        run.failed();
        run.says("Unsupported parameters for (mrp_preseed) module: contents. Supported parameters include:");
        run.says("'content'");
    });
}

#[test]
fn a_failing_task_shows_no_token_even_where_the_token_is_wrong() {
    on_each_line(|ansible| {
        let site = Site::new();
        let task = "- mrp_image: {description: x, type: Kernel, arch: arm64, mrp_token: \"{{ 'canary-' ~ '5f1d2c' }}\"}\n";
        let run = site.tasks(ansible, task, &[]);
        run.failed();
        run.says("the server does not accept this token");
        assert!(!run.output.contains("canary-5f1d2c"), "{}", run.output);
    });
}

#[test]
fn a_failing_bmc_shows_no_password() {
    on_each_line(|ansible| {
        let site = Site::new();
        let task = "- mrp_machine: {id: 7, state: provisioned}\n";
        let run = site.tasks(ansible, task, &[]);
        run.failed();
        run.says("BMC");
        assert!(!run.output.contains("ipmipass"), "{}", run.output);
    });
}

#[test]
fn a_run_without_server_or_token_says_which_options_are_missing() {
    on_each_line(|ansible| {
        let site = Site::new();
        let path = site.write(
            "bare.yml",
            "- hosts: localhost\n  gather_facts: false\n  tasks: [mrp_network_facts: {}]\n",
        );
        let run = ansible.playbook_without_server(&path);
        run.failed();
        run.says("missing required arguments: mrp_token, mrp_url");
    });
}

#[test]
fn a_server_that_stalls_ends_the_task_after_the_timeout() {
    on_each_line(|ansible| {
        let site = Site::new();
        site.lab
            .fault(json!({ "path": "/api/v1/machine", "stall": true }));
        let task = "- mrp_network_facts: {all: true, timeout: 1, retries: 0}\n";
        let run = site.tasks(ansible, task, &[]);
        run.failed();
        run.says("the connection stalled");
    });
}

#[test]
fn the_documentation_reads_without_a_warning() {
    on_each_line(|ansible| {
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
                run.says(part);
            }
            assert!(!run.output.contains("WARNING"), "{}", run.output);
        }
    });
}
