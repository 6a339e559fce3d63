//! The same tasks run in place and copied by Ansible: what is printed and registered is the same.

use mrp_test_support::ansible::{AnsibleRun, Controller};
use mrp_test_support::collection::Collection;
use mrp_test_support::{TOKEN, TestLab, assert_no_token};

use crate::{start_lab, with_each_ansible_and_the_collection};

/// One task for each thing that Ansible makes of a module's result.
const TASKS: &str = "
- hosts: localhost
  gather_facts: false
  ignore_errors: true
  tasks:
    - mr_provisioner.lab.mrp_image: {description: installer, type: Kernel, arch: arm64, path: linux}
    - mr_provisioner.lab.mrp_image:
        images: [{description: one, path: linux}, {description: two, path: ./files/initrd.gz}, {description: three, path: none}]
        type: Initrd
        arch: arm64
    - mr_provisioner.lab.mrp_preseed: {name: ci-seed, content: \"one\\ntwo\\n\"}
    - mr_provisioner.lab.mrp_machine: {name: qdc01, subarch: efi, kernel: installer}
    - mr_provisioner.lab.mrp_machine: {name: '{{ item }}', kernel_opts: 'text=\u{e9}\u{2028}'}
      loop: [qdc01, qdc02, nobody]
    - mr_provisioner.lab.mrp_power: {name: qdc02, state: off}
      register: power
    - mr_provisioner.lab.mrp_network_facts: {machines: [qdc01, moonshot-c1]}
    - ansible.builtin.debug: {msg: '{{ ansible_facts.mrp_network | default(0) }} {{ power }}'}
    - mr_provisioner.lab.mrp_reservation: {query: '(= arch \"arm64\")', reason: ci}
    - mr_provisioner.lab.mr_provisioner_get_ip: {machine_name: qdc01, interface_name: eth0}
    - mr_provisioner.lab.mrp_console: {name: qdc01}
      no_log: true
    - mr_provisioner.lab.mrp_power: {name: qdc01, state: middle, mrp_tokn: 1}
    - mr_provisioner.lab.mrp_machine_info: {retries: 0}
      environment: {MRP_URL: 'http://127.0.0.1:1/', MRP_TOKEN: another}
    - mr_provisioner.lab.mrp_image_info: {}
      check_mode: true
      diff: true
";

/// What Ansible prints of a run, without what two labs differ in.
fn printed(
    ansible: &Controller,
    collection: &Collection,
    lab: &TestLab,
    arguments: &[&str],
) -> String {
    lab.write("tasks.yml", TASKS);
    let mut command = collection.command(ansible, lab, "ansible-playbook");
    command.args(["-v", "tasks.yml"]).args(arguments);
    command.env("MRP_URL", lab.url()).env("MRP_TOKEN", TOKEN);
    let run: AnsibleRun = ansible.run(&mut command);
    run.succeeded();
    assert_no_token(&run.output);
    let folder = lab.path("").display().to_string();
    let address = lab.url().trim_end_matches('/');
    let text = run
        .output
        .replace(address, "LAB")
        .replace(folder.trim_end_matches('/'), "FOLDER");
    without_chance(&text)
}

/// The text without what a server chooses anew: dates, and the ends of the names of images.
fn without_chance(text: &str) -> String {
    let dates = text
        .split(" GMT")
        .map(|part| match part.len().checked_sub(25) {
            Some(start) if part.is_char_boundary(start) && part[start..].contains(", ") => {
                &part[..start]
            }
            _ => part,
        });
    let text = dates.collect::<Vec<_>>().join("DATE");
    let mut names = text.split(".s256-");
    let first = names.next().unwrap_or_default().to_owned();
    let marks = names.map(|part| format!(".s256-{}{}", &part[..32], &part[41..]));
    first + &marks.collect::<String>()
}

#[test]
fn tasks_that_run_in_place_and_copied_ones_print_and_return_the_same() {
    with_each_ansible_and_the_collection(|ansible, collection| {
        let (here, there) = (start_lab(), start_lab());
        for mode in [&["--check", "--diff"][..], &["--diff"], &[]] {
            let in_place = printed(ansible, collection, &here, mode);
            // Becoming the same user takes Ansible's own way, and no program.
            let copied = ["--become", "--become-method", "ansible.builtin.su"];
            let copied = printed(ansible, collection, &there, &[mode, &copied].concat());
            let pairs = in_place.lines().zip(copied.lines());
            let differences: Vec<_> = pairs.filter(|(one, other)| one != other).collect();
            assert!(differences.is_empty(), "{mode:?}: {differences:#?}");
            assert_eq!(in_place.lines().count(), copied.lines().count());
        }
        assert_eq!(here.written(), there.written());
    });
}
