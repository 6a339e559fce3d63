//! The commands of README.md for a real server, as they are written there.

use std::os::unix::fs::symlink;
use std::process::Command;

use mrp_test_support::ansible::with_each_ansible;
use mrp_test_support::project_folder;

use crate::playbooks::start_answering_lab;

/// The line that begins with this command.
fn command_line(program: &str) -> &'static str {
    let page = include_str!("../../README.md");
    let lines = page.lines().map(str::trim);
    let mut found = lines.filter(|line| line.starts_with(program));
    let line = found.next().unwrap();
    assert_eq!(found.next(), None, "two lines begin with {program}");
    line
}

#[test]
fn command_for_a_real_server_uploads_files_of_the_directory_that_it_is_typed_in() {
    with_each_ansible(|ansible| {
        let (lab, ready_when) = start_answering_lab();
        for name in ["playbooks", "library", "ansible.cfg"] {
            symlink(project_folder().join(name), lab.path(name)).unwrap();
        }
        let typed = format!(
            "{} -e '{ready_when}'",
            command_line("ansible-playbook playbooks/provision.yml")
        );
        let playbook = ansible.command("ansible-playbook");
        let mut shell = Command::new("bash");
        for (name, value) in playbook.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        let programs = std::path::Path::new(playbook.get_program()).parent();
        let path = format!(
            "{}:{}",
            programs.unwrap().display(),
            std::env::var("PATH").unwrap()
        );
        shell
            .env("PATH", path)
            .args(["-c", &typed])
            .current_dir(lab.path(""));
        let run = ansible.run_against(&lab, &mut shell, &[]);
        run.succeeded();
        assert_eq!(run.changed(), 4, "{}", run.output);
        assert_eq!(lab.last_boot().result, "silent");
    });
}
