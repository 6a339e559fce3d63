//! The snippets of docs/reporting_ready.md, rendered by the server and run by a shell.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use mrp_test_support::{TestLab, assert_contains, message};
use serde_json::{Value, json};

use crate::start_lab;

const COMMAND_LINE: &str = "BOOTIF=01-52-54 auto=true url=http://mrp.example:5000/lab/preseed/42 interface=auto console=ttyS0 a=b\n";

/// The blocks of the page that have a placeholder for the token.
fn snippets() -> Vec<&'static str> {
    let page = include_str!("../../docs/reporting_ready.md");
    let blocks = page.split("```").skip(1).step_by(2);
    let found: Vec<_> = blocks
        .filter_map(|block| Some(block.split_once('\n')?.1))
        .filter(|block| block.contains("Bearer TOKEN"))
        .collect();
    assert_eq!(found.len(), 5, "a way to report was added: test it here");
    found
}

/// A preseed with the snippet that reports with Python.
fn late_command(token: &str) -> String {
    let found = snippets()[0];
    assert!(found.contains("python3"));
    format!(
        "d-i time/zone string Etc/UTC\n{}\nd-i finish-install/reboot_in_progress note\n",
        found.replace("TOKEN", token)
    )
}

/// Installs alice's machine with a preseed, and gives the result of the task.
fn install_with(lab: &TestLab, preseed: &str, wait_timeout: f64) -> Value {
    let kernel = json!({
        "description": "installer", "type": "Kernel", "arch": "arm64", "path": lab.write("linux", "linux"),
    });
    lab.run("mrp_image", kernel);
    let path = lab.write("preseed", preseed);
    lab.run("mrp_preseed", json!({ "name": "reports", "path": path }));
    let options = json!({
        "name": "qdc01", "subarch": "efi", "kernel": "installer", "preseed": "reports",
        "state": "provisioned", "wait_interval": 0.1, "wait_timeout": wait_timeout,
    });
    lab.run("mrp_machine", options)
}

#[test]
fn a_machine_that_runs_the_late_command_becomes_ready_with_netboot_off() {
    let lab = start_lab();
    lab.run_late_commands();
    let result = install_with(&lab, &late_command("alice-token"), 60.0);
    assert_eq!(result["machine"]["state"], "ready", "{result:#}");
    assert_eq!(lab.server("/api/v1/machine/2")["netboot_enabled"], false);
    assert_eq!(lab.last_boot().result, "ready");
    let asked = lab.requests();
    let reports = asked
        .iter()
        .filter(|request| request.path == "/api/v1/machine/2/state" && request.method == "PUT");
    assert_eq!(reports.count(), 1, "somebody else reported: {asked:?}");
}

#[test]
fn mark_of_the_installation_has_the_kernel_options() {
    let page = include_str!("../../docs/reporting_ready.md");
    let mark = page
        .lines()
        .find(|line| line.contains("/target/etc/installed_with"));
    let lab = start_lab();
    lab.run(
        "mrp_preseed",
        json!({ "name": "marks", "content": mark.unwrap() }),
    );
    let options = json!({
        "name": "qdc01", "subarch": "efi", "kernel_id": 3, "preseed": "marks", "kernel_opts": "quiet build='7'",
        "state": "provisioned", "wait_interval": 0.1,
    });
    let result = lab.run("mrp_machine", options);
    assert_eq!(result["machine"]["state"], "ready", "{result:#}");
    let preseed = lab.last_boot().preseed.unwrap();
    assert_contains(
        &preseed,
        &["echo 'quiet build=7' > /target/etc/installed_with"],
    );
}

/// Asserts that the state is unchanged after the boot has ended.
fn assert_still_provisioning(lab: &TestLab) {
    let state = lab.server("/api/v1/machine/2/state");
    assert_eq!(state["state"], "provisioning");
}

#[test]
fn with_a_wrong_token_the_machine_stays_provisioning() {
    let lab = start_lab();
    lab.run_late_commands();
    let result = install_with(&lab, &late_command("no-token"), 0.1);
    assert_contains(&message(&result), &["last state seen was provisioning"]);
    let boot = lab.last_boot();
    assert_eq!(boot.result, "failed");
    assert_contains(
        boot.error.as_deref().unwrap_or_default(),
        &["the late command ended with", "401"],
    );
    assert_still_provisioning(&lab);
}

#[test]
fn with_the_token_of_somebody_who_does_not_hold_the_machine_it_stays_provisioning() {
    let lab = start_lab();
    lab.run_late_commands();
    let result = install_with(&lab, &late_command("bob-token"), 0.1);
    assert_eq!(result["failed"], true);
    assert_eq!(lab.last_boot().result, "failed");
    assert_still_provisioning(&lab);
    // The server lets every token change the netboot of every machine, as the page says.
    assert_eq!(lab.server("/api/v1/machine/2")["netboot_enabled"], false);
}

#[test]
fn server_renders_every_snippet_unchanged() {
    let lab = start_lab();
    for snippet in snippets() {
        let path = lab.write("preseed", snippet);
        lab.run("mrp_preseed", json!({ "name": "reports", "path": path }));
        lab.run(
            "mrp_machine",
            json!({ "name": "qdc01", "preseed": "reports" }),
        );
        assert_eq!(lab.rendered_preseed(2), snippet.trim_end_matches('\n'));
    }
}

/// The shell script in a snippet.
fn script(snippet: &str) -> String {
    let between = |from: &str, to: &str| {
        let (_, rest) = snippet.split_once(from)?;
        Some(rest.split_once(to)?.0.to_owned())
    };
    between("%post --erroronfail\n", "%end")
        .or_else(|| between("<![CDATA[", "]]>"))
        .or_else(|| between("late_command string \\\n", "'\n").map(|command| command + "'"))
        .unwrap()
        .replace("\\\n", "")
}

/// The snippet with wget: on the page are only the lines that differ from the one with curl.
fn with_wget(curl: &str, wget: &str) -> String {
    let (head, rest) = curl.split_once("    put() {").unwrap();
    let (_, tail) = rest.split_once("$1\"; }; \\\n").unwrap();
    format!("{head}{wget}{tail}")
}

#[test]
fn snippets_with_curl_and_wget_send_the_same_requests() {
    let [_, curl, wget, kickstart, autoyast] = snippets()[..] else {
        panic!("they were counted");
    };
    for snippet in [curl, &with_wget(curl, wget), kickstart, autoyast] {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("curl", "for word; do echo \"$word\"; done >> \"$CALLS\""),
            ("wget", "for word; do echo \"$word\"; done >> \"$CALLS\""),
            ("in-target", "exec \"$@\""),
        ] {
            let program = dir.path().join(name);
            std::fs::write(&program, format!("#!/bin/sh\n{text}\n")).unwrap();
            std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
        }
        let cmdline = dir.path().join("cmdline");
        std::fs::write(&cmdline, COMMAND_LINE).unwrap();
        let calls = dir.path().join("calls");
        let path = format!(
            "{}:{}",
            dir.path().display(),
            std::env::var("PATH").unwrap()
        );
        let status = Command::new("sh")
            .arg("-c")
            .arg(script(snippet).replace("/proc/cmdline", cmdline.to_str().unwrap()))
            .envs([("PATH", path.as_str()), ("CALLS", calls.to_str().unwrap())])
            .status()
            .unwrap();
        assert!(status.success(), "{snippet}");
        let sent: Vec<String> = std::fs::read_to_string(calls)
            .unwrap()
            .lines()
            .map(|word| {
                word.trim_start_matches("--body-data=")
                    .replace("--method=", "")
            })
            .filter(|word| word.starts_with("http") || word.starts_with('{') || word == "PUT")
            .collect();
        let machine = "http://mrp.example:5000/lab/api/v1/machine/42";
        let state = format!("{machine}/state");
        let expected = [
            "PUT",
            r#"{"netboot_enabled": false}"#,
            machine,
            "PUT",
            r#"{"state": "ready"}"#,
            &state,
        ];
        assert_eq!(sent, expected, "{snippet}");
    }
}
