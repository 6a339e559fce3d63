//! Every command: what it prints and writes, with and without `--check`, `--diff` and `--json`.

use std::collections::BTreeSet;

use mrp_test_support::module::ModuleRun;
use mrp_test_support::{TOKEN, TestLab, assert_contains};
use serde_json::{Value, json};

use crate::start_lab;

use crate::help_pages;

/// A command line, and the module with the same effect.
struct Case {
    line: &'static str,
    /// The module and its options. None where no module has the same effect.
    module: Option<(&'static str, &'static str)>,
    /// Parts of what is printed.
    shows: &'static [&'static str],
    effect: Effect,
}

/// What a command does on the server.
#[derive(Clone, Copy, PartialEq)]
enum Effect {
    /// Only reads.
    Reads,
    /// Writes in the first run only.
    Writes,
    /// Writes in every run.
    WritesAgain,
    /// Sends a request that writes, and is not a change.
    Opens,
}

const CASES: &[Case] = &[
    Case {
        line: "image list --arch arm64 --type Kernel",
        module: Some(("mrp_image_info", r#"{"arch": "arm64", "type": "Kernel"}"#)),
        shows: &["DESCRIPTION", "UPLOAD DATE", "alice test kernel"],
        effect: Effect::Reads,
    },
    Case {
        line: "image show 'alice test*'",
        module: Some(("mrp_image_info", r#"{"description": "alice test*"}"#)),
        shows: &["known_good   no", "alice/Image-test.00000005"],
        effect: Effect::Reads,
    },
    Case {
        line: "image upload vmlinuz --description 'my kernel' --type Kernel --arch arm64 --public",
        module: Some((
            "mrp_image",
            r#"{"path": "vmlinuz", "description": "my kernel", "type": "Kernel", "arch": "arm64", "public": true}"#,
        )),
        shows: &["uploa", "'my kernel'"],
        effect: Effect::Writes,
    },
    Case {
        line: "image delete 'alice test initrd' --type Initrd --arch arm64",
        module: Some((
            "mrp_image",
            r#"{"description": "alice test initrd", "type": "Initrd", "arch": "arm64", "state": "absent"}"#,
        )),
        shows: &["image 12 'alice test initrd'"],
        effect: Effect::Writes,
    },
    Case {
        line: "preseed list",
        module: Some(("mrp_preseed_info", "{}")),
        shows: &["NAME", "debian-std"],
        effect: Effect::Reads,
    },
    Case {
        line: "preseed show alice-seed --content",
        module: Some((
            "mrp_preseed_info",
            r#"{"name": "alice-seed", "content": true}"#,
        )),
        shows: &["description", "alice private seed"],
        effect: Effect::Reads,
    },
    Case {
        line: "preseed render debian-std --machine moonshot-c1",
        module: None,
        shows: &["get_hostname string moonshot-c1\n"],
        effect: Effect::Reads,
    },
    Case {
        line: "preseed upload seed --name ci-seed --description 'for ci'",
        module: Some((
            "mrp_preseed",
            r#"{"path": "seed", "name": "ci-seed", "description": "for ci"}"#,
        )),
        shows: &["preseed 'ci-seed'"],
        effect: Effect::Writes,
    },
    Case {
        line: "preseed delete alice-seed",
        module: Some((
            "mrp_preseed",
            r#"{"name": "alice-seed", "state": "absent"}"#,
        )),
        shows: &["preseed 'alice-seed'"],
        effect: Effect::Writes,
    },
    Case {
        line: "machine list --mine --gather state,power",
        module: Some((
            "mrp_machine_info",
            r#"{"mine": true, "gather": ["state", "power"]}"#,
        )),
        shows: &["POWER", "qdc01"],
        effect: Effect::Reads,
    },
    Case {
        line: "machine show qdc01 qdc02",
        module: Some((
            "mrp_machine_info",
            r#"{"names": ["qdc01", "qdc02"], "gather": ["state", "interfaces", "assignees"]}"#,
        )),
        shows: &[
            "name             qdc01",
            "52:54:00:00:02:01  10.40.5.12",
            "alice (ci)",
        ],
        effect: Effect::Reads,
    },
    Case {
        line: "machine configure qdc01 --kernel 'alice test kernel' --netboot",
        module: Some((
            "mrp_machine",
            r#"{"name": "qdc01", "state": "configured", "kernel": "alice test kernel", "netboot": true}"#,
        )),
        shows: &["machine 'qdc01'", "'alice test kernel' (image 5)"],
        effect: Effect::Writes,
    },
    Case {
        line: "machine provision qdc01 --kernel 'debian-installer kernel' --initrd 'debian-installer initrd' \
               --preseed debian-std --wait-interval 0.01",
        module: Some((
            "mrp_machine",
            r#"{"name": "qdc01", "state": "provisioned", "kernel": "debian-installer kernel",
                "initrd": "debian-installer initrd", "preseed": "debian-std", "wait_interval": 0.01}"#,
        )),
        shows: &[
            "machine 'qdc01'",
            "'debian-installer kernel'",
            "'debian-std' (preseed ",
        ],
        effect: Effect::Writes,
    },
    Case {
        line: "machine report qdc01 --state ready",
        module: Some(("mrp_machine", r#"{"name": "qdc01", "state": "ready"}"#)),
        shows: &["machine 'qdc01'"],
        effect: Effect::Writes,
    },
    Case {
        line: "machine wait x86-1 --wait-timeout 0.05 --wait-interval 0.01",
        module: None,
        shows: &[],
        effect: Effect::Reads,
    },
    Case {
        line: "power show qdc01 qdc02",
        module: Some((
            "mrp_machine_info",
            r#"{"names": ["qdc01", "qdc02"], "gather": ["power"]}"#,
        )),
        shows: &["qdc01  on", "qdc02  off"],
        effect: Effect::Reads,
    },
    Case {
        line: "power on qdc02 --wait-interval 0.01",
        module: Some((
            "mrp_power",
            r#"{"name": "qdc02", "state": "on", "wait_interval": 0.01}"#,
        )),
        shows: &["switch", "qdc02 (it "],
        effect: Effect::Writes,
    },
    Case {
        line: "power off qdc01 --wait-interval 0.01",
        module: Some((
            "mrp_power",
            r#"{"name": "qdc01", "state": "off", "wait_interval": 0.01}"#,
        )),
        shows: &["switch", "qdc01 (it "],
        effect: Effect::Writes,
    },
    Case {
        line: "power reboot qdc01 --boot disk",
        module: Some((
            "mrp_power",
            r#"{"name": "qdc01", "state": "rebooted", "boot": "disk"}"#,
        )),
        shows: &["reboot", "qdc01"],
        effect: Effect::WritesAgain,
    },
    Case {
        line: "interface list qdc01",
        module: Some((
            "mrp_machine_info",
            r#"{"names": ["qdc01"], "gather": ["interfaces"]}"#,
        )),
        shows: &["MACHINE", "eth0", "52:54:00:00:02:01"],
        effect: Effect::Reads,
    },
    Case {
        line: "interface set qdc01 eth0 --config-type-v4 static --ipv4 auto",
        module: Some((
            "mrp_interface",
            r#"{"name": "qdc01", "interface": "eth0", "config_type_v4": "static", "ipv4": "auto"}"#,
        )),
        shows: &["interface 'eth0' of machine 'qdc01'"],
        effect: Effect::Writes,
    },
    Case {
        line: "net show qdc01 --interface eth1,eth0",
        module: Some((
            "mrp_network_facts",
            r#"{"machines": ["qdc01"], "interface": ["eth1", "eth0"]}"#,
        )),
        shows: &["IPV4", "10.40.5.12"],
        effect: Effect::Reads,
    },
    Case {
        line: "reserve d05-free --reason 'CI run 7'",
        module: Some((
            "mrp_reservation",
            r#"{"name": "d05-free", "state": "present", "reason": "CI run 7"}"#,
        )),
        shows: &["d05-free for 'CI run 7'", "d05-free (arm64)"],
        effect: Effect::Writes,
    },
    Case {
        line: "release qdc01",
        module: Some(("mrp_reservation", r#"{"name": "qdc01", "state": "absent"}"#)),
        shows: &["machine 'qdc01'"],
        effect: Effect::Writes,
    },
    Case {
        line: "console qdc01 --address",
        module: Some(("mrp_console", r#"{"name": "qdc01"}"#)),
        shows: &["console"],
        effect: Effect::Opens,
    },
    Case {
        line: "lab status",
        module: None,
        shows: &["NAME", "HOLDER", "alice (ci)"],
        effect: Effect::Reads,
    },
    Case {
        line: "whoami",
        module: None,
        shows: &["alice", "qdc01"],
        effect: Effect::Reads,
    },
    Case {
        line: "inventory --scope mine --interface eth1",
        module: None,
        shows: &["_meta"],
        effect: Effect::Reads,
    },
];

impl Case {
    /// A lab in which the command succeeds.
    fn start_lab(&self) -> TestLab {
        let lab = start_lab();
        lab.settings(json!({ "reservations": "stored", "install_seconds": 0 }));
        lab.write("vmlinuz", "the bytes of a kernel");
        lab.write("seed", "d-i one\n");
        if self.line.starts_with("machine wait") {
            let line =
                "--mrp-token=admin-token machine report x86-1 --state ready --allow-unassigned";
            lab.mrp_ok(line);
        }
        lab
    }

    fn writes(&self) -> bool {
        matches!(self.effect, Effect::Writes | Effect::WritesAgain)
    }
}

#[test]
fn every_command_has_a_case() {
    let cases: BTreeSet<String> = CASES
        .iter()
        .map(|case| {
            let all = help_pages::commands();
            let found = all.iter().find(|command| {
                let rest = case.line.strip_prefix(command.as_str());
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
            });
            found.cloned().unwrap_or_else(|| panic!("{}", case.line))
        })
        .collect();
    assert_eq!(cases, help_pages::commands());
}

#[test]
fn every_command_changes_something_only_the_first_time() {
    for case in CASES {
        let lab = case.start_lab();
        let before = lab.writes().len();
        let printed = lab.mrp_ok(case.line);
        if case.effect != Effect::Opens {
            assert_contains(&printed, case.shows);
        }
        assert!(!printed.contains("would "), "{printed}");
        let written = lab.writes().len() > before;
        assert_eq!(written, case.effect != Effect::Reads, "{}", case.line);
        if case.effect == Effect::Writes {
            let again = lab.without_writes(|| lab.mrp_ok(case.line));
            let is_said = again.contains("nothing to do") || again.ends_with(" already\n");
            assert!(is_said, "{again}");
        }
    }
}

#[test]
fn check_reports_what_would_be_done_and_writes_nothing() {
    for case in CASES.iter().filter(|case| case.effect != Effect::Reads) {
        let lab = case.start_lab();
        let printed = lab.mrp_ok(&format!("{} --check", case.line));
        assert_contains(&printed, case.shows);
        assert_eq!(printed.contains("would "), case.writes(), "{printed}");
        assert_eq!(lab.writes().len(), 0, "{} wrote", case.line);
        let before = format!("--check {} --diff", case.line);
        let differs = ["\n--- ", "\n+++ ", "\n+"]
            .iter()
            .all(|part| lab.mrp_ok(&before).contains(part));
        assert_eq!(differs, case.writes(), "{}", lab.mrp_ok(&before));
        assert_eq!(lab.writes().len(), 0, "{} wrote", case.line);
    }
}

#[test]
fn diff_shows_the_difference_of_every_change() {
    for case in CASES.iter().filter(|case| case.writes()) {
        let printed = case.start_lab().mrp_ok(&format!("{} --diff", case.line));
        assert_contains(&printed, &["\n--- ", "\n+++ ", "\n+"]);
        assert!(!printed.contains("would "), "{printed}");
    }
}

/// Both run in a lab of their own. The labs differ in ports, times and random names only.
#[test]
fn json_is_the_result_of_the_module() {
    let modes = [
        ("", json!({})),
        (" --check", json!({ "_ansible_check_mode": true })),
        (" --diff", json!({ "_ansible_diff": true })),
        (
            " --check --diff",
            json!({ "_ansible_check_mode": true, "_ansible_diff": true }),
        ),
    ];
    for case in CASES {
        let Some((module, options)) = case.module else {
            continue;
        };
        for (switches, mode) in &modes {
            if case.effect == Effect::Reads && switches.contains("diff") {
                continue;
            }
            let lab = case.start_lab();
            let json = lab.mrp_ok(&format!("{} --json {switches}", case.line));
            let mut printed: Value = serde_json::from_str(&json).unwrap();
            let options = serde_json::from_str(options).unwrap();
            let mut result = module_result(&case.start_lab(), module, options, mode);
            result.as_object_mut().unwrap().remove("invocation");
            for value in [&mut printed, &mut result] {
                normalise(value);
            }
            assert_eq!(printed, result, "mrp {}{switches}", case.line);
        }
    }
}

/// The result of a module on these options, in the folder that the command line is run in.
fn module_result(lab: &TestLab, module: &str, mut options: Value, mode: &Value) -> Value {
    let arguments = options.as_object_mut().unwrap();
    arguments.insert("mrp_url".into(), json!(lab.url()));
    arguments.insert("mrp_token".into(), json!(TOKEN));
    arguments.extend(mode.as_object().unwrap().clone());
    let mut run = ModuleRun::new(env!("CARGO_BIN_EXE_mrp-ansible"), module, &options);
    run.command.current_dir(lab.path(""));
    run.result()
}

fn normalise(value: &mut Value) {
    match value {
        // The server appends random characters to the file name of an upload.
        Value::String(text) if text.contains(".s256-") => {
            text.truncate(text.rfind('.').unwrap());
        }
        Value::Array(items) => items.iter_mut().for_each(normalise),
        Value::Object(fields) => {
            for (key, field) in fields {
                match key.as_str() {
                    "upload_date" | "date" | "url" | "port" | "token" | "waited" | "elapsed"
                    // What was seen on the way depends on when it was looked.
                    | "milestones" => {
                        *field = json!("differs");
                    }
                    _ => normalise(field),
                }
            }
        }
        _ => {}
    }
}
