//! The result of a run: one object whatever the arguments file and the output are, without secrets.

use std::fs::OpenOptions;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::harness::{run, run_with_text, run_without_file};

const SECRET: &str = "canary-7531";

fn probe(args: &Value) -> Value {
    run("mrp_probe", args).result()
}

#[test]
fn the_file_name_decides_which_module_it_is() {
    let result = run(
        "mrp_rules.bin",
        &json!({"a": 1, "_ansible_module_name": "acme.mrp.mrp_probe"}),
    )
    .result();
    assert_eq!(result["options"]["a"], "1");
}

#[test]
fn the_task_decides_where_the_file_name_does_not() {
    let result = run(
        "renamed",
        &json!({"a": 1, "_ansible_module_name": "acme.mrp.mrp_rules"}),
    )
    .result();
    assert_eq!(result["options"]["a"], "1");
    let result = run("renamed", &json!({"a": 1})).result();
    assert_eq!(
        result["msg"],
        "This program has no module named 'renamed'. \
         Give its file the name of one of its modules: mrp_probe, mrp_rules."
    );
}

#[test]
fn a_missing_or_broken_file_is_a_failure_like_any_other() {
    let result = run_without_file("mrp_probe").result();
    assert_eq!(result["failed"], true);
    let mut missing = run_without_file("mrp_probe");
    missing.command.arg("/does/not/exist");
    assert_eq!(
        missing.result()["msg"],
        "Cannot read the arguments file /does/not/exist: No such file or directory."
    );
    for text in [
        "",
        "[]",
        "null",
        "{",
        "{\"token\": \"canary-7531\" x}",
        "{\"token\": \"canary-7531\", \"\\ud800\": 1}",
    ] {
        let result = run_with_text("mrp_probe", text).result();
        assert_eq!(result["failed"], true, "{text}");
        assert!(!result.to_string().contains(SECRET), "{result}");
    }
}

#[test]
fn numbers_that_are_not_json_survive() {
    for (text, expected) in [
        ("NaN", "nan"),
        ("Infinity", "inf"),
        ("-Infinity", "-inf"),
        (
            "123456789012345678901234567890",
            "123456789012345678901234567890",
        ),
        (r#""NaN \"Infinity\\""#, "NaN \"Infinity\\"),
    ] {
        let text = format!(
            r#"{{"NaN": 1, "content": {text}, "name": NaN, "_ansible_ignore_unknown_opts": true}}"#
        );
        let result = run_with_text("mrp_probe", &text).result();
        assert_eq!(result["options"]["content"], expected, "{text}");
        assert_eq!(result["options"]["name"], "nan", "{text}");
    }
}

#[test]
fn the_contents_of_a_broken_arguments_file_are_not_repeated() {
    for (text, beginning) in [
        (
            r#"{"mrp_token": "hunter2", oops}"#,
            "The arguments file that Ansible gave is not valid JSON: ",
        ),
        (
            "[1]",
            "The arguments file that Ansible gave does not hold a JSON object.",
        ),
        (
            r#"{"_ansible_check_mode": "perhaps"}"#,
            "_ansible_check_mode: The value",
        ),
    ] {
        let result = run_with_text("mrp_probe", text).result();
        let message = result["msg"].as_str().unwrap();
        assert!(message.starts_with(beginning), "{message}");
        assert!(
            !message.contains("hunter2") && !message.contains("oops"),
            "{message}"
        );
    }
}

#[test]
fn keys_of_ansible_are_no_options() {
    let args = json!({
        "name": "x", "_ansible_check_mode": true, "_ansible_diff": false, "_ansible_verbosity": 3,
        "_ansible_module_name": "acme.mrp.mrp_probe", "_ansible_of_tomorrow": {"x": 1},
    });
    let result = run("renamed", &args).result();
    assert_eq!(
        result["options"],
        json!({"name": "x", "action": "echo", "state": "present", "ratio": 0.5, "force": false})
    );
    assert_eq!(result["check_mode"], true);
    assert!(result.get("diff").is_none() && result.get("requests").is_some());
}

#[test]
fn check_and_diff_mode_reach_the_module() {
    let result = probe(&json!({"name": "x", "_ansible_check_mode": true, "_ansible_diff": true}));
    assert_eq!(result["check_mode"], true);
    assert_eq!(
        result["diff"],
        json!([{"before_header": "server", "after_header": "playbook", "before": "one\n", "after": "two\n"}])
    );
    assert!(probe(&json!({"name": "x"})).get("diff").is_none());
}

#[test]
fn the_invocation_shows_everything_but_secrets_where_the_release_shows_it() {
    let args = json!({
        "name": "x", "key": SECRET, "content": "long", "_ansible_version": "2.20.10",
    });
    let hidden = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER";
    assert_eq!(
        probe(&args)["invocation"],
        json!({"module_args": {
            "name": "x", "action": "echo", "state": "present", "power": null, "size": null, "ratio": 0.5,
            "force": false, "content": hidden, "file": null, "tags": null, "numbers": null,
            "token": hidden, "key": hidden,
        }})
    );
    for (version, inject, shown) in [
        (None, None, true),
        (Some("2.9.27"), None, true),
        (Some("2.21.5"), Some(false), false),
        (Some("2.21.5"), Some(true), true),
        (Some("2.21.0rc1"), Some(true), true),
        (Some("2.22.0.dev0"), None, false),
    ] {
        let args =
            json!({"name": "x", "_ansible_version": version, "_ansible_inject_invocation": inject});
        assert_eq!(probe(&args).get("invocation").is_some(), shown, "{args}");
    }
}

#[test]
fn no_secret_is_printed_whatever_happens() {
    for action in ["echo", "fail", "panic"] {
        let args = json!({
            "name": format!("the {SECRET} in a name"), "token": SECRET, "action": action,
            "content": {SECRET: [SECRET]}, "size": 5, "_ansible_verbosity": 4, "_ansible_diff": true,
        });
        let result = probe(&args);
        assert!(!result.to_string().contains(SECRET), "{result}");
    }
    let mut named = run("mrp_probe", &json!({"name": format!("<{SECRET}>")}));
    named.command.env("PROBE_TOKEN", SECRET);
    assert_eq!(named.result()["options"]["name"], "<********>");
    let result = probe(&json!({"name": "x", "token": SECRET, "size": SECRET}));
    assert_eq!(
        result["msg"],
        "argument 'size' is of type str and we were unable to convert to int: \
         \"'********'\" cannot be converted to an int"
    );
}

#[test]
fn a_short_secret_does_not_break_the_result() {
    let result = probe(&json!({"name": "x", "token": "a"}));
    assert_eq!(result["changed"], true);
    assert_eq!(result["invocation"]["module_args"]["name"], "x");
}

#[test]
fn a_failure_carries_its_hint_and_at_high_verbosity_the_answer_of_the_server() {
    let result = probe(&json!({"name": "x", "token": SECRET, "action": "fail"}));
    assert_eq!(result["msg"], "The probe failed for x. Look at ********.");
    assert_eq!(result["hint"], "Look at ********.");
    assert_eq!(
        (&result["failed"], &result["changed"]),
        (&json!(true), &json!(true))
    );
    assert!(result.get("server_response").is_none());
    let result =
        probe(&json!({"name": "x", "token": SECRET, "action": "fail", "_ansible_verbosity": 3}));
    assert_eq!(result["server_response"], "<h1>********</h1>");
}

#[test]
fn a_full_or_closed_output_fails_without_a_message() {
    let mut full = run("mrp_probe", &json!({"name": "x"}));
    let output = full
        .command
        .stdout(OpenOptions::new().write(true).open("/dev/full").unwrap())
        .output()
        .unwrap();
    assert!(
        !output.status.success() && output.stderr.is_empty(),
        "{output:?}"
    );

    let mut closed = run("mrp_probe", &json!({"name": "x", "action": "large"}));
    let mut child = closed.command.stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(
        !output.status.success() && output.stderr.is_empty(),
        "{output:?}"
    );
}
