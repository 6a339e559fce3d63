//! Panics and signals: the run still prints one result, with the steps that were done.

use std::io::Read;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use mrp_test_support::module::parse_result;
use serde_json::{Value, json};

use crate::harness::run;

#[test]
fn a_panic_is_a_failed_result() {
    let result = run(
        "mrp_probe",
        &json!({"name": "x", "token": "s3cret", "action": "panic"}),
    )
    .result();
    let message = result["msg"].as_str().unwrap();
    assert!(
        message.starts_with("Internal error in mrp_probe: this went wrong with ********"),
        "{message}"
    );
    assert!(message.contains("please report it."), "{message}");
    assert_eq!(
        (&result["failed"], &result["changed"]),
        (&json!(true), &json!(false))
    );
}

#[test]
fn a_panic_in_any_thread_is_a_failed_result() {
    let result = run(
        "mrp_probe",
        &json!({"name": "x", "action": "panic_in_thread"}),
    )
    .result();
    assert!(
        result["msg"]
            .as_str()
            .unwrap()
            .contains("the thread went wrong"),
        "{result}"
    );
}

#[test]
fn a_signal_is_a_failed_result_with_the_steps_that_were_done() {
    for signal in ["TERM", "INT", "HUP"] {
        let result = stopped_by(signal, json!({}));
        assert_eq!(
            result["msg"],
            format!("mrp_probe was stopped by SIG{signal}. One step had been completed, see plan.")
        );
        assert_eq!(
            (&result["failed"], &result["changed"]),
            (&json!(true), &json!(true))
        );
        assert_eq!(
            result["plan"],
            json!([{"action": "upload", "target": "image", "why": "<********>"}])
        );
    }
}

#[test]
fn a_signal_after_the_result_leaves_its_exit_code() {
    for _ in 0..3 {
        let mut probe = run("mrp_probe", &json!({"name": "x", "action": "large"}));
        let mut child = probe.command.spawn().unwrap();
        // The result is being printed, and is larger than a pipe.
        let mut stdout = vec![0];
        child
            .stdout
            .as_mut()
            .unwrap()
            .read_exact(&mut stdout)
            .unwrap();
        let kill = Command::new("kill").arg(child.id().to_string()).status();
        assert!(kill.unwrap().success());
        thread::sleep(Duration::from_millis(50));
        let mut output = child.wait_with_output().unwrap();
        output.stdout.splice(0..0, stdout);
        assert_eq!(parse_result(&output).get("failed"), None);
    }
}

#[test]
fn a_signal_names_the_step_under_way_that_may_have_taken_effect() {
    let result = stopped_by("TERM", json!({"force": true}));
    assert_eq!(
        result["msg"],
        "mrp_probe was stopped by SIGTERM. One step had been completed, see plan. \
         machine 'a': provision was under way and may have taken effect."
    );
    assert_eq!(result["changed"], true);
    assert_eq!(result["done"].as_array().unwrap().len(), 1);
    assert_eq!(
        result["not_done"],
        json!([{"action": "provision", "target": "machine 'a'"}])
    );
    assert_eq!(result["plan"].as_array().unwrap().len(), 2);
}

#[test]
fn a_signal_that_was_ignored_from_the_start_stays_ignored() {
    for ignored in ["INT", "HUP"] {
        let script = format!("trap '' {ignored}; exec \"$@\"");
        let result = stopped(&[ignored, "TERM"], json!({}), |run| {
            started_by(&["sh", "-c", &script, "sh"], run)
        });
        let message = result["msg"].as_str().unwrap();
        assert!(message.contains("stopped by SIGTERM"), "{message}");
    }
}

/// Restores the default of a signal. A shell that runs the tests in the background ignores some, and no shell can undo that.
const HEED: &str = "import os, signal, sys\n\
                    signal.signal(signal.Signals['SIG' + sys.argv[1]], signal.SIG_DFL)\n\
                    os.execv(sys.argv[2], sys.argv[2:])";

/// The result of a run that is sent this signal.
fn stopped_by(signal: &str, further: Value) -> Value {
    stopped(&[signal], further, |run| {
        started_by(&["python3", "-c", HEED, signal], run)
    })
}

/// The run, started by another program that gets it as its last arguments.
fn started_by(starter: &[&str], run: &Command) -> Command {
    let mut command = Command::new(starter[0]);
    command.args(&starter[1..]);
    command.arg(run.get_program()).args(run.get_args());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// The result of a run that is sent these signals, one after the other.
fn stopped(signals: &[&str], further: Value, start: impl FnOnce(&Command) -> Command) -> Value {
    let directory = tempfile::tempdir().unwrap();
    let ready = directory.path().join("ready");
    let mut args = json!({"name": "x", "token": "s3cret", "action": "wait", "file": ready,
        "_ansible_module_name": "mrp_probe"});
    let further = further.as_object().unwrap().clone();
    args.as_object_mut().unwrap().extend(further);
    let probe = run("mrp_probe", &args);
    let child = start(&probe.command).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while !ready.exists() {
        assert!(
            Instant::now() < deadline,
            "the probe did not get as far as its step"
        );
        thread::sleep(Duration::from_millis(5));
    }
    for signal in signals {
        let kill = Command::new("kill")
            .args(["-s", signal, &child.id().to_string()])
            .status()
            .unwrap();
        assert!(kill.success());
        // The first must arrive before the second.
        thread::sleep(Duration::from_millis(100));
    }
    parse_result(&child.wait_with_output().unwrap())
}
