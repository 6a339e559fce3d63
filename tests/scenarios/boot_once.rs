//! mrp_machine with `boot_once`: other parameters for one boot, and the old ones back whatever happens in between.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use mrp_test_support::module::parse_result;
use mrp_test_support::{TestLab, actions, assert_contains, assert_failed, message};
use serde_json::{Value, json};

use crate::start_lab;

const MACHINE: &str = "/api/v1/machine/2";
const STATE: &str = "/api/v1/machine/2/state";

/// A lab whose machine qdc01 is installed, and boots from its disk.
fn start_installed_lab() -> TestLab {
    let lab = start_lab();
    let result = lab.run(
        "mrp_machine",
        json!({
            "id": 2, "subarch": "efi", "kernel_id": 3, "initrd_id": 4, "kernel_opts": "quiet",
            "state": "provisioned", "wait_interval": 0.05, "netboot_when_ready": false,
        }),
    );
    assert_eq!(result["machine"]["state"], "ready", "{result:#}");
    lab
}

/// Another command line, and no initrd, for one boot.
fn rescue(more: &Value) -> Value {
    let mut options = json!({
        "id": 2, "kernel_opts": "rescue", "initrd": "", "state": "provisioned", "boot_once": true,
        "wait_interval": 0.05, "wait_timeout": 30,
    });
    let more = more.as_object().unwrap().clone();
    options.as_object_mut().unwrap().extend(more);
    options
}

/// What the server has of the machine, with its state.
fn machine(lab: &TestLab) -> Value {
    let mut machine = lab.server(MACHINE);
    machine["state"] = lab.server(STATE)["state"].clone();
    machine
}

/// The files with what is to be put back.
fn records(lab: &TestLab) -> Vec<PathBuf> {
    let folder = lab.path("state/mrp/boot_once");
    let files = fs::read_dir(folder).into_iter().flatten();
    files.map(|file| file.unwrap().path()).collect()
}

/// Kills a run once the lab is as asked.
fn kill_when(lab: &TestLab, options: Value, signal: &str, is_due: fn(&mrp_lab::Lab) -> bool) {
    let mut run = lab.module_run("mrp_machine", options);
    let mut child = run.command.spawn().unwrap();
    lab.wait_until("the run is far enough", is_due);
    let id = child.id().to_string();
    let kill = Command::new("kill").args([signal, &id]).status();
    assert!(kill.unwrap().success());
    child.wait().unwrap();
}

fn has_booted_twice(lab: &mrp_lab::Lab) -> bool {
    lab.boots().len() == 2 && lab.boots()[1].kernel.is_some()
}

#[test]
fn machine_boots_other_parameters_once_and_has_the_old_ones_and_its_state_again() {
    let lab = start_installed_lab();
    let before = machine(&lab);
    let planned = lab.check("mrp_machine", rescue(&json!({})));
    assert!(records(&lab).is_empty());
    assert_eq!(lab.boots().len(), 1);
    let result = lab.run("mrp_machine", rescue(&json!({ "_ansible_diff": true })));
    assert_eq!(
        actions(&result),
        ["create", "update", "provision", "wait", "restore"]
    );
    assert_eq!(planned["plan"], result["plan"]);
    assert_eq!(planned["diff"], result["diff"]);
    assert_eq!(
        (&planned["changed"], &result["changed"]),
        (&json!(true), &json!(true))
    );
    let back = &result["plan"][4];
    assert_eq!(
        back["before"],
        json!({ "initrd_id": null, "kernel_opts": "rescue", "netboot_enabled": true })
    );
    assert_eq!(
        back["after"],
        json!({ "initrd_id": 4, "kernel_opts": "quiet", "netboot_enabled": false })
    );
    assert_contains(
        &result["diff"].to_string(),
        &["kernel_opts: \\\"rescue\\\"", "boot_once"],
    );
    let boot = lab.last_boot();
    assert_eq!(
        (boot.kernel_opts.as_deref(), boot.initrd),
        (Some("rescue"), None)
    );
    assert_eq!(machine(&lab), before);
    assert!(records(&lab).is_empty());

    // A second run is another boot.
    let again = lab.run("mrp_machine", rescue(&json!({})));
    assert_eq!(again["plan"], result["plan"]);
    assert_eq!((lab.boots().len(), machine(&lab)), (3, before));
}

#[test]
fn installed_machine_is_not_installed_again_after_a_boot_once() {
    let lab = start_installed_lab();
    lab.run("mrp_machine", rescue(&json!({})));
    lab.assert_unchanged(
        "mrp_machine",
        json!({ "id": 2, "kernel_id": 3, "initrd_id": 4, "kernel_opts": "quiet", "state": "provisioned" }),
    );
}

#[test]
fn parameters_are_put_back_after_a_wait_that_timed_out() {
    let lab = start_installed_lab();
    let before = machine(&lab);
    lab.settings(json!({ "install_result": "never" }));
    let result = lab.run("mrp_machine", rescue(&json!({ "wait_timeout": 0.5 })));
    assert_failed(&result, true);
    assert_contains(&message(&result), &["was not ready within 0.5 s"]);
    assert_contains(result["hint"].as_str().unwrap(), &["is put back"]);
    let done: Vec<&Value> = result["done"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| &step["action"])
        .collect();
    assert_eq!(done, ["create", "update", "provision", "restore"]);
    assert_eq!(result["not_done"][0]["action"], "wait");
    assert_eq!(machine(&lab), before);
    assert!(records(&lab).is_empty());
}

#[test]
fn parameters_are_put_back_after_a_system_that_reports_an_error() {
    let lab = start_installed_lab();
    let before = machine(&lab);
    lab.settings(json!({ "install_result": "error" }));
    let result = lab.run("mrp_machine", rescue(&json!({})));
    assert_contains(&message(&result), &["reported the state error"]);
    assert!(
        !result["hint"].to_string().contains("Netboot is still on"),
        "{result:#}"
    );
    assert_eq!((machine(&lab), records(&lab).len()), (before, 0));
}

#[test]
fn parameters_are_put_back_after_a_bmc_that_fails() {
    let lab = start_installed_lab();
    let before = machine(&lab);
    lab.settings(json!({ "machines": { "qdc01": { "bmc": "fails" } } }));
    let result = lab.run("mrp_machine", rescue(&json!({})));
    assert_failed(&result, true);
    assert_contains(&message(&result), &["provisioning machine 'qdc01' failed"]);
    assert_eq!((machine(&lab), records(&lab).len()), (before, 0));
}

#[test]
fn parameters_are_put_back_after_answers_that_were_lost() {
    for (method, path) in [("PUT", MACHINE), ("POST", STATE), ("PUT", STATE)] {
        let lab = start_installed_lab();
        let before = machine(&lab);
        // Also the last attempt: the request takes effect, and nobody hears of it.
        lab.fault(
            json!({ "method": method, "path": path, "times": 4, "reset": true, "when": "after" }),
        );
        let result = lab.run("mrp_machine", rescue(&json!({})));
        assert_eq!(
            (machine(&lab), records(&lab).len()),
            (before, 0),
            "{method} {path}: {result:#}"
        );
    }
}

#[test]
fn killed_run_leaves_what_the_next_run_puts_back_first() {
    for signal in ["-KILL", "-TERM"] {
        let lab = start_installed_lab();
        let before = machine(&lab);
        lab.settings(json!({ "install_result": "never" }));
        kill_when(&lab, rescue(&json!({})), signal, has_booted_twice);
        assert_eq!(machine(&lab)["kernel_opts"], "rescue");
        assert_eq!(records(&lab).len(), 1);

        let configured = json!({ "id": 2, "state": "configured" });
        let result = lab.run_in_all_modes("mrp_machine", configured);
        assert_eq!(actions(&result), ["restore"]);
        assert_contains(
            &result["plan"][0]["why"].to_string(),
            &["boot_once", "did not come to its end"],
        );
        assert_eq!((machine(&lab), records(&lab).len()), (before, 0));
        assert_eq!(lab.boots().len(), 2);
    }
}

#[test]
fn next_boot_once_puts_back_first_what_a_killed_one_has_left() {
    let lab = start_installed_lab();
    let before = machine(&lab);
    lab.settings(json!({ "install_result": "never" }));
    kill_when(&lab, rescue(&json!({})), "-KILL", has_booted_twice);
    lab.settings(json!({ "install_result": "ready" }));
    let other = rescue(&json!({ "kernel_opts": "debug", "initrd": null }));
    let planned = lab.check("mrp_machine", other.clone());
    let result = lab.run("mrp_machine", other);
    assert_eq!(
        actions(&result),
        [
            "restore",
            "create",
            "update",
            "provision",
            "wait",
            "restore"
        ]
    );
    assert_eq!(planned["plan"], result["plan"]);
    let boot = lab.last_boot();
    assert_eq!(boot.kernel_opts.as_deref(), Some("debug"));
    assert!(boot.initrd.is_some());
    assert_eq!((machine(&lab), records(&lab).len()), (before, 0));
}

#[test]
fn run_killed_before_it_changed_anything_leaves_only_a_file_to_delete() {
    let lab = start_installed_lab();
    let before = machine(&lab);
    lab.fault(json!({ "method": "PUT", "path": MACHINE, "stall": true }));
    kill_when(&lab, rescue(&json!({})), "-KILL", |lab| {
        lab.requests()
            .iter()
            .any(|request| request.method == "PUT" && request.status.is_none())
    });
    assert_eq!((machine(&lab), records(&lab).len()), (before.clone(), 1));
    let configured = json!({ "id": 2, "state": "configured" });
    let planned = lab.check("mrp_machine", configured.clone());
    assert_eq!(records(&lab).len(), 1);
    let result = lab.run("mrp_machine", configured.clone());
    assert_eq!(actions(&result), ["delete"]);
    assert_eq!(planned["plan"], result["plan"]);
    assert_eq!((machine(&lab), records(&lab).len()), (before, 0));
    lab.assert_unchanged("mrp_machine", configured);
}

#[test]
fn what_somebody_else_changed_meanwhile_is_left_and_told() {
    let lab = start_installed_lab();
    lab.settings(json!({ "install_seconds": 1 }));
    lab.fault(json!({
        "method": "GET", "path": STATE, "nth": 3, "meanwhile":
        { "user": "alice", "method": "PUT", "path": MACHINE, "body": { "kernel_opts": "theirs" } },
    }));
    let result = lab.run("mrp_machine", rescue(&json!({})));
    assert_contains(
        &result["warnings"].to_string(),
        &["somebody else has changed", "kernel_opts"],
    );
    let found = machine(&lab);
    assert_eq!(
        (
            &found["kernel_opts"],
            &found["initrd_id"],
            &found["netboot_enabled"]
        ),
        (&json!("theirs"), &json!(4), &json!(false))
    );
    assert!(records(&lab).is_empty());
}

#[test]
fn parameters_that_cannot_be_put_back_are_told_and_put_back_by_the_next_run() {
    let lab = start_installed_lab();
    let before = machine(&lab);
    lab.fault(json!({ "method": "PUT", "path": MACHINE, "nth": 2, "times": 0, "status": 403, "body": "" }));
    let result = lab.run("mrp_machine", rescue(&json!({})));
    assert_failed(&result, true);
    assert_contains(
        &message(&result),
        &[
            "what machine 'qdc01' booted before could not be put back",
            "/boot_once/",
        ],
    );
    assert_contains(result["hint"].as_str().unwrap(), &["next run"]);
    assert_eq!(records(&lab).len(), 1);
    lab.clear_faults();
    let result = lab.run_in_all_modes("mrp_machine", json!({ "id": 2, "state": "configured" }));
    assert_eq!(actions(&result), ["restore"]);
    assert_eq!((machine(&lab), records(&lab).len()), (before, 0));
}

#[test]
fn record_is_for_its_owner_alone_and_of_one_server_and_machine() {
    let lab = start_installed_lab();
    lab.settings(json!({ "install_result": "never" }));
    kill_when(&lab, rescue(&json!({})), "-KILL", has_booted_twice);
    let file = &records(&lab)[0];
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(file), mode(file.parent().unwrap())), (0o600, 0o700));
    let text = fs::read_to_string(file).unwrap();
    assert!(!text.contains(mrp_test_support::TOKEN), "{text}");
    let record: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (&record["server"], &record["machine"]),
        (&json!(lab.url()), &json!("qdc01"))
    );
    lab.assert_unchanged("mrp_machine", json!({ "id": 1, "state": "configured" }));

    fs::write(file, "{").unwrap();
    let configured = json!({ "id": 2, "state": "configured" });
    lab.without_writes(|| {
        lab.assert_fails(
            "mrp_machine",
            configured,
            &["cannot be read", "it is damaged"],
        )
    });
}

#[test]
fn boot_once_without_a_place_for_its_record_fails_before_anything_is_changed() {
    let lab = start_installed_lab();
    lab.write("state/mrp", "a file where the directory should be");
    lab.without_writes(|| {
        let result = lab.run("mrp_machine", rescue(&json!({})));
        assert_failed(&result, false);
        assert_contains(
            &message(&result),
            &["'qdc01' was not rebooted", "cannot be kept", "boot_once"],
        );
        assert_contains(result["hint"].as_str().unwrap(), &["XDG_STATE_HOME"]);

        let mut run = lab.module_run("mrp_machine", rescue(&json!({})));
        run.command.env_remove("XDG_STATE_HOME");
        assert_contains(
            &message(&run.result()),
            &["neither XDG_STATE_HOME nor HOME is set"],
        );
    });
    assert_eq!(lab.boots().len(), 1);
}

#[test]
fn machine_that_is_booted_once_is_left_alone_by_other_runs() {
    let lab = start_installed_lab();
    lab.settings(json!({ "install_result": "never" }));
    let mut run = lab.module_run("mrp_machine", rescue(&json!({ "wait_timeout": 60 })));
    let child = run.command.spawn().unwrap();
    lab.wait_until("it has booted", has_booted_twice);
    lab.without_writes(|| {
        for options in [rescue(&json!({})), json!({ "id": 2, "netboot": true })] {
            let result = lab.run("mrp_machine", options);
            assert_failed(&result, false);
            let process = format!("process {}", child.id());
            assert_contains(
                &message(&result),
                &["is booted once by another run", &process],
            );
        }
    });
    let report = json!({ "state": "ready" });
    lab.fault(json!({ "method": "GET", "path": STATE, "meanwhile":
        { "user": "alice", "method": "PUT", "path": STATE, "body": report } }));
    let result = parse_result(&child.wait_with_output().unwrap());
    assert_eq!(result["machine"]["kernel_opts"], "quiet", "{result:#}");
}

#[test]
fn machine_that_is_being_installed_is_booted_once_only_by_force() {
    let lab = start_installed_lab();
    lab.settings(json!({ "install_result": "never" }));
    let reinstall = json!({ "id": 2, "state": "provisioned", "force": true, "wait": false });
    lab.run("mrp_machine", reinstall);
    lab.without_writes(|| {
        let result = lab.run("mrp_machine", rescue(&json!({})));
        assert_failed(&result, false);
        assert_contains(&message(&result), &["is being installed"]);
        assert_eq!(lab.check("mrp_machine", rescue(&json!({})))["failed"], true);
    });
    lab.settings(json!({ "install_result": "ready" }));
    let result = lab.run("mrp_machine", rescue(&json!({ "force": true })));
    assert_eq!(result["machine"]["state"], "unknown", "{result:#}");
    assert_eq!(machine(&lab)["kernel_opts"], "quiet");
}

#[test]
fn machine_whose_private_kernel_could_not_be_set_again_is_refused() {
    let lab = start_installed_lab();
    let forbidden = json!({ "error_type": "InvalidUsage", "errors": ["Forbidden"] });
    lab.fault(json!({ "method": "GET", "path": "/api/v1/image/4", "times": 0, "status": 403, "body": forbidden }));
    lab.without_writes(|| {
        let result = lab.run("mrp_machine", rescue(&json!({})));
        assert_failed(&result, false);
        assert_contains(
            &message(&result),
            &["private initrd of another user", "put back"],
        );
    });
}

#[test]
fn boot_once_of_a_list_puts_back_each_machine_also_where_another_fails() {
    let lab = start_installed_lab();
    lab.run("mrp_machine", json!({
        "id": 3, "subarch": "efi", "kernel_id": 3, "kernel_opts": "quiet", "state": "provisioned", "wait_interval": 0.05, "netboot_when_ready": false,
    }));
    let other = |lab: &TestLab| lab.server("/api/v1/machine/3");
    let before = (machine(&lab), other(&lab));
    lab.settings(json!({ "machines": {
        "qdc01": { "install_result": "never" }, "qdc02": { "install_result": "error", "install_seconds": 0.5 },
    } }));
    for fail_fast in [false, true] {
        let mut options = rescue(
            &json!({ "machines": [{ "id": 2 }, { "id": 3 }], "fail_fast": fail_fast, "wait_timeout": 2 }),
        );
        options.as_object_mut().unwrap().remove("id");
        let result = lab.run("mrp_machine", options);
        assert_failed(&result, true);
        assert_eq!((machine(&lab), other(&lab)), before, "{result:#}");
        assert!(records(&lab).is_empty());
    }
}

#[test]
fn system_that_answers_ends_the_boot_once() {
    let lab = start_installed_lab();
    lab.lease(&json!({ "mac": "52:54:00:00:02:01", "ipv4": "127.1.0.2", "duration": 3600 }));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    lab.settings(json!({
        "install_result": "never", "answer_port": port, "boot_seconds": 0.2,
        "answer_old": "SSH-2.0-old", "answer_installer": "SSH-2.0-rescue",
    }));
    let before = machine(&lab);
    let ready_when = json!({ "port": port, "banner": "SSH-2.0-rescue" });
    let options = rescue(&json!({ "ready_when": ready_when }));
    let planned = lab.check("mrp_machine", options.clone());
    let result = lab.run("mrp_machine", options);
    assert_eq!(planned["plan"], result["plan"]);
    assert_contains(
        &result["plan"][3]["why"].to_string(),
        &["the system answers"],
    );
    assert_eq!(
        actions(&result),
        ["create", "update", "provision", "wait", "restore"]
    );
    assert_eq!((machine(&lab), records(&lab).len()), (before, 0));
    let boot = &lab.boots()[1];
    assert_eq!(
        (boot.kernel_opts.as_deref(), boot.result.as_str()),
        (Some("rescue"), "installing")
    );
}

#[test]
fn boot_once_that_cannot_be_put_back_in_time_is_refused_before_any_request() {
    let lab = start_lab();
    for (more, parts) in [
        (json!({ "wait": false }), ["boot_once", "wait: true"]),
        (
            json!({ "netboot_when_ready": true }),
            ["boot_once", "netboot_when_ready"],
        ),
        (
            json!({ "state": "configured" }),
            ["boot_once", "state: provisioned"],
        ),
    ] {
        lab.assert_fails("mrp_machine", rescue(&more), &parts);
    }
    assert!(lab.requests().is_empty());
}
