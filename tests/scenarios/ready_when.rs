//! mrp_machine with `ready_when`: the task itself sees when the installed system answers, and takes nothing else for it.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use mrp_test_support::{TestLab, actions, assert_contains, assert_failed, column, message};
use serde_json::{Value, json};

use crate::start_lab;

const MACHINE: &str = "/api/v1/machine/2";
const STATE: &str = "/api/v1/machine/2/state";
const OLD: &str = "SSH-2.0-old";
const INSTALLER: &str = "SSH-2.0-installer";
const INSTALLED: &str = "SSH-2.0-installed";

/// A lab whose machine qdc01 has an address on this computer, and ends its installation without a report. The port on which
/// it answers is free on every loopback address.
fn start_answering_lab(settings: Value) -> (TestLab, u16) {
    let lab = start_lab();
    lab.lease(&json!({ "mac": "52:54:00:00:02:01", "ipv4": "127.1.0.2", "duration": 3600 }));
    let port = free_port();
    lab.settings(json!({
        "install_result": "silent", "answer_port": port, "boot_seconds": 0.2, "answer_installed": INSTALLED,
    }));
    lab.settings(settings);
    (lab, port)
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn provisioned(ready_when: Value) -> Value {
    json!({
        "id": 2, "subarch": "efi", "kernel_id": 3, "state": "provisioned",
        "wait_interval": 0.05, "wait_timeout": 60, "ready_when": ready_when,
    })
}

fn with(mut options: Value, more: &Value) -> Value {
    let more = more.as_object().unwrap().clone();
    options.as_object_mut().unwrap().extend(more);
    options
}

fn state(lab: &TestLab) -> Value {
    lab.server(STATE)["state"].clone()
}

fn warnings(result: &Value) -> String {
    result["warnings"].to_string()
}

fn milestones(result: &Value) -> Vec<String> {
    column(&result["milestones"], "milestone")
}

/// Runs the module with a `ssh-keyscan` that takes the banner for the host key.
fn run_with_keys(lab: &TestLab, options: Value) -> Value {
    let program = lab.write(
        "bin/ssh-keyscan",
        "#!/usr/bin/env python3\n\
         import base64, socket, sys\n\
         if '-p' not in sys.argv: sys.exit(1)\n\
         connection = socket.create_connection((sys.argv[-1], int(sys.argv[sys.argv.index('-p') + 1])))\n\
         banner = connection.makefile('rb').readline().strip()\n\
         print('host ssh-ed25519', base64.b64encode(bytes(3) + banner).decode())\n",
    );
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
    let folder = program.parent().unwrap().display().to_string();
    let path = format!("{folder}:{}", std::env::var("PATH").unwrap());
    let mut run = lab.module_run("mrp_machine", options);
    run.command.env("PATH", path);
    run.result()
}

#[test]
fn machine_that_answers_after_it_was_gone_is_reported_ready_with_netboot_off() {
    let (lab, port) = start_answering_lab(json!({}));
    let result = lab.run_in_all_modes("mrp_machine", provisioned(json!({ "port": port })));
    assert_eq!(
        actions(&result),
        ["update", "provision", "wait", "update", "update"]
    );
    assert_eq!(result["machine"]["state"], "ready");
    assert_eq!(result["machine"]["netboot_enabled"], false);
    assert_eq!(
        (state(&lab), &lab.server(MACHINE)["netboot_enabled"]),
        (json!("ready"), &json!(false))
    );
    assert_eq!(lab.last_boot().result, "silent");
    let milestones = milestones(&result);
    assert_eq!(milestones[..2], ["ordered", "gone"], "{result:#}");
    assert!(milestones.contains(&"answers".to_owned()), "{result:#}");
    let last = &result["milestones"][milestones.len() - 1];
    assert_eq!(last["detail"], INSTALLED);
    assert_contains(
        &warnings(&result),
        &["only that it did not answer", "host_key or a banner"],
    );
}

#[test]
fn old_system_that_never_goes_away_is_not_the_installed_one() {
    let (lab, port) = start_answering_lab(json!({ "answer_old": OLD, "reset_seconds": 1000 }));
    let options = with(
        provisioned(json!({ "port": port })),
        &json!({ "wait_timeout": 1 }),
    );
    let result = lab.run("mrp_machine", options);
    assert_failed(&result, true);
    assert_contains(
        &message(&result),
        &[
            "was not ready within 1 s",
            "provisioning",
            "127.1.0.2",
            "the old system is still there",
        ],
    );
    assert_contains(result["hint"].as_str().unwrap(), &["milestones", "console"]);
    assert_eq!(milestones(&result), ["ordered"]);
    assert_eq!(
        (state(&lab), &lab.server(MACHINE)["netboot_enabled"]),
        (json!("provisioning"), &json!(true))
    );
}

#[test]
fn old_system_that_comes_back_from_the_disk_is_known_by_its_host_key() {
    let (lab, port) = start_answering_lab(json!({ "answer_old": OLD, "boot_seconds": 1 }));
    lab.fault(json!({ "path": "/tftp/*", "machines": true, "times": 0, "status": 404 }));
    for (run, reason) in [
        (
            run_with_keys as fn(&TestLab, Value) -> Value,
            "the old system is back",
        ),
        (
            |lab, options| lab.run("mrp_machine", options),
            "nothing tells the installed system from the old one",
        ),
    ] {
        let more = json!({ "wait_timeout": 4, "force": true });
        let result = run(&lab, with(provisioned(json!({ "port": port })), &more));
        assert_failed(&result, true);
        assert_contains(&message(&result), &[reason]);
        assert_eq!(milestones(&result)[..2], ["ordered", "gone"], "{result:#}");
        assert_eq!(state(&lab), "provisioning");
        assert_eq!(lab.last_boot().result, "failed");
    }
}

#[test]
fn changed_host_key_tells_the_installed_system_without_a_doubt() {
    let (lab, port) = start_answering_lab(json!({ "answer_old": OLD, "reset_seconds": 0.5 }));
    let result = run_with_keys(&lab, provisioned(json!({ "port": port })));
    assert_eq!(result["machine"]["state"], "ready", "{result:#}");
    assert!(!warnings(&result).contains("only that"), "{result:#}");
    assert_eq!(lab.last_boot().result, "silent");
}

#[test]
fn installer_that_answers_is_told_apart_by_a_given_banner() {
    let (lab, port) =
        start_answering_lab(json!({ "answer_installer": INSTALLER, "install_seconds": 0.5 }));
    let ready_when = json!({ "port": port, "banner": "*installed" });
    let result = lab.run_in_all_modes("mrp_machine", provisioned(ready_when.clone()));
    assert_eq!(result["machine"]["state"], "ready");
    assert_eq!(
        result["milestones"][milestones(&result).len() - 1]["detail"],
        INSTALLED
    );
    assert_eq!(lab.last_boot().result, "silent");

    let machines = json!({ "qdc01": { "lease": "127.1.0.3" } });
    lab.settings(json!({ "install_result": "never", "machines": machines }));
    let more = json!({ "wait_timeout": 3, "force": true });
    let result = lab.run("mrp_machine", with(provisioned(ready_when), &more));
    assert_contains(
        &message(&result),
        &[
            "as 'SSH-2.0-installer' and not with the given banner",
            "lease 127.1.0.3 seen at",
        ],
    );
    assert!(
        milestones(&result).contains(&"lease".to_owned()),
        "{result:#}"
    );
    assert_eq!(state(&lab), "provisioning");
}

#[test]
fn installer_that_answers_is_told_apart_by_a_given_host_key() {
    let (lab, port) =
        start_answering_lab(json!({ "answer_installer": INSTALLER, "install_result": "never" }));
    // In base64, after three zeros, as the stand-in for ssh-keyscan prints it.
    let key = "ssh-ed25519 AAAAU1NILTIuMC1pbnN0YWxsZWQ=";
    let options = provisioned(json!({ "port": port, "host_key": key }));
    let result = run_with_keys(&lab, with(options.clone(), &json!({ "wait_timeout": 3 })));
    assert_contains(&message(&result), &["not with the given host key"]);
    assert_eq!(state(&lab), "provisioning");

    lab.settings(json!({ "install_result": "silent" }));
    let result = run_with_keys(&lab, with(options, &json!({ "force": true })));
    assert_eq!(result["machine"]["state"], "ready", "{result:#}");
}

#[test]
fn host_key_without_the_program_that_reads_it_fails_before_anything_is_done() {
    let (lab, port) = start_answering_lab(json!({}));
    let options = provisioned(json!({ "port": port, "host_key": "ssh-ed25519 AAAAU1NI" }));
    let mut run = lab.module_run("mrp_machine", options);
    run.command.env("PATH", lab.path("nothing"));
    let result = lab.without_writes(|| run.result());
    assert_contains(&message(&result), &["ssh-keyscan"]);
    assert_contains(result["hint"].as_str().unwrap(), &["banner"]);
}

#[test]
fn installer_known_to_have_an_ssh_server_is_refused_on_port_22_alone() {
    let (lab, _) = start_answering_lab(json!({}));
    let preseed = json!({ "name": "remote", "content": "d-i network-console/start note\n" });
    lab.run("mrp_preseed", preseed);
    for more in [
        json!({ "preseed": "remote" }),
        json!({ "kernel_opts": "inst.sshd" }),
    ] {
        let options = with(provisioned(json!({})), &more);
        lab.without_writes(|| {
            let result = lab.run("mrp_machine", options.clone());
            assert_failed(&result, false);
            assert_contains(&message(&result), &["an SSH server of its own", "port 22"]);
            assert_contains(result["hint"].as_str().unwrap(), &["host_key", "banner"]);
            assert_eq!(lab.check("mrp_machine", options)["failed"], true);
        });
    }
}

#[test]
fn installation_that_was_begun_before_is_awaited_and_judged_by_what_is_seen() {
    let (lab, port) = start_answering_lab(json!({ "install_seconds": 1 }));
    let begun = with(provisioned(json!("reported")), &json!({ "wait": false }));
    lab.run("mrp_machine", begun.clone());
    let result = lab.run("mrp_machine", provisioned(json!({ "port": port })));
    assert_eq!(actions(&result), ["wait", "update", "update"]);
    assert_eq!(state(&lab), "ready", "{result:#}");
    assert_eq!(lab.boots().len(), 1);

    // It answers when the task begins to look: an old system would, too.
    lab.run("mrp_machine", with(begun, &json!({ "force": true })));
    assert_eq!(lab.last_boot().result, "silent");
    let hurried = json!({ "wait_timeout": 1 });
    let result = lab.run(
        "mrp_machine",
        with(provisioned(json!({ "port": port })), &hurried),
    );
    assert_failed(&result, false);
    assert_contains(&message(&result), &["has answered since the first look"]);
    let given = provisioned(json!({ "port": port, "banner": INSTALLED }));
    lab.run_in_all_modes("mrp_machine", given);
    assert_eq!((state(&lab), lab.boots().len()), (json!("ready"), 2));
}

#[test]
fn run_that_ended_between_netboot_and_the_report_is_made_up_for() {
    let (lab, port) = start_answering_lab(json!({}));
    let options = provisioned(json!({ "port": port }));
    lab.fault(json!({ "method": "PUT", "path": STATE, "times": 0, "status": 403, "body": "" }));
    let result = lab.run("mrp_machine", options.clone());
    assert_failed(&result, true);
    assert_eq!(
        (state(&lab), &lab.server(MACHINE)["netboot_enabled"]),
        (json!("provisioning"), &json!(false))
    );
    lab.clear_faults();
    let result = lab.run_in_all_modes("mrp_machine", options);
    assert_eq!(actions(&result), ["wait", "update"]);
    assert_eq!((state(&lab), lab.boots().len()), (json!("ready"), 1));
}

#[test]
fn state_that_the_machine_reports_itself_counts_too() {
    let (lab, port) =
        start_answering_lab(json!({ "answer_installed": null, "install_result": "ready" }));
    let result = lab.run_in_all_modes("mrp_machine", provisioned(json!({ "port": port })));
    assert!(
        milestones(&result).contains(&"ready".to_owned()),
        "{result:#}"
    );
    lab.settings(json!({ "install_result": "error" }));
    let again = with(
        provisioned(json!({ "port": port })),
        &json!({ "force": true }),
    );
    let result = lab.run("mrp_machine", again);
    assert_contains(&message(&result), &["reported the state error"]);
    assert_eq!(milestones(&result).last().unwrap(), "error");
}

#[test]
fn machine_with_several_addresses_needs_the_interface() {
    let lab = start_lab();
    let options = |ready_when: Value| json!({ "id": 1, "subarch": "efi", "state": "provisioned", "ready_when": ready_when });
    lab.without_writes(|| {
        let result = lab.run("mrp_machine", options(json!({})));
        assert_contains(&message(&result), &["several", "10.40.5.11"]);
        assert_contains(
            result["hint"].as_str().unwrap(),
            &["interface", "ready_when"],
        );
        lab.assert_fails(
            "mrp_machine",
            options(json!({ "interface": "eth9" })),
            &["eth9"],
        );
    });
}

#[test]
fn dictionary_that_asks_for_nothing_possible_is_refused_before_any_request() {
    let lab = start_lab();
    for (ready_when, part) in [
        (json!({ "prot": 22 }), "'prot'"),
        (json!({ "port": 0 }), "1 to 65535"),
        (json!({ "port": "ssh" }), "1 to 65535"),
        (json!({ "host_key": "MD5:aa" }), "fingerprint"),
        (json!({ "banner": "" }), "banner"),
        (json!({ "interface": 7 }), "interface"),
        (json!("installed"), "'installed'"),
        (json!(["port"]), "dictionary"),
        (json!("{port"), "JSON"),
    ] {
        lab.assert_fails(
            "mrp_machine",
            provisioned(ready_when),
            &["ready_when", part],
        );
    }
    let options = with(provisioned(json!({})), &json!({ "wait": false }));
    lab.assert_fails("mrp_machine", options, &["ready_when", "wait"]);
    let options = json!({ "id": 2, "state": "ready", "ready_when": { "port": 22 } });
    lab.assert_fails("mrp_machine", options, &["ready_when", "state"]);
    assert!(lab.requests().is_empty());
}

#[test]
fn dictionary_may_be_a_text() {
    for text in ["port=PORT, interface=eth0", "{\"port\": PORT}"] {
        let (lab, port) = start_answering_lab(json!({}));
        let text = text.replace("PORT", &port.to_string());
        let result = lab.run("mrp_machine", provisioned(json!(text)));
        assert_eq!(result["machine"]["state"], "ready", "{result:#}");
    }
}

#[test]
fn failed_wait_for_a_report_tells_what_was_seen() {
    let (lab, _) = start_answering_lab(json!({ "install_result": "never" }));
    let hurried = json!({ "wait_timeout": 0.5 });
    let result = lab.run(
        "mrp_machine",
        with(provisioned(json!("reported")), &hurried),
    );
    assert_failed(&result, true);
    assert_contains(
        &message(&result),
        &["last state seen was provisioning", "no new lease seen"],
    );
    assert_eq!(milestones(&result), ["ordered"]);
    assert_eq!(result["milestones"][0]["seconds"], 0.0);
    assert_eq!(result["milestones"][0]["time"].as_str().unwrap().len(), 20);
}

#[test]
fn machine_that_fetched_no_kernel_is_told_by_the_lease_that_was_not_seen() {
    let (lab, port) = start_answering_lab(json!({ "answer_old": OLD, "reset_seconds": 0.3 }));
    lab.settings(json!({ "boot_seconds": 1000 }));
    let more = json!({ "wait_timeout": 2 });
    let result = lab.run(
        "mrp_machine",
        with(provisioned(json!({ "port": port })), &more),
    );
    assert_failed(&result, true);
    assert_contains(&message(&result), &["does not answer", "no new lease seen"]);
    assert_eq!(milestones(&result), ["ordered", "gone"]);
    assert_eq!(lab.boots()[0].kernel, None);
}

/// What one machine of the rack does.
#[derive(Clone, Copy, PartialEq)]
enum Fate {
    Installs,
    NeverAnswers,
    StaysInInstaller,
    StaysInOldSystem,
}

#[test]
fn of_200_machines_exactly_those_that_are_installed_are_ready() {
    const COUNT: usize = 200;
    let lab = start_lab();
    let fates: Vec<Fate> = (0..COUNT)
        .map(|index| match index % 20 {
            7 => Fate::NeverAnswers,
            11 => Fate::StaysInInstaller,
            13 => Fate::StaysInOldSystem,
            _ => Fate::Installs,
        })
        .collect();
    let mut settings = serde_json::Map::new();
    let mut machines = Vec::new();
    for (index, fate) in fates.iter().enumerate() {
        let (name, mac) = (
            format!("rack-{index:03}"),
            format!("52:54:77:00:00:{index:02x}"),
        );
        let address = format!("127.2.{}.{}", index / 100, index % 100 + 1);
        lab.add_machine(json!({
            "name": name, "assignee": "alice", "interfaces": [{ "mac": mac, "network": "lab" }],
        }));
        lab.lease(&json!({ "mac": mac, "ipv4": address, "duration": 3600 }));
        settings.insert(
            name.clone(),
            match fate {
                Fate::Installs => json!({}),
                Fate::NeverAnswers => {
                    json!({ "install_result": "never", "answer_installer": null })
                }
                Fate::StaysInInstaller => json!({ "install_result": "never" }),
                Fate::StaysInOldSystem => json!({ "reset_seconds": 1000 }),
            },
        );
        machines.push(json!({ "name": name }));
    }
    let port = free_port();
    lab.settings(json!({
        "install_result": "silent", "answer_port": port, "answer_old": OLD, "answer_installer": INSTALLER,
        "answer_installed": INSTALLED, "machines": settings,
    }));
    lab.run(
        "mrp_power",
        json!({ "state": "on", "machines": machines, "wait": false }),
    );
    let before = lab.requests().len();
    let result = lab.run(
        "mrp_machine",
        json!({
            "machines": machines, "subarch": "efi", "kernel_id": 3, "state": "provisioned", "wait_interval": 5,
            "wait_timeout": 40, "ready_when": { "port": port, "banner": "SSH-2.0-installed" },
        }),
    );
    let results = result["results"].as_array().unwrap();
    let mut waited_in_vain = Vec::new();
    for ((index, fate), result) in fates.iter().enumerate().zip(results) {
        let state = lab.server_object("machine", "name", &format!("rack-{index:03}"));
        let path = format!("/api/v1/machine/{}/state", state["id"]);
        let state = lab.server(&path)["state"].clone();
        if *fate != Fate::Installs {
            waited_in_vain.push(path);
        }
        let failed = result["failed"] == true;
        let expected = if *fate == Fate::Installs {
            "ready"
        } else {
            "provisioning"
        };
        assert_eq!(
            (state, failed),
            (json!(expected), *fate != Fate::Installs),
            "{index}: {result:#}"
        );
        let seen = match fate {
            Fate::Installs => continue,
            Fate::NeverAnswers => "does not answer",
            Fate::StaysInInstaller => "as 'SSH-2.0-installer'",
            Fate::StaysInOldSystem => "as 'SSH-2.0-old'",
        };
        assert_contains(&message(result), &["was not ready within 40 s", seen]);
    }
    // One deadline: when the first of them is given up, the others are not looked at for another wait.
    let asked = lab.requests()[before..].to_vec();
    let looks = |path: &String| {
        let looks = asked.iter().enumerate();
        looks
            .filter(|(_, one)| one.by == "client" && one.method == "GET" && one.path == *path)
            .map(|(place, _)| place)
            .collect::<Vec<usize>>()
    };
    let looks: Vec<Vec<usize>> = waited_in_vain.iter().map(looks).collect();
    let first_end = looks.iter().filter_map(|looks| looks.last()).min().unwrap();
    for (path, looks) in waited_in_vain.iter().zip(&looks) {
        let later = looks.iter().filter(|place| *place > first_end).count();
        assert!(
            later <= 2 && looks.len() > 5,
            "{path}: {later} of {} looks",
            looks.len()
        );
    }
    assert_eq!(waited_in_vain.len(), COUNT * 3 / 20);
    // Of the requests for one machine, those of its wait are two a look, and the pauses between looks grow to 5 s.
    let requests = lab.requests()[before..]
        .iter()
        .filter(|request| request.by == "client")
        .count();
    println!("{requests} requests for {COUNT} machines");
    assert!(requests < COUNT * 40, "{requests} requests");
    assert_eq!(lab.boots().len(), COUNT);
}
