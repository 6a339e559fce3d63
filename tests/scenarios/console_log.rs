//! console_log of mrp_machine: the console of a machine in a file while it installs, and its last lines in a failure.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use mrp_test_support::module::parse_result;
use mrp_test_support::{TOKEN, TestLab, assert_contains, message};
use serde_json::{Value, json};

use crate::start_lab;

const MODULE: &str = "mrp_machine";

fn log_of(lab: &TestLab) -> Value {
    json!(lab.path("console.log"))
}

/// Provisions qdc01 with its console in a file.
fn provision(lab: &TestLab) -> Value {
    json!({ "name": "qdc01", "state": "provisioned", "subarch": "efi", "kernel_id": 3, "preseed_id": 1,
            "wait_interval": 0.05,
            "console_log": log_of(lab) })
}

fn read(lab: &TestLab) -> String {
    String::from_utf8_lossy(&std::fs::read(lab.path("console.log")).unwrap()).into_owned()
}

fn warnings(result: &Value) -> String {
    result["warnings"].to_string()
}

fn console_requests(lab: &TestLab) -> usize {
    let writes = lab.written();
    let consoles = writes.iter().filter(|write| write.ends_with("/console"));
    consoles.count()
}

#[test]
fn console_of_an_installation_is_in_the_file() {
    let lab = start_lab();
    let result = lab.run_in_all_modes(MODULE, provision(&lab));
    assert_eq!(result["console_log"], log_of(&lab), "{result:#}");
    assert_eq!(result.get("warnings").unwrap_or(&json!([])), &json!([]));
    let text = read(&lab);
    assert_contains(
        &text,
        &[
            "UEFI firmware of the lab",
            "Fetched the preseed /preseed/2\r\n",
            "reboot: Restarting system\r\n\r\nqdc01 login: ",
        ],
    );
    let mode = std::fs::metadata(lab.path("console.log")).unwrap();
    assert_eq!(mode.permissions().mode() & 0o777, 0o600);
    // The second run found nothing to do, and opened nothing.
    assert_eq!(console_requests(&lab), 1);
}

#[test]
fn check_mode_opens_no_console_and_makes_no_file() {
    let lab = start_lab();
    let result = lab.check(MODULE, provision(&lab));
    assert_eq!(result["console_log"], log_of(&lab), "{result:#}");
    assert!(!lab.path("console.log").exists());
}

#[test]
fn log_is_appended_to() {
    let lab = start_lab();
    lab.write("console.log", "before\n");
    lab.run(MODULE, provision(&lab));
    let text = read(&lab);
    assert!(
        text.starts_with("before\n") && text.contains("login: "),
        "{text}"
    );
}

#[test]
fn failed_installation_tells_the_last_lines_of_the_console() {
    let lab = start_lab();
    lab.settings(json!({ "install_result": "error" }));
    let result = lab.run(MODULE, provision(&lab));
    assert_contains(&message(&result), &["reported the state error"]);
    let tail = result["console_tail"].as_array().unwrap();
    let tail: Vec<&str> = tail.iter().map(|line| line.as_str().unwrap()).collect();
    assert_eq!(
        tail[tail.len() - 3..],
        [
            "Installing the base system",
            "Partitions were made.",
            "!! Installation step failed"
        ]
    );
    assert!(tail.len() <= 30, "{tail:?}");
    assert!(read(&lab).contains("\u{1b}[1;31m!! Installation step failed"));
}

#[test]
fn secrets_and_escapes_are_not_in_the_last_lines() {
    let lab = start_lab();
    lab.settings(json!({ "install_result": "never" }));
    let mut options = provision(&lab);
    options["wait_timeout"] = json!(5);
    let mut run = lab.module_run(MODULE, options);
    let child = run.command.spawn().unwrap();
    lab.wait_until("the machine installs", |lab| {
        lab.boots()
            .last()
            .is_some_and(|boot| boot.result == "installing")
    });
    let (begin, end) = TOKEN.split_at(4);
    let text =
        format!("\r\nkey {begin}\u{1b}[1m{end} \u{7}\u{1b}]0;title\u{7}\u{9b}2Jx\u{202e}y\r\nlast");
    lab.console(json!({ "machine": "qdc01", "print": text }));
    let result = parse_result(&child.wait_with_output().unwrap());
    assert_contains(&message(&result), &["was not ready within 5 s"]);
    let tail = result["console_tail"].as_array().unwrap();
    let last: Vec<&str> = tail[tail.len() - 2..]
        .iter()
        .map(|line| line.as_str().unwrap())
        .collect();
    assert_eq!(last[1], "last");
    assert!(
        last[0].starts_with("key ") && last[0].ends_with(" xy"),
        "{last:?}"
    );
    let printed = result.to_string();
    assert!(
        !printed.contains(TOKEN) && !printed.contains("\\u001b"),
        "{printed}"
    );
}

#[test]
fn unusable_path_fails_before_anything_is_ordered() {
    let lab = start_lab();
    lab.write("file", "x");
    for (path, problem) in [
        (lab.path(""), "is a directory"),
        (lab.path("missing/console.log"), "no such file or directory"),
        (lab.path("file/console.log"), "not a directory"),
    ] {
        let mut options = provision(&lab);
        options["console_log"] = json!(path);
        for check in [true, false] {
            options["_ansible_check_mode"] = json!(check);
            let text = lab.failure(MODULE, options.clone()).to_lowercase();
            assert_contains(&text, &["console_log", problem]);
            lab.assert_no_writes();
        }
    }
}

#[test]
fn busy_console_is_a_warning() {
    let lab = start_lab();
    lab.settings(json!({ "machines": { "qdc01": { "console": "busy" } } }));
    let result = lab.run(MODULE, provision(&lab));
    assert_ne!(result["failed"], json!(true), "{result:#}");
    assert_contains(
        &warnings(&result),
        &["the console of machine 'qdc01' is busy: another session reads it"],
    );
}

#[test]
fn refused_console_is_a_warning() {
    let lab = start_lab();
    lab.settings(json!({ "machines": { "qdc01": { "console": "refused" } } }));
    let result = lab.run(MODULE, provision(&lab));
    assert_ne!(result["failed"], json!(true), "{result:#}");
    assert_contains(
        &warnings(&result),
        &[
            "the console of machine 'qdc01' was not read",
            "the token of the console is refused",
        ],
    );
}

#[test]
fn console_that_the_server_does_not_open_is_a_warning() {
    let lab = start_lab();
    lab.fault(
        json!({ "method": "POST", "path": "/api/v1/machine/2/console", "times": 0, "status": 500 }),
    );
    let result = lab.run(MODULE, provision(&lab));
    assert_ne!(result["failed"], json!(true), "{result:#}");
    assert_contains(
        &warnings(&result),
        &["the console of machine 'qdc01' was not read: opening the console of machine 'qdc01'"],
    );
}

#[test]
fn silent_console_is_a_warning() {
    let lab = start_lab();
    lab.settings(json!({ "machines": { "qdc01": { "console": "silent" } } }));
    let result = lab.run(MODULE, provision(&lab));
    assert_ne!(result["failed"], json!(true), "{result:#}");
    assert_contains(
        &warnings(&result),
        &["the console of machine 'qdc01' was silent"],
    );
}

#[test]
fn console_that_breaks_off_is_read_again_while_the_wait_goes_on() {
    let lab = start_lab();
    lab.settings(json!({ "install_seconds": 4 }));
    lab.console(json!({ "machine": "qdc01", "break_after": 120 }));
    let result = lab.run(MODULE, provision(&lab));
    assert_ne!(result["failed"], json!(true), "{result:#}");
    assert_contains(
        &warnings(&result),
        &[
            "the console of machine 'qdc01' broke off once; what was printed until it was read again is not in",
        ],
    );
    let text = read(&lab);
    assert_contains(&text, &["UEFI firmware", "qdc01 login: "]);
    assert_eq!(text.matches("SOL Session operational").count(), 2);
    // The first token opens it twice.
    assert_eq!(console_requests(&lab), 1);
}

#[test]
fn slow_console_does_not_delay_the_end_of_the_wait() {
    let lab = start_lab();
    lab.settings(json!({ "bmc_blocks": false }));
    lab.fault(
        json!({ "method": "POST", "path": "/api/v1/machine/2/console", "times": 0, "stall": true }),
    );
    // The machine is being installed already, so the task only waits.
    lab.settings(json!({ "install_seconds": 1 }));
    let mut begin = provision(&lab);
    begin["wait"] = json!(false);
    begin.as_object_mut().unwrap().remove("console_log");
    lab.run(MODULE, begin);
    let result = lab.run(MODULE, provision(&lab));
    assert_ne!(result["failed"], json!(true), "{result:#}");
    // The request for the console was never answered, and the run has ended all the same.
    let console = lab
        .requests()
        .into_iter()
        .find(|request| request.path.ends_with("/console"));
    assert_eq!(console.unwrap().status, None);
    assert_contains(
        &warnings(&result),
        &["the console of machine 'qdc01' was not read"],
    );
}

fn two_machines(lab: &TestLab, path: &str) -> Value {
    json!({ "state": "provisioned", "subarch": "efi", "kernel_id": 3, "preseed_id": 1,
            "wait_interval": 0.05,
            "machines": [
                { "name": "qdc01", "console_log": lab.path(path) },
                { "name": "moonshot-c1", "console_log": lab.path(path) },
                { "name": "qdc02" } ] })
}

#[test]
fn machines_of_a_list_have_a_file_each_by_their_names() {
    let lab = start_lab();
    let options = two_machines(&lab, "{name}.log");
    let result = lab.run_in_all_modes(MODULE, options);
    for name in ["qdc01", "moonshot-c1"] {
        let text = std::fs::read_to_string(lab.path(&format!("{name}.log"))).unwrap();
        assert_contains(&text, &[&format!("{name} login: ")]);
    }
    let results = &result["results"];
    assert_eq!(results[0]["console_log"], json!(lab.path("qdc01.log")));
    assert_eq!(results[2].get("console_log"), None);
    assert_eq!(console_requests(&lab), 2);
}

#[test]
fn two_machines_in_one_file_are_refused() {
    let lab = start_lab();
    for path in ["console.log", "./console.log"] {
        let mut options = two_machines(&lab, "console.log");
        options["machines"][1]["console_log"] = json!(lab.path(path));
        lab.assert_fails(
            MODULE,
            options,
            &[
                "machine 'qdc01'",
                "console.log",
                "also that of machine 'moonshot-c1'",
                "{name}",
            ],
        );
        assert!(
            lab.written()
                .iter()
                .all(|write| !write.contains("/machine/2/"))
        );
    }
}

#[test]
fn name_with_a_slash_stays_in_its_folder() {
    let lab = start_lab();
    let mut options = provision(&lab);
    options["name"] = json!("bad bmc/box \"q\"");
    options["console_log"] = json!(lab.path("{name}.log"));
    let result = lab.check(MODULE, options);
    assert_eq!(
        result["console_log"],
        json!(lab.path("bad bmc_box \"q\".log")),
        "{result:#}"
    );
}

#[test]
fn console_log_needs_a_wait() {
    let lab = start_lab();
    let mut options = provision(&lab);
    options["wait"] = json!(false);
    lab.assert_fails(MODULE, options.clone(), &["console_log needs wait: true"]);
    options["wait"] = json!(true);
    options["state"] = json!("configured");
    lab.assert_fails(MODULE, options, &["console_log needs state: provisioned"]);
    assert!(lab.requests().is_empty());
}

/// In KiB.
fn peak_memory(process: u32) -> Option<u64> {
    let status =
        std::fs::read_to_string(Path::new("/proc").join(process.to_string()).join("status"));
    let status = status.ok()?;
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    peak.trim().trim_end_matches(" kB").parse().ok()
}

#[test]
fn ten_megabytes_at_once_are_logged_in_little_memory() {
    let lab = start_lab();
    lab.settings(json!({ "install_result": "never" }));
    let run = lab.module_run(MODULE, provision(&lab));
    let mut run = run;
    let child = run.command.spawn().unwrap();
    lab.wait_until("the machine installs", |lab| {
        lab.boots()
            .last()
            .is_some_and(|boot| boot.result == "installing")
    });
    let before = peak_memory(child.id()).unwrap();
    let bytes: Vec<u8> = (0..=255).collect();
    lab.console(json!({ "machine": "qdc01", "print": bytes, "repeat": 40_960 }));
    let log = lab.path("console.log");
    lab.wait_until("all of it is in the file", |_| {
        std::fs::metadata(&log).is_ok_and(|log| log.len() > 256 * 40_960)
    });
    let after = peak_memory(child.id()).unwrap();
    let kill = Command::new("kill").arg(child.id().to_string()).status();
    assert!(kill.unwrap().success());
    let result = parse_result(&child.wait_with_output().unwrap());
    assert_contains(&message(&result), &["stopped by SIGTERM"]);
    let logged = std::fs::read(&log).unwrap();
    assert!(logged.ends_with(&bytes.repeat(40_960)));
    assert!(
        after < before + 1024,
        "{before} KiB before, {after} KiB after"
    );
    assert!(after < 12 * 1024 || cfg!(debug_assertions), "{after} KiB");
}

#[test]
fn order_waits_for_a_console_that_the_server_never_opens_only_for_a_while() {
    let lab = start_lab();
    lab.settings(json!({ "bmc_blocks": false }));
    lab.fault(
        json!({ "method": "POST", "path": "/api/v1/machine/2/console", "times": 0, "stall": true }),
    );
    let mut options = provision(&lab);
    // As long as this, a request that has no limit of its own would wait.
    options["timeout"] = json!(3600);
    let result = lab.run(MODULE, options);
    assert_ne!(result["failed"], json!(true), "{result:#}");
    assert_eq!(lab.last_boot().result, "ready");
    assert_contains(
        &warnings(&result),
        &["the console of machine 'qdc01' was not read"],
    );
}
