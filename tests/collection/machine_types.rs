//! Which program runs on which machine, and what a user is told where none can.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use mrp_test_support::ansible::{AnsibleRun, Controller};
use mrp_test_support::collection::{Collection, tarball};
use mrp_test_support::{TOKEN, TestLab, project_folder};

use crate::{start_lab, with_each_ansible_and_the_collection};

const FACTS: &str = "- hosts: localhost
  gather_facts: false
  tasks: [mr_provisioner.lab.mrp_network_facts: {machines: [qdc01]}]
";

/// A copy of a program that says that it is for i686, and runs on no machine.
fn write_foreign_program(lab: &TestLab, collection: &Collection, name: &str) -> PathBuf {
    let mut bytes = fs::read(program(collection)).unwrap();
    bytes[18] = 3;
    lab.write(name, bytes)
}

fn program(collection: &Collection) -> PathBuf {
    collection.path(&format!("programs/mrp-ansible-{}", std::env::consts::ARCH))
}

/// Runs the build of the collection with these arguments.
fn build(ansible: &Controller, lab: &TestLab, arguments: &[&Path]) -> Output {
    let mut python = ansible.command("python");
    let galaxy = Path::new(python.get_program()).with_file_name("ansible-galaxy");
    python
        .arg("collection/build.py")
        .arg("--galaxy")
        .arg(galaxy)
        .arg("--output")
        .arg(lab.path("built"))
        .args(arguments);
    python.output().unwrap()
}

fn built(ansible: &Controller, lab: &TestLab, arguments: &[&Path]) -> Collection {
    let output = build(ansible, lab, arguments);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let tarball = lab.path("built").join(tarball().file_name().unwrap());
    Collection::install(ansible, &tarball, &lab.path("installed"))
}

/// Runs the playbook below another program, such as `setarch`, with which the kernel tells another machine type.
fn run_below(
    wrapper: &[&str],
    ansible: &Controller,
    collection: &Collection,
    lab: &TestLab,
    arguments: &[&str],
) -> AnsibleRun {
    lab.write("facts.yml", FACTS);
    let playbook = collection.command(ansible, lab, "ansible-playbook");
    let mut command = Command::new(wrapper[0]);
    command
        .args(&wrapper[1..])
        .arg(playbook.get_program())
        .args(["-vvv", "facts.yml"])
        .args(arguments)
        .current_dir(lab.path(""))
        .env("MRP_URL", lab.url())
        .env("MRP_TOKEN", TOKEN);
    for (name, value) in playbook.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    ansible.run(&mut command)
}

/// Becoming the same user makes Ansible copy the program.
const COPIED: [&str; 3] = ["--become", "--become-method", "ansible.builtin.su"];

#[test]
#[cfg(target_arch = "x86_64")]
fn program_is_the_one_for_the_machine_type() {
    with_each_ansible_and_the_collection(|ansible, collection| {
        let lab = start_lab();
        write_foreign_program(&lab, collection, "binaries/any-name");
        let both = [
            Path::new("--binaries"),
            &lab.path("binaries"),
            &program(collection),
        ];
        let both = built(ansible, &lab, &both);
        let run = run_below(&["setarch", "x86_64"], ansible, &both, &lab, &[]);
        run.succeeded();
        run.assert_contains("programs/mrp-ansible-x86_64");
        let run = run_below(&["setarch", "i686"], ansible, &both, &lab, &[]);
        run.assert_contains("programs/mrp-ansible-i686");
        run.failed();
    });
}

#[test]
#[cfg(target_arch = "x86_64")]
fn machine_type_without_a_program_is_named_with_the_target_to_run() {
    with_each_ansible_and_the_collection(|ansible, collection| {
        let lab = start_lab();
        let run = run_below(&["setarch", "i686"], ansible, collection, &lab, &[]);
        run.failed();
        run.assert_contains("This target is of the machine type i686");
        run.assert_contains("has programs for x86_64 only");
        run.assert_contains("make collection BINARIES=DIRECTORY");
        assert!(!run.output.contains("Traceback"), "{}", run.output);
    });
}

#[test]
#[cfg(target_arch = "x86_64")]
fn program_for_another_machine_type_is_told_by_the_kernels_refusal() {
    with_each_ansible_and_the_collection(|ansible, collection| {
        let lab = start_lab();
        let foreign = write_foreign_program(&lab, collection, "foreign");
        let own = built(ansible, &lab, &[&program(collection)]);
        std::fs::copy(foreign, program(&own)).unwrap();
        lab.set_mode(&program(&own), 0o755);
        for arguments in [&[][..], &COPIED] {
            let run = run_below(&["env"], ansible, &own, &lab, arguments);
            run.failed();
            run.assert_contains("cannot be executed on this target");
            assert!(!run.output.contains("Traceback"), "{}", run.output);
        }
    });
}

#[test]
fn noexec_directory_is_named_with_the_variable_to_set() {
    with_each_ansible_and_the_collection(|ansible, collection| {
        let lab = start_lab();
        let folder = lab.path("noexec").display().to_string();
        std::fs::create_dir(&folder).unwrap();
        // A mount of its own needs a user who may mount.
        let mounts = format!("mount -t tmpfs -o noexec none {folder} && exec \"$@\"");
        let wrapper = ["unshare", "--mount", "sh", "-c", &mounts, "sh"];
        let mut probe = Command::new(wrapper[0]);
        probe.args(&wrapper[1..]).arg("true");
        if !probe.output().is_ok_and(|output| output.status.success()) {
            eprintln!("left out: this user may not mount");
            return;
        }
        let variable = format!("ansible_remote_tmp={folder}");
        let arguments = [&COPIED[..], &["-e", &variable]].concat();
        let run = run_below(&wrapper, ansible, collection, &lab, &arguments);
        run.failed();
        run.assert_contains("which is on a file system mounted noexec: name another directory in the variable ansible_remote_tmp");
        run.assert_contains(&folder);
    });
}

#[test]
fn program_without_the_execute_bit_is_copied_with_a_warning() {
    with_each_ansible_and_the_collection(|ansible, collection| {
        let lab = start_lab();
        let own = built(ansible, &lab, &[&program(collection)]);
        lab.set_mode(&program(&own), 0o644);
        let run = own.playbook(
            ansible,
            &lab,
            &lab.write("facts.yml", FACTS).display().to_string(),
            &[],
        );
        run.succeeded();
        let words: Vec<&str> = run.output.split_whitespace().collect();
        assert!(
            words
                .join(" ")
                .contains("make it executable with `chmod +x`"),
            "{}",
            run.output
        );
        assert!(!run.output.contains("in place"), "{}", run.output);
    });
}

#[test]
fn build_refuses_what_is_no_program_or_two_for_one_machine_type() {
    with_each_ansible_and_the_collection(|ansible, collection| {
        let lab = start_lab();
        let text = lab.write("text/README", "no program");
        let one = write_foreign_program(&lab, collection, "two/one");
        write_foreign_program(&lab, collection, "two/other");
        let binaries = Path::new("--binaries");
        for (arguments, sentence) in [
            (vec![], "there is no program to put in"),
            (vec![binaries, &lab.path("nowhere")], "is no directory"),
            (vec![text.as_path()], "is no program for Linux"),
            (
                vec![binaries, text.parent().unwrap()],
                "is no program for Linux",
            ),
            (vec![binaries, one.parent().unwrap()], "are both for i686"),
        ] {
            let output = build(ansible, &lab, &arguments);
            let said = String::from_utf8(output.stderr).unwrap();
            assert!(!output.status.success());
            assert!(
                said.starts_with("collection: ") && said.contains(sentence),
                "{said}"
            );
        }
        assert!(project_folder().join("collection/galaxy.yml").exists());
    });
}
