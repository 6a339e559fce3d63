//! What is in the tarball, and how it installs.

use std::fs;
use std::process::Command;

use mrp_test_support::ansible::run_in_all_modes;
use mrp_test_support::collection::tarball;

use crate::{start_lab, with_each_ansible_and_the_collection};

/// The names of the modules in the YAML of `meta/runtime.yml`, below a heading.
fn names_below(runtime: &str, heading: &str) -> Vec<String> {
    let (_, below) = runtime.split_once(heading).unwrap();
    let lines = below.lines().skip(1);
    let mut names: Vec<String> = lines
        .take_while(|line| line.starts_with("    "))
        .map(|line| line.trim_matches([' ', '-', ':']).to_owned())
        .filter(|line| !line.starts_with("action_plugin"))
        .collect();
    names.sort();
    names
}

#[test]
fn every_module_is_in_the_action_group_and_run_by_the_action_plugin() {
    with_each_ansible_and_the_collection(|_, collection| {
        let runtime = fs::read_to_string(collection.path("meta/runtime.yml")).unwrap();
        let mut modules: Vec<&str> = mr_provisioner::MODULES
            .iter()
            .map(|module| module.spec.name)
            .collect();
        modules.sort_unstable();
        assert_eq!(names_below(&runtime, "  mrp:"), modules);
        assert_eq!(names_below(&runtime, "  modules:"), modules);
        let routes = runtime.matches("action_plugin: mr_provisioner.lab.mrp\n");
        assert_eq!(routes.count(), modules.len());
    });
}

#[test]
fn the_program_is_there_once_and_links_to_it_are_kept() {
    with_each_ansible_and_the_collection(|_, collection| {
        let programs = fs::read_dir(collection.path("programs")).unwrap();
        let programs: Vec<_> = programs.map(|entry| entry.unwrap().path()).collect();
        assert_eq!(programs.len(), 1, "{programs:?}");
        let machine = std::env::consts::ARCH;
        let link = collection.path(&format!("plugins/modules/mrp_{machine}"));
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(
            link.canonicalize().unwrap(),
            programs[0].canonicalize().unwrap()
        );
    });
}

#[test]
fn the_program_needs_no_library_of_the_machine() {
    with_each_ansible_and_the_collection(|_, collection| {
        let program = collection.path(&format!("programs/mrp-ansible-{}", std::env::consts::ARCH));
        let output = Command::new("ldd").arg(program).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        let is_static = ["statically linked", "not a dynamic executable"];
        assert!(is_static.iter().any(|word| said.contains(word)), "{said}");
    });
}

#[test]
fn version_is_the_one_of_the_program() {
    let name = tarball().file_name().unwrap().to_str().unwrap().to_owned();
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(name, format!("mr_provisioner-lab-{version}.tar.gz"));
}

#[test]
fn ansible_doc_lists_every_module_and_warns_of_nothing() {
    with_each_ansible_and_the_collection(|ansible, collection| {
        let lab = start_lab();
        let mut command = collection.command(ansible, &lab, "ansible-doc");
        command.args(["-t", "module", "-l", "mr_provisioner.lab"]);
        let output = command.output().unwrap();
        let warnings = String::from_utf8(output.stderr).unwrap();
        assert_eq!(warnings, "");
        let listed = String::from_utf8(output.stdout).unwrap();
        for module in mr_provisioner::MODULES {
            let name = format!("mr_provisioner.lab.{} ", module.spec.name);
            assert!(listed.contains(&name), "{name} is not in {listed}");
        }
        assert_eq!(listed.lines().count(), mr_provisioner::MODULES.len());
    });
}

/// The playbook of the collection's README.
fn playbook_of_the_readme(readme: &str) -> String {
    let blocks = readme.split("```").skip(1).step_by(2);
    let playbook = blocks.filter_map(|block| block.strip_prefix("yaml\n"));
    playbook.last().unwrap().to_owned()
}

#[test]
fn playbook_of_the_readme_changes_nothing_in_its_second_run() {
    with_each_ansible_and_the_collection(|ansible, collection| {
        let lab = start_lab();
        let readme = fs::read_to_string(collection.path("README.md")).unwrap();
        lab.write("readme.yml", playbook_of_the_readme(&readme));
        let runs = run_in_all_modes(&lab, [4, 4, 0], |arguments| {
            collection.playbook(ansible, &lab, "readme.yml", arguments)
        });
        for run in runs {
            assert!(!run.output.contains("EXEC /bin/sh"), "{}", run.output);
            run.assert_contains("in place");
        }
        assert_eq!(lab.boots().len(), 2);
    });
}
