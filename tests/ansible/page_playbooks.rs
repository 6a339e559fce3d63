//! The playbooks in README.md and docs/, blocks marked `yaml`, and the examples of the modules. What is not a whole
//! playbook is marked `yaml fragment`.

use mrp_test_support::ansible::{run_in_all_modes, with_each_ansible};
use mrp_test_support::project_folder;
use serde_json::{Value, json};

use crate::playbooks::start_answering_lab;
use crate::{start_lab, write};

/// A playbook in a page of the documentation.
struct PagePlaybook {
    page: String,
    text: String,
}

impl PagePlaybook {
    /// The name of its first play.
    fn name(&self) -> &str {
        let name = self
            .text
            .lines()
            .find_map(|line| line.strip_prefix("- name: "));
        name.unwrap_or_else(|| panic!("{}: a playbook begins with the name of a play", self.page))
    }
}

fn all() -> Vec<PagePlaybook> {
    let docs = std::fs::read_dir(project_folder().join("docs")).unwrap();
    let docs = docs.map(|entry| entry.unwrap().path());
    let pages = docs
        .chain([project_folder().join("README.md")])
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    let mut found = Vec::new();
    for page in pages {
        let text = std::fs::read_to_string(&page).unwrap();
        let blocks = text.split("```").skip(1).step_by(2);
        found.extend(
            blocks
                .filter_map(|block| block.strip_prefix("yaml\n"))
                .map(|block| PagePlaybook {
                    page: page.display().to_string(),
                    text: block.to_owned(),
                }),
        );
    }
    found
}

fn playbook_named(name: &str) -> String {
    let found = all().into_iter().find(|playbook| playbook.name() == name);
    found
        .unwrap_or_else(|| panic!("no page has a playbook {name:?}"))
        .text
}

#[test]
fn every_playbook_of_the_pages_is_run_by_these_tests() {
    let tests = include_str!("page_playbooks.rs");
    for playbook in all() {
        let run = format!("playbook_named({:?})", playbook.name());
        assert!(
            tests.contains(&run),
            "{}: {:?} is not run",
            playbook.page,
            playbook.name()
        );
    }
}

#[test]
fn every_playbook_of_the_pages_passes_the_syntax_check() {
    with_each_ansible(|ansible| {
        let lab = start_lab();
        for playbook in all() {
            let run = ansible.syntax_check(&write(&lab, "page.yml", &playbook.text));
            run.succeeded();
        }
    });
}

#[test]
fn the_playbook_of_the_readme_does_what_it_says_and_changes_nothing_the_second_time() {
    with_each_ansible(|ansible| {
        let lab = start_lab();
        let path = write(&lab, "readme.yml", &playbook_named("Install a machine"));
        let files = lab.path("").join("files");
        std::fs::create_dir(&files).unwrap();
        for file in ["linux", "initrd.gz", "debian-12.preseed"] {
            std::fs::write(files.join(file), format!("the bytes of {file}\n")).unwrap();
        }
        run_in_all_modes(&lab, [4, 4, 0], |arguments| {
            ansible.playbook(&lab, &path, arguments)
        });
        assert_eq!(lab.boots().len(), 1);
    });
}

#[test]
fn controller_reports_ready_for_a_machine_that_does_not() {
    with_each_ansible(|ansible| {
        let lab = start_lab();
        lab.settings(json!({ "install_result": "never" }));
        let kernel = "- mrp_image: {description: installer, type: Kernel, arch: arm64, path: '{{ kernel_file }}'}\n\
             - mrp_machine: {name: qdc01, subarch: efi, kernel: installer}\n";
        let file = format!("kernel_file={}", lab.path("linux").display());
        ansible.tasks(&lab, kernel, &["-e", &file]).succeeded();
        let mark = write(&lab, "installed_with", "console=ttyAMA0 build=6\n");
        let playbook = playbook_named("Start the installation")
            .replace("/etc/installed_with", &mark)
            .replace("timeout: 60\n", "timeout: 1\n");
        let path = write(&lab, "report.yml", &playbook);
        // No machine can be logged in to: the tasks run on this one, with Ansible's own Python.
        let here = [
            "-e",
            "ansible_connection=local",
            "-e",
            "ansible_python_interpreter={{ansible_playbook_python}}",
        ];
        run_in_all_modes(&lab, [2, 1, 0], |arguments| {
            // The old system answers until the machine has been installed.
            if arguments == ["--diff"] {
                let early = ansible.playbook(&lab, &path, &here);
                early.failed();
                early.assert_contains("TASK [See that it is the installed one, not the old one]");
                let state = lab.server("/api/v1/machine/2/state");
                assert_eq!(state["state"], "provisioning");
                write(&lab, "installed_with", "console=ttyAMA0 build=7\n");
            }
            ansible.playbook(&lab, &path, &[&here, arguments].concat())
        });
        assert_eq!(lab.boots().len(), 1);
    });
}

#[test]
fn rescue_system_is_booted_once_and_the_machine_is_as_before() {
    with_each_ansible(|ansible| {
        let (lab, ready_when) = start_answering_lab();
        lab.settings(json!({ "answer_installed": "SSH-2.0-rescue" }));
        let kernel = "- mrp_image: {description: rescue, type: Kernel, arch: arm64, path: '{{ kernel_file }}'}\n\
             - mrp_machine: {name: qdc01, subarch: efi, kernel_id: 3}\n";
        let file = format!("kernel_file={}", lab.path("linux").display());
        ansible.tasks(&lab, kernel, &["-e", &file]).succeeded();
        let before = lab.server("/api/v1/machine/2");
        let state = lab.server("/api/v1/machine/2/state");
        let path = write(
            &lab,
            "once.yml",
            &playbook_named("Boot a rescue system once"),
        );
        let ready_when: Value = serde_json::from_str(&ready_when).unwrap();
        let port = format!("port={}", ready_when["ready_when"]["port"]);
        let port = ["-e", &port, "--diff"];
        let check = [&port[..], &["--check"]].concat();
        let check = lab.without_writes(|| ansible.playbook(&lab, &path, &check));
        check.succeeded();
        let run = ansible.playbook(&lab, &path, &port);
        run.succeeded();
        assert_eq!((check.changed(), run.changed()), (1, 1));
        assert_eq!(
            lab.last_boot().kernel_opts.as_deref(),
            Some("console=ttyAMA0")
        );
        assert_eq!(lab.server("/api/v1/machine/2"), before);
        assert_eq!(lab.server("/api/v1/machine/2/state"), state);
    });
}

/// Parts of the messages about invalid options.
const INVALID_OPTIONS: [&str; 8] = [
    "Unsupported parameters",
    "missing required arguments",
    "mutually exclusive",
    "value of ",
    "unable to convert",
    " needs ",
    "must not",
    "reserved name",
];

#[test]
fn examples_of_the_modules_have_valid_options() {
    with_each_ansible(|ansible| {
        let lab = start_lab();
        let examples: String = mr_provisioner::MODULES
            .iter()
            .map(|module| module.spec.examples)
            .collect();
        let tasks = examples.replace("https://mrp.example/", lab.url());
        let token = "{{ lookup('env', 'MRP_TOKEN') }}";
        let variables = json!({
            "lab_token": token, "administrator_token": token, "mr_provisioner_auth_token": token, "pipeline_id": 7,
        });
        let head = format!(
            "- hosts: localhost\n  connection: local\n  gather_facts: false\n  vars: {variables}\n  \
             ignore_errors: true\n  tasks:\n"
        );
        let indented: String = tasks.lines().map(|line| format!("    {line}\n")).collect();
        let run = ansible.playbook(
            &lab,
            &write(&lab, "examples.yml", &(head + &indented)),
            &["--check"],
        );
        run.succeeded();
        for part in INVALID_OPTIONS {
            assert!(!run.output.contains(part), "{part}: {}", run.output);
        }
        let count = |text: &str, part: &str| text.matches(part).count();
        assert_eq!(
            count(&run.output, "TASK ["),
            count(&examples, "- name: ") - count(&examples, " - name: "),
        );
    });
}
