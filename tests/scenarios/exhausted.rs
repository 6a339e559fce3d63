//! Systems that have no more threads, descriptors or room in a pipe: one JSON object all the same.

use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};

use mrp_test_support::module::{ModuleRun, parse_result};
use mrp_test_support::{TestLab, assert_contains, message};
use serde_json::{Value, json};

use crate::start_lab;

/// More than any system can reserve, so that no thread can be made.
const HUGE_STACK: &str = "70368744177664";

#[test]
fn run_goes_on_alone_where_there_are_no_more_threads() {
    let lab = start_lab();
    for (module, options) in [
        (
            "mrp_machine_info",
            json!({ "gather": ["interfaces", "state"] }),
        ),
        ("mrp_network_facts", json!({ "all": true })),
        (
            "mrp_machine",
            json!({ "kernel_opts": "quiet", "machines": [{ "name": "qdc01" }, { "name": "qdc02" }] }),
        ),
    ] {
        let mut options = options;
        // The lookup of a name wants a thread too.
        options["mrp_url"] = lab.url().replace("127.0.0.1", "localhost").into();
        let mut run = lab.module_run(module, options);
        run.command.env("RUST_MIN_STACK", HUGE_STACK);
        let result = run.result();
        assert_eq!(result.get("failed"), None, "{module}: {result:#}");
    }
}

/// Runs a module that may have only so many open files.
fn run_with_descriptors(lab: &TestLab, count: u32) -> Value {
    let arguments = json!({
        "_ansible_module_name": "mrp_machine_info", "mrp_url": lab.url(), "mrp_token": "alice-token",
        "retries": 0,
    });
    let arguments = lab.write("args", arguments.to_string());
    let script = format!("ulimit -n {count}; exec \"$@\"");
    let output = Command::new("sh")
        .args(["-c", &script, "sh", env!("CARGO_BIN_EXE_mrp-ansible")])
        .arg(arguments)
        .env_clear()
        .stdin(Stdio::null())
        .output();
    parse_result(&output.unwrap())
}

#[test]
fn missing_descriptors_are_named() {
    let lab = start_lab();
    for count in 4..=8 {
        let result = run_with_descriptors(&lab, count);
        assert_contains(&message(&result), &["oo many open files"]);
    }
    assert_eq!(run_with_descriptors(&lab, 64).get("failed"), None);
}

#[test]
fn all_of_the_result_arrives_at_an_output_that_does_not_block() {
    let lab = start_lab();
    let content = "d-i x\n".repeat(300_000);
    lab.run(
        "mrp_preseed",
        json!({ "name": "large", "content": content }),
    );
    let options = json!({ "name": "large", "content": true });
    let mut run = lab.module_run("mrp_preseed_info", options);
    let (mut reader, writer) = UnixStream::pair().unwrap();
    writer.set_nonblocking(true).unwrap();
    run.command.stdout(OwnedFd::from(writer));
    let mut child = run.command.spawn().unwrap();
    // The command holds the other end.
    run.command.stdout(Stdio::null());
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    let result: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(result["preseeds"][0]["content"], content);
    assert!(child.wait().unwrap().success());
}

#[test]
fn arguments_and_authorities_are_read_only_from_files_with_an_end() {
    let lab = start_lab();
    let mut run = ModuleRun::without_file(env!("CARGO_BIN_EXE_mrp-ansible"), "mrp_image_info");
    run.command.arg("/dev/zero");
    assert_contains(
        &message(&run.result()),
        &[
            "arguments file /dev/zero",
            "it is a device and not a regular file",
        ],
    );
    let options = json!({ "mrp_url": "https://127.0.0.1:1/", "retries": 0 });
    let mut run = lab.module_run("mrp_image_info", options);
    run.command.env("SSL_CERT_FILE", "/dev/zero");
    assert_contains(
        &message(&run.result()),
        &[
            "SSL_CERT_FILE names /dev/zero",
            "it is a device and not a regular file",
        ],
    );
}
