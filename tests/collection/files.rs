//! The files that a task names: where they are looked for, and that encrypted ones are decrypted.

use mrp_test_support::ansible::{AnsibleRun, Controller};
use mrp_test_support::collection::Collection;
use mrp_test_support::{TestLab, text};

use crate::{start_lab, with_each_ansible_and_the_collection};

const PASSWORD: [&str; 2] = ["--vault-password-file", "password"];

/// Encrypts a file of the lab's folder with ansible-vault.
fn encrypt(ansible: &Controller, collection: &Collection, lab: &TestLab, name: &str) {
    lab.write("password", "a password\n");
    let mut command = collection.command(ansible, lab, "ansible-vault");
    command.arg("encrypt").args(PASSWORD).arg(name);
    ansible.run(&mut command).succeeded();
    let encrypted = std::fs::read_to_string(lab.path(name)).unwrap();
    assert!(encrypted.starts_with("$ANSIBLE_VAULT;"));
}

fn upload(ansible: &Controller, collection: &Collection, lab: &TestLab, path: &str) -> AnsibleRun {
    let tasks = format!(
        "- mr_provisioner.lab.mrp_image: {{description: secret, type: Kernel, arch: arm64, path: {path}}}\n"
    );
    collection.tasks(ansible, lab, &tasks, &PASSWORD)
}

#[test]
fn encrypted_image_is_uploaded_decrypted_under_its_own_name() {
    with_each_ansible_and_the_collection(|ansible, collection| {
        let lab = start_lab();
        encrypt(ansible, collection, &lab, "files/linux");
        let run = upload(ansible, collection, &lab, "linux");
        run.succeeded();
        assert_eq!(run.changed(), 1, "{}", run.output);
        let name = text(&lab.server_object("image", "description", "secret")["name"]);
        assert!(name.contains("linux.s256-"), "{name}");
        assert_eq!(lab.boot_file(&name), b"a kernel");
        assert!(!run.output.contains("ansible-local-"), "{}", run.output);
        let again = upload(ansible, collection, &lab, "linux");
        again.succeeded();
        assert_eq!(again.changed(), 0, "{}", again.output);
    });
}

#[test]
fn encrypted_preseeds_of_a_list_are_decrypted() {
    with_each_ansible_and_the_collection(|ansible, collection| {
        let lab = start_lab();
        lab.write("files/one", "d-i secret\n");
        encrypt(ansible, collection, &lab, "files/one");
        lab.write("two", "d-i two\n");
        let tasks = "- mr_provisioner.lab.mrp_preseed: {preseeds: [{name: seed-one, src: one}, {name: seed-two, path: two}]}\n";
        collection
            .tasks(ansible, &lab, tasks, &PASSWORD)
            .succeeded();
        for (name, content) in [("seed-one", "d-i secret\n"), ("seed-two", "d-i two\n")] {
            assert_eq!(
                lab.server_object("preseed", "name", name)["content"],
                content
            );
        }
    });
}

#[test]
fn encrypted_file_without_its_password_fails_and_is_not_uploaded() {
    with_each_ansible_and_the_collection(|ansible, collection| {
        let lab = start_lab();
        encrypt(ansible, collection, &lab, "files/linux");
        let tasks = "- mr_provisioner.lab.mrp_image: {description: secret, type: Kernel, arch: arm64, path: linux}\n";
        let run = collection.tasks(ansible, &lab, tasks, &[]);
        run.failed();
        run.assert_contains("A vault password");
        lab.write("password", "another\n");
        let run = upload(ansible, collection, &lab, "linux");
        run.failed();
        run.assert_contains("Decryption failed");
        assert!(!run.output.contains("Traceback"), "{}", run.output);
        lab.assert_no_writes();
    });
}

#[test]
fn relative_path_is_looked_for_in_the_files_of_the_role_then_of_the_playbook_then_beside_it() {
    with_each_ansible_and_the_collection(|ansible, collection| {
        let lab = start_lab();
        let upload = |path: &str| {
            format!(
                "- mr_provisioner.lab.mrp_image: {{description: {path}, type: Kernel, arch: arm64, path: {path}}}\n"
            )
        };
        let tasks = ["kernel", "linux", "beside"].map(upload).concat();
        lab.write("roles/installer/tasks/main.yml", tasks);
        lab.write("roles/installer/files/kernel", "of the role");
        lab.write("files/kernel", "of the playbook");
        lab.write("kernel", "beside the playbook");
        lab.write("beside", "beside the playbook");
        lab.write(
            "play.yml",
            "- {hosts: localhost, gather_facts: false, roles: [installer]}\n",
        );
        collection
            .playbook(ansible, &lab, "play.yml", &[])
            .succeeded();
        for (description, bytes) in [
            ("kernel", "of the role"),
            ("linux", "a kernel"),
            ("beside", "beside the playbook"),
        ] {
            let image = lab.server_object("image", "description", description);
            assert_eq!(lab.boot_file(&text(&image["name"])), bytes.as_bytes());
        }
    });
}

#[test]
fn file_that_is_nowhere_is_reported_by_the_module() {
    with_each_ansible_and_the_collection(|ansible, collection| {
        let lab = start_lab();
        lab.write("password", "a password\n");
        let run = upload(ansible, collection, &lab, "nowhere/linux");
        lab.assert_no_writes();
        run.failed();
        run.assert_contains("nowhere/linux");
        assert!(!run.output.contains("Traceback"), "{}", run.output);
    });
}
