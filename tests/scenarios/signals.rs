//! Runs that end by a signal while the server has not answered yet.

use std::io::{PipeReader, PipeWriter, Read, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use mrp_test_support::module::parse_result;
use mrp_test_support::{TestLab, assert_contains, column, message};
use serde_json::{Value, json};

use crate::start_lab;

/// What a pipe holds on Linux.
const PIPE_SIZE: usize = 65_536;

const STATE: &str = "/api/v1/machine/2/state";

/// The result of a run that is stopped once the lab has seen this many requests.
fn stopped_after(requests: usize, lab: &TestLab, module: &str, options: Value) -> Value {
    let mut run = lab.module_run(module, options);
    let child = run.command.spawn().unwrap();
    lab.wait_for_requests(requests);
    let kill = Command::new("kill").arg(child.id().to_string()).status();
    assert!(kill.unwrap().success());
    parse_result(&child.wait_with_output().unwrap())
}

#[test]
fn write_without_an_answer_is_reported_as_under_way_when_the_run_is_stopped() {
    let lab = start_lab();
    let slow = json!({"method": "POST", "path": "/api/v1/preseed", "delay": 60.0});
    lab.fault(slow);
    let options = json!({"name": "seed-9", "content": "x\n"});
    let result = stopped_after(2, &lab, "mrp_preseed", options);
    assert_contains(
        &message(&result),
        &[
            "stopped by SIGTERM",
            "No step had been completed",
            "'seed-9': create was under way and may have taken effect.",
        ],
    );
    assert_eq!(result["changed"], true);
    assert_eq!(result["not_done"][0]["action"], "create");
}

/// A pipe that takes nothing more until it is read.
fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(&[b' '; PIPE_SIZE]).unwrap();
    (reader, writer)
}

/// The result of a run that is stopped at a request, and whose result is read only after all requests were answered.
fn stopped_before_its_result_is_printed(
    lab: &TestLab,
    module: &str,
    options: Value,
    is_due: fn(&mrp_lab::Lab) -> bool,
) -> Value {
    let mut run = lab.module_run(module, options);
    let (mut reader, writer) = full_pipe();
    run.command.stdout(writer);
    let mut child = run.command.spawn().unwrap();
    // The command holds the other end of the pipe.
    run.command.stdout(Stdio::null());
    lab.wait_until("the request is there", is_due);
    let kill = Command::new("kill").arg(child.id().to_string()).status();
    assert!(kill.unwrap().success());
    lab.wait_until("the requests are answered", |lab| {
        let requests = lab.requests();
        requests.iter().all(|request| request.status.is_some())
    });
    // What would be begun now needs a moment to arrive.
    std::thread::sleep(Duration::from_millis(500));
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    child.wait().unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn nothing_is_begun_after_a_signal_although_its_result_cannot_be_printed_yet() {
    let lab = start_lab();
    // The last request of the plan is answered after the signal.
    lab.fault(json!({ "method": "GET", "path": "/api/v1/preseed", "delay": 1.0 }));
    let options = json!({ "name": "seed-9", "content": "x\n" });
    let result = stopped_before_its_result_is_printed(&lab, "mrp_preseed", options, |lab| {
        lab.requests().len() == 1
    });
    assert_eq!(
        message(&result),
        "mrp_preseed was stopped by SIGTERM. No step had been completed."
    );
    assert_eq!(result["changed"], false);
    lab.assert_no_writes();
}

#[test]
fn step_after_the_one_that_was_under_way_is_not_begun_after_a_signal() {
    let lab = start_lab();
    lab.fault(json!({ "method": "PUT", "path": "/api/v1/machine/1", "delay": 1.0 }));
    let machines = json!([{ "id": 1 }, { "id": 2 }]);
    let options = json!({ "kernel_opts": "quiet", "machines": machines });
    let result = stopped_before_its_result_is_printed(&lab, "mrp_machine", options, |lab| {
        !lab.writes().is_empty()
    });
    assert_contains(
        &message(&result),
        &[
            "No step had been completed",
            "machine 'moonshot-c1': update was under way",
        ],
    );
    assert_eq!(
        column(&result["not_done"], "target"),
        ["machine 'moonshot-c1'"]
    );
    assert_eq!(lab.written(), ["PUT /api/v1/machine/1"]);
}

#[test]
fn step_that_has_only_read_when_the_run_is_stopped_is_no_change() {
    let lab = start_lab();
    let mut options = json!({ "id": 2, "subarch": "efi", "kernel_id": 3 });
    lab.run("mrp_machine", options.clone());
    options["state"] = json!("provisioned");
    options["wait"] = json!(false);
    // The task looks at the state when it plans, and just before the order.
    lab.fault(json!({ "method": "GET", "path": STATE, "nth": 2, "delay": 1.0 }));
    fn is_at_the_look_before_the_order(lab: &mrp_lab::Lab) -> bool {
        let requests = lab.requests();
        let looks = requests.iter().filter(|request| request.path == STATE);
        looks.count() == 3
    }
    let result = lab.without_writes(|| {
        stopped_before_its_result_is_printed(
            &lab,
            "mrp_machine",
            options,
            is_at_the_look_before_the_order,
        )
    });
    assert_eq!(
        message(&result),
        "mrp_machine was stopped by SIGTERM. No step had been completed."
    );
    assert_eq!(result["changed"], false);
}

#[test]
fn console_is_not_opened_after_a_signal() {
    let lab = start_lab();
    lab.fault(json!({ "method": "GET", "path": "/api/v1/machine", "nth": 3, "delay": 1.0 }));
    let result = stopped_before_its_result_is_printed(
        &lab,
        "mrp_console",
        json!({ "name": "qdc01" }),
        |lab| lab.requests().len() == 3,
    );
    assert_contains(
        &message(&result),
        &["stopped by SIGTERM", "No step had been completed"],
    );
    lab.assert_no_writes();
}

#[test]
fn failed_step_that_may_have_taken_effect_is_told_after_a_signal_too() {
    let lab = start_lab();
    lab.fault(json!([
        { "method": "PUT", "path": "/api/v1/machine/1", "status": 500 },
        { "method": "GET", "path": "/api/v1/machine/1", "nth": 2, "status": 500 },
        { "method": "PUT", "path": "/api/v1/machine/2", "delay": 1.0 },
    ]));
    let machines = json!([{ "id": 1 }, { "id": 2 }]);
    let options = json!({ "kernel_opts": "quiet", "machines": machines });
    let result = stopped_before_its_result_is_printed(&lab, "mrp_machine", options, |lab| {
        lab.writes().len() == 2
    });
    assert_contains(
        &message(&result),
        &[
            "machine 'moonshot-c1': update failed and may have taken effect.",
            "machine 'qdc01': update was under way and may have taken effect.",
        ],
    );
    assert_eq!(
        column(&result["not_done"], "target"),
        ["machine 'moonshot-c1'", "machine 'qdc01'"]
    );
}

#[test]
fn read_back_of_the_step_under_way_is_not_sent_after_a_signal() {
    let lab = start_lab();
    lab.fault(json!({ "method": "POST", "path": "/api/v1/preseed", "delay": 1.0 }));
    let options = json!({ "name": "seed-9", "content": "x\n" });
    let is_due = |lab: &mrp_lab::Lab| lab.requests().iter().any(|one| one.method == "POST");
    let result = stopped_before_its_result_is_printed(&lab, "mrp_preseed", options, is_due);
    assert_contains(&message(&result), &["create was under way"]);
    let requests = lab.requests();
    assert_eq!(requests.last().unwrap().method, "POST", "{requests:?}");
}
