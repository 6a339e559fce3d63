//! A call of a module and its result, without a program around them.

use std::time::Duration;

use mr_provisioner::ansible::{
    Call, Diff, Failure, Kind, Module, ModuleSpec, Opt, OptionStyle, Success,
};
use mr_provisioner::client::ProgressEvent;
use serde::Deserialize;
use serde_json::{Map, Value, json};

static SPEC: ModuleSpec = ModuleSpec {
    name: "mrp_test",
    options: &[
        &[Opt::new("size", Kind::Int), Opt::new("name", Kind::Str)],
        &[
            Opt::new("retries", Kind::Int).default_int(3),
            Opt::new("delay", Kind::Float).default_float("0.50"),
        ],
    ],
    ..ModuleSpec::EMPTY
};

#[derive(Debug, PartialEq, Deserialize)]
struct TestOptions {
    size: Option<u64>,
    name: Option<String>,
    #[serde(flatten)]
    connection: Connection,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Connection {
    retries: u32,
    delay: f64,
}

fn options(size: Value) -> TestOptions {
    let options = Map::from_iter([("size".to_owned(), size)]);
    Call::new(&SPEC, &options).unwrap().options()
}

#[test]
fn options_fit_structures_even_nested_ones() {
    let connection = Connection {
        retries: 3,
        delay: 0.5,
    };
    assert_eq!(
        options(json!("12345678901")),
        TestOptions {
            size: Some(12_345_678_901),
            name: None,
            connection
        }
    );
}

#[test]
#[should_panic(expected = "the options do not fit the module's structure")]
fn options_that_do_not_fit_are_a_mistake() {
    options(json!(-1));
}

#[test]
fn result_of_a_failure_says_so_whatever_its_fields_are() {
    let failure = Failure {
        hint: Some("Try again.".to_owned()),
        partial: Success {
            fields: Map::from_iter([
                ("failed".to_owned(), "no".into()),
                ("changed".to_owned(), "no".into()),
            ]),
            ..Success::default()
        },
        server_response: Some("<h1>".to_owned()),
        ..Failure::new("It broke.")
    };
    let mut result = json!({
        "failed": true, "changed": false, "msg": "It broke. Try again.", "hint": "Try again.",
    });
    let call = Call::default();
    assert_eq!(call.result(&SPEC, Err(failure.clone())), result);
    result["server_response"] = "<h1>".into();
    let call = call.in_mode(false, false, 3);
    assert_eq!(call.result(&SPEC, Err(failure)), result);
}

#[test]
fn differences_are_shown_in_diff_mode_only() {
    let success = Success {
        changed: true,
        diff: vec![Diff {
            after: "x".to_owned(),
            ..Diff::default()
        }],
        ..Success::default()
    };
    let mut result = json!({"changed": true});
    let call = Call::default();
    assert_eq!(call.result(&SPEC, Ok(success.clone())), result);
    result["diff"] =
        json!([{"before_header": "", "after_header": "", "before": "", "after": "x\n"}]);
    let call = call.in_mode(false, true, 0);
    assert_eq!(call.result(&SPEC, Ok(success)), result);
}

/// The failure of a module that sends one request, and fails.
fn failure(call: &Call) -> Failure {
    let run = |call: &Call| {
        call.progress.report(&ProgressEvent::RequestEnded {
            method: "GET",
            path: "/api/v1/machine",
            status: Some(503),
            elapsed: Duration::from_millis(12),
            attempt: 2,
        });
        Err(Failure {
            hint: Some("Use O(force).".to_owned()),
            ..Failure::new("O(boot) needs O(state=rebooted)")
        })
    };
    Module { spec: &SPEC, run }.answer(call).unwrap_err()
}

#[test]
fn options_are_written_in_the_style_of_the_call() {
    let mut call = Call::default();
    call.option_style = OptionStyle(|name, _| format!("--{name}"));
    let text = failure(&call).text();
    assert_eq!(text, "--boot needs --state. Use --force.");
}

#[test]
fn requests_are_returned_from_verbosity_3_on() {
    let requests = |verbosity| {
        let call = Call::default().in_mode(false, false, verbosity);
        failure(&call).partial.fields.get("requests").cloned()
    };
    let request = json!({
        "method": "GET", "path": "/api/v1/machine", "status": 503, "milliseconds": 12, "attempt": 2,
    });
    assert_eq!(requests(2), None);
    assert_eq!(requests(3), Some(json!([request])));
}

#[test]
fn options_in_messages_are_written_as_in_a_playbook() {
    for (message, expected) in [
        (
            "act all the same with the option O(force).",
            "act all the same with the option force.",
        ),
        (
            "O(netboot_when_ready) needs O(wait=true)",
            "netboot_when_ready needs wait: true",
        ),
        (
            "there is no image 'C(x)' of the BMC(s) in model O(1) of O(MY LAB)",
            "there is no image 'C(x)' of the BMC(s) in model O(1) of O(MY LAB)",
        ),
    ] {
        assert_eq!(OptionStyle::default().render(message), expected);
    }
}

#[test]
fn marks_in_documentation_are_replaced_by_their_contents() {
    assert_eq!(
        OptionStyle::default()
            .render_documentation("V(ready), C((= arch \"arm64\")) (a note) and RV(plan)"),
        "ready, (= arch \"arm64\") (a note) and plan"
    );
}
