//! Files without an end, in every option that names a file.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use mrp_test_support::{TestLab, assert_contains};
use serde_json::json;

use crate::start_lab;

const PRESEED: &str = "mrp_preseed";

/// A file with a hole of a terabyte.
fn sparse_file(lab: &TestLab) -> PathBuf {
    let path = lab.path("sparse");
    File::create(&path).unwrap().set_len(1 << 40).unwrap();
    path
}

/// A named pipe that nobody writes to.
fn pipe(lab: &TestLab) -> PathBuf {
    let path = lab.path("pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&path)
            .status()
            .unwrap()
            .success()
    );
    path
}

#[test]
fn device_and_endless_file_as_preseed_are_refused() {
    let lab = start_lab();
    let sparse = sparse_file(&lab);
    for (path, problem) in [
        (
            PathBuf::from("/dev/zero"),
            "it is a device and not a regular file",
        ),
        (
            PathBuf::from("/dev/null"),
            "it is a device and not a regular file",
        ),
        (lab.path(""), "it is a directory and not a regular file"),
        (sparse, "it is larger than 8 MiB"),
    ] {
        for module in [PRESEED, "mr_provisioner_preseed"] {
            // To the old name it means what is there.
            if module != PRESEED && path == Path::new("/dev/null") {
                continue;
            }
            let expected = format!("{}: {problem}", path.display());
            let options = json!({ "name": "debian-std", "path": path });
            lab.assert_fails(module, options, &[&expected]);
        }
    }
    lab.assert_no_writes();
}

#[test]
fn dev_null_as_preseed_of_the_old_role_means_what_is_there() {
    let lab = start_lab();
    let before = lab.server_object("preseed", "name", "alice-seed");
    let options = json!({ "name": "alice-seed", "path": "/dev/null" });
    let result = lab.run_in_all_modes("mr_provisioner_preseed", options);
    assert_eq!(result["changed"], false);
    assert_eq!(lab.server_object("preseed", "name", "alice-seed"), before);
}

#[test]
fn endless_files_for_tls_are_refused() {
    let lab = start_lab();
    let (sparse, pipe) = (sparse_file(&lab), pipe(&lab));
    let certificate = rcgen::generate_simple_self_signed(["a".to_owned()]).unwrap();
    let certificate = lab.write("cert.pem", certificate.cert.pem());
    for (path, problem) in [
        (
            PathBuf::from("/dev/zero"),
            "it is a device and not a regular file",
        ),
        (pipe, "it is a pipe and not a regular file"),
        (sparse, "it is larger than 16 MiB"),
    ] {
        for option in ["ca_path", "client_cert", "client_key"] {
            let mut options = json!({});
            if option != "ca_path" {
                options["client_cert"] = json!(certificate);
                options["client_key"] = json!(path);
            }
            options[option] = json!(path);
            let failure = lab.failure("mrp_machine_info", options);
            let expected = format!("cannot read {}: {problem}", path.display());
            assert_contains(&failure, &[&expected]);
        }
    }
    assert!(lab.requests().is_empty());
}
