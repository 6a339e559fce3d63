//! The examples of the client library run against the simulated server, and the README shows what they are.

#![allow(
    clippy::unwrap_used,
    reason = "a test stops where its setting cannot be made"
)]

use std::path::PathBuf;
use std::process::{Command, Output};

use mrp_lab::Lab;

/// Runs an example, which cargo builds with the tests, for an administrator of the lab.
fn run(example: &str, lab: &Lab, arguments: &[&str]) -> Output {
    let test = std::env::current_exe().unwrap();
    let folder: PathBuf = test.parent().unwrap().parent().unwrap().join("examples");
    let program = folder.join(example);
    assert!(program.exists(), "run `cargo build --examples` first");
    let mut command = Command::new(program);
    command.args(arguments);
    command.env("MRP_URL", lab.url());
    command.env("MRP_TOKEN", "admin-token").output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn list_machines_prints_every_machine_with_its_state() {
    let lab = Lab::start();
    let output = run("list_machines", &lab, &[]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let lines = text(&output.stdout);
    assert!(
        lines.lines().any(|line| line == "2\tqdc01\tunknown"),
        "{lines}"
    );
}

#[test]
fn upload_image_makes_an_image_and_shows_progress() {
    let lab = Lab::start();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vmlinuz");
    std::fs::write(&path, "a kernel").unwrap();
    let arguments = [path.to_str().unwrap(), "an example"];
    let output = run("upload_image", &lab, &arguments);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).starts_with("image "));
    assert!(text(&output.stderr).contains("8 of 8 bytes"));
    assert_eq!(lab.writes().len(), 1);
}

#[test]
fn an_example_that_fails_prints_only_one_sentence() {
    let lab = Lab::start();
    let output = run("upload_image", &lab, &["/absent", "an example"]);
    assert!(!output.status.success());
    assert_eq!(
        text(&output.stderr),
        "cannot read /absent: No such file or directory\n"
    );
}

#[test]
fn the_example_of_the_readme_is_list_machines() {
    let readme = include_str!("../README.md");
    let example = include_str!("../examples/list_machines.rs");
    let code = example.split_once("\n\n").unwrap().1;
    assert!(readme.contains(code), "the README shows another program");
}
