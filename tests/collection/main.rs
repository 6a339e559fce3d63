//! The Ansible collection, installed from its tarball and run by the real Ansible.
//!
//! `make test` names the installations of Ansible in `MRP_TEST_ANSIBLE`, and the tarball in `MRP_TEST_COLLECTION`.

#![allow(
    clippy::unwrap_used,
    reason = "a test stops where its setting cannot be made"
)]
#![allow(
    clippy::print_stderr,
    reason = "a test says what it leaves out on this machine"
)]

mod both_ways;
mod files;
mod in_place;
mod install;
mod inventory;
mod machine_types;
mod roles;
mod targets;

use std::path::Path;
use std::sync::OnceLock;

use mrp_test_support::ansible::{Controller, with_each_ansible};
use mrp_test_support::collection::{Collection, tarball};
use mrp_test_support::{TestLab, project_folder};

/// Runs a test with the installed collection and each installation of Ansible.
fn with_each_ansible_and_the_collection(test: impl Fn(&Controller, &Collection)) {
    static INSTALLED: OnceLock<Collection> = OnceLock::new();
    with_each_ansible(|ansible| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("collections");
        let install = || Collection::install(ansible, &tarball(), &folder);
        test(ansible, INSTALLED.get_or_init(install));
    });
}

/// A lab with the files of an installer in `files/` beside the playbooks.
fn start_lab() -> TestLab {
    let lab = TestLab::start();
    lab.write("files/linux", "a kernel");
    lab.write("files/initrd.gz", "an initrd");
    let preseed = project_folder().join("playbooks/files/debian-12.preseed");
    lab.write(
        "files/debian-12.preseed",
        std::fs::read_to_string(preseed).unwrap(),
    );
    lab
}
