//! What a target needs: a program of its machine type, and Python only for what Ansible itself does there.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use mrp_test_support::ansible::with_each_ansible;
use mrp_test_support::project_folder;

use crate::{start_lab, write};

const PLAY: &str = "- hosts: localhost\n  connection: local\n  gather_facts: false\n  tasks:\n";
const FACTS: &str = "  - mrp_network_facts: {machine: qdc01}\n";

#[test]
fn task_needs_python_only_in_the_background() {
    with_each_ansible(|ansible| {
        let lab = start_lab();
        let no_python = ["-e", "ansible_python_interpreter=/nonexistent/python"];
        let ordinary = write(&lab, "ordinary.yml", &format!("{PLAY}{FACTS}"));
        ansible.playbook(&lab, &ordinary, &no_python).succeeded();
        let background = format!("{PLAY}{FACTS}    async: 60\n    poll: 1\n");
        let background = write(&lab, "background.yml", &background);
        let run = ansible.playbook(&lab, &background, &no_python);
        run.failed();
        run.assert_contains("/nonexistent/python");
        ansible.playbook(&lab, &background, &[]).succeeded();
    });
}

#[test]
fn program_for_another_machine_type_is_told_by_the_system() {
    with_each_ansible(|ansible| {
        let lab = start_lab();
        let mut program = fs::read(project_folder().join("library/mrp-ansible")).unwrap();
        // The machine type in an ELF header; there is none with this number.
        program[18..20].copy_from_slice(&[0xee, 0xee]);
        let path = lab.write("library/mrp_network_facts", program);
        fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        let playbook = write(&lab, "facts.yml", &format!("{PLAY}{FACTS}"));
        let library = path.parent().unwrap().display().to_string();
        let run = ansible.playbook_with(&lab, &playbook, &[], &[("ANSIBLE_LIBRARY", &library)]);
        run.failed();
        run.assert_contains("Exec format error");
    });
}

#[test]
fn library_with_texts_alone_has_no_module() {
    with_each_ansible(|ansible| {
        let lab = start_lab();
        let text = fs::read(project_folder().join("library/mrp_network_facts.yml")).unwrap();
        let path = lab.write("library/mrp_network_facts.yml", text);
        let playbook = write(&lab, "facts.yml", &format!("{PLAY}{FACTS}"));
        let run = |library: &str| {
            ansible.playbook_with(&lab, &playbook, &[], &[("ANSIBLE_LIBRARY", library)])
        };
        let without = run(&path.parent().unwrap().display().to_string());
        without.failed();
        without.assert_contains("couldn't resolve module/action 'mrp_network_facts'");
        run("library").succeeded();
    });
}
