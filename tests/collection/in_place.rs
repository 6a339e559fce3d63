//! A task on the controller: what runs in place, what does not, and how it ends.

use std::fs;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use mrp_test_support::ansible::{AnsibleRun, Controller};
use mrp_test_support::collection::Collection;
use mrp_test_support::{TOKEN, TestLab};
use serde_json::json;

use crate::{start_lab, with_each_ansible_and_the_collection};

const FACTS: &str = "- mr_provisioner.lab.mrp_network_facts: {machines: [qdc01]}";

#[track_caller]
fn assert_in_place(run: &AnsibleRun, expected: bool) {
    assert_eq!(run.output.contains("in place"), expected, "{}", run.output);
    assert_eq!(run.output.contains("EXEC "), !expected, "{}", run.output);
}

#[test]
fn task_on_the_controller_runs_the_program_where_it_is_installed() {
    with_each_ansible_and_the_collection(|ansible, collection| {
        let lab = start_lab();
        let delegated = format!("{FACTS}\n  delegate_to: localhost\n");
        for tasks in [FACTS, &delegated] {
            let run = collection.tasks(ansible, &lab, tasks, &[]);
            run.succeeded();
            assert_in_place(&run, true);
        }
    });
}

#[test]
fn task_in_the_background_or_with_become_is_run_by_ansible_itself() {
    with_each_ansible_and_the_collection(|ansible, collection| {
        let lab = start_lab();
        // The user is the same, so Ansible needs no program to become it.
        let become_self = format!("{FACTS}\n  become: true\n  become_method: ansible.builtin.su\n");
        let background = format!("{FACTS}\n  async: 60\n  poll: 1\n");
        for tasks in [become_self, background] {
            let run = collection.tasks(ansible, &lab, &tasks, &[]);
            run.succeeded();
            assert_in_place(&run, false);
        }
    });
}

#[test]
fn environment_of_a_task_reaches_the_program() {
    with_each_ansible_and_the_collection(|ansible, collection| {
        let lab = start_lab();
        let tasks = format!(
            "{FACTS}\n  environment: {{MRP_URL: 'http://127.0.0.1:1/a path/', NUMBER: 5}}\n"
        );
        let run = collection.tasks(ansible, &lab, &tasks, &[]);
        run.failed();
        run.assert_contains("http://127.0.0.1:1/a path/");
    });
}

#[test]
fn every_item_of_a_loop_and_every_retry_runs_in_place() {
    with_each_ansible_and_the_collection(|ansible, collection| {
        let lab = start_lab();
        let tasks = "- mr_provisioner.lab.mrp_machine: {name: '{{ item }}', kernel_opts: quiet}\n  \
               loop: [qdc01, qdc02]\n  register: machines\n  until: machines is not changed\n  delay: 0\n\
             - ansible.builtin.assert:\n    \
               that: machines.results | map(attribute='attempts') | list == [2, 2]\n";
        let run = collection.tasks(ansible, &lab, tasks, &[]);
        run.succeeded();
        assert_in_place(&run, true);
        assert_eq!(lab.writes().len(), 2);
    });
}

#[test]
fn defaults_of_the_action_group_are_the_connection_of_every_module() {
    with_each_ansible_and_the_collection(|ansible, collection| {
        let lab = start_lab();
        let task = |module: &mr_provisioner::ansible::Module| {
            format!(
                "    - {{mr_provisioner.lab.{}: {{}}, ignore_errors: true}}\n",
                module.spec.name
            )
        };
        let tasks: String = mr_provisioner::MODULES.iter().map(task).collect();
        let defaults =
            json!({"group/mr_provisioner.lab.mrp": {"mrp_url": lab.url(), "mrp_token": "x"}});
        for (defaults, missing) in [(json!({}), true), (defaults, false)] {
            let head = format!(
                "- hosts: localhost\n  gather_facts: false\n  module_defaults: {defaults}\n  tasks:\n"
            );
            lab.write("tasks.yml", head + &tasks);
            let mut command = collection.command(ansible, &lab, "ansible-playbook");
            let run = ansible.run(command.args(["tasks.yml", "--check"]));
            run.succeeded();
            let messages = run
                .output
                .lines()
                .filter(|line| line.contains("missing required arguments"));
            let without = messages
                .filter(|line| line.contains("mrp_token, mrp_url"))
                .count();
            // One other option is missing where the connection is not, or nothing is.
            assert_eq!(without > 10, missing, "{}", run.output);
            assert!(missing || without == 0, "{}", run.output);
            assert!(!run.output.contains("Unsupported"), "{}", run.output);
        }
    });
}

#[test]
fn failure_of_the_program_has_no_traceback() {
    with_each_ansible_and_the_collection(|ansible, collection| {
        let lab = start_lab();
        let tasks = "- mr_provisioner.lab.mrp_preseed: {name: x, contents: y}\n";
        let run = collection.tasks(ansible, &lab, tasks, &[]);
        run.failed();
        run.assert_contains(
            "Unsupported parameters for (mr_provisioner.lab.mrp_preseed) module: contents.",
        );
        assert!(!run.output.contains("Traceback"), "{}", run.output);
    });
}

/// A task that waits for a machine that never gets ready.
const ENDLESS: &str = "- mr_provisioner.lab.mrp_machine: {name: qdc01, subarch: efi, kernel: debian-installer kernel, state: provisioned, wait_interval: 0.1}";

fn endless_lab() -> TestLab {
    let lab = start_lab();
    lab.settings(json!({ "install_result": "never" }));
    lab
}

/// The processes that were started for a lab: those with its address in their environment.
fn processes_of(lab: &TestLab) -> Vec<u32> {
    let mark = format!("MRP_URL={}", lab.url());
    let processes = fs::read_dir("/proc").unwrap();
    let numbers = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    numbers
        .filter(|number: &u32| {
            let environment = fs::read(format!("/proc/{number}/environ")).unwrap_or_default();
            environment
                .split(|byte| *byte == 0)
                .any(|variable| variable == mark.as_bytes())
        })
        .collect()
}

/// Those of them that are modules.
fn programs_of(lab: &TestLab) -> Vec<u32> {
    let is_program = |number: &u32| {
        let command = fs::read(format!("/proc/{number}/cmdline")).unwrap_or_default();
        command.starts_with(b"AnsiballZ_mrp_machine\0")
    };
    processes_of(lab).into_iter().filter(is_program).collect()
}

/// Waits until something is true, which it is soon.
#[track_caller]
fn wait_until(condition: impl Fn() -> bool) {
    for _ in 0..600 {
        if condition() {
            return;
        }
        thread::sleep(Duration::from_millis(50));
    }
    panic!("it did not happen");
}

#[test]
fn timeout_of_the_task_ends_the_program() {
    with_each_ansible_and_the_collection(|ansible, collection| {
        let lab = endless_lab();
        let run = collection.tasks(ansible, &lab, &format!("{ENDLESS}\n  timeout: 3\n"), &[]);
        run.failed();
        assert_in_place(&run, true);
        assert_eq!(programs_of(&lab), Vec::<u32>::new());
    });
}

/// Begins a program that can be interrupted: a test that runs in the background of a shell has SIGINT ignored, and hands that on.
const WITH_INTERRUPTS: &str = "\
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])
";

/// Starts the endless task in a process group of its own, and waits until the module polls.
fn start_endless(ansible: &Controller, collection: &Collection, lab: &TestLab) -> Child {
    let head = "- hosts: localhost\n  gather_facts: false\n  tasks:\n";
    lab.write("endless.yml", format!("{head}    {ENDLESS}\n"));
    let playbook = collection.command(ansible, lab, "ansible-playbook");
    let mut command = collection.command(ansible, lab, "python3");
    command
        .args(["-c", WITH_INTERRUPTS])
        .arg(playbook.get_program())
        .arg("endless.yml")
        .env("MRP_URL", lab.url())
        .env("MRP_TOKEN", TOKEN)
        .env("ANSIBLE_HOME", lab.path("home"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0);
    let child = command.spawn().unwrap();
    wait_until(|| programs_of(lab).len() == 1 && !lab.writes().is_empty());
    child
}

fn kill(signal: &str, process: &str) {
    let status = Command::new("kill")
        .args(["-s", signal, "--", process])
        .status();
    assert!(status.unwrap().success());
}

#[test]
fn interrupt_of_the_playbook_ends_the_program() {
    with_each_ansible_and_the_collection(|ansible, collection| {
        let lab = endless_lab();
        let mut child = start_endless(ansible, collection, &lab);
        // As a terminal does for Ctrl-C: to all processes of the group.
        kill("INT", &format!("-{}", child.id()));
        child.wait().unwrap();
        wait_until(|| programs_of(&lab).is_empty());
    });
}

#[test]
fn program_ends_with_a_worker_that_is_killed() {
    with_each_ansible_and_the_collection(|ansible, collection| {
        let lab = endless_lab();
        let mut child = start_endless(ansible, collection, &lab);
        let program = programs_of(&lab)[0];
        let status = fs::read_to_string(format!("/proc/{program}/status")).unwrap();
        let mut parent = status.lines().filter_map(|line| line.strip_prefix("PPid:"));
        kill("KILL", parent.next().unwrap().trim());
        wait_until(|| programs_of(&lab).is_empty());
        kill("KILL", &format!("-{}", child.id()));
        child.wait().unwrap();
    });
}
