//! Progress events of waits, as a front end receives them.

use std::sync::{Arc, Mutex};

use mr_provisioner::ansible::Call;
use mr_provisioner::client::{ProgressEvent, ProgressListener};
use mrp_test_support::{TOKEN, TestLab};
use serde_json::{Value, json};

use crate::start_lab;

/// An event of a wait: what it waits for, and the state seen; None is its end.
type WaitEvent = (String, Option<String>);

/// Runs a module in this process, and gives the events of its waits.
fn wait_events(lab: &TestLab, module: &str, mut options: Value) -> Vec<WaitEvent> {
    let given = options.as_object_mut().unwrap();
    given.insert("mrp_url".into(), json!(lab.url()));
    given.insert("mrp_token".into(), json!(TOKEN));
    let module = mr_provisioner::MODULES
        .iter()
        .find(|one| one.spec.name == module);
    let module = module.unwrap();
    let events = Arc::new(Mutex::new(Vec::new()));
    let recorded = Arc::clone(&events);
    let mut call = Call::new(module.spec, given).unwrap();
    call.progress = ProgressListener::new(move |event| {
        let one = match *event {
            ProgressEvent::Awaiting { what, seen, .. } => (what.to_owned(), Some(seen.to_owned())),
            ProgressEvent::AwaitingEnded { what } => (what.to_owned(), None),
            ProgressEvent::RequestStarted { .. } | ProgressEvent::RequestEnded { .. } => return,
            ref other => panic!("{other:?}"),
        };
        recorded.lock().unwrap().push(one);
    });
    // Its result is tested elsewhere.
    drop((module.run)(&call));
    events.lock().unwrap().clone()
}

/// The states seen by one wait, without repetitions.
fn states<'a>(events: &'a [WaitEvent], what: &str) -> Vec<Option<&'a str>> {
    let mut seen: Vec<_> = events
        .iter()
        .filter(|one| one.0 == what)
        .map(|one| one.1.as_deref())
        .collect();
    seen.dedup();
    seen
}

#[test]
fn wait_reports_every_state_until_its_end() {
    let lab = start_lab();
    lab.fault(json!([
        { "method": "GET", "path": "/api/v1/machine/2/power", "nth": 2, "status": 200, "body": { "state": "on" } },
        { "method": "GET", "path": "/api/v1/machine/2/power", "nth": 3, "status": 502 },
    ]));
    let options = json!({ "name": "qdc01", "state": "off", "wait_interval": 0.01, "retries": 0 });
    let events = wait_events(&lab, "mrp_power", options);
    let seen = states(&events, "machine 'qdc01' to be off");
    assert_eq!(seen.len(), events.len(), "{events:?}");
    let [Some("on"), Some(lost), None] = seen[..] else {
        panic!("{seen:?}");
    };
    assert!(lost.starts_with("not to be had ("), "{lost}");
}

#[test]
fn waits_for_several_machines_are_reported_separately() {
    let lab = start_lab();
    lab.fault(json!([
        { "method": "GET", "path": "/api/v1/machine/2/power", "nth": 2, "status": 200, "body": { "state": "on" } },
        { "method": "GET", "path": "/api/v1/machine/3/power", "nth": 2, "status": 200, "body": { "state": "off" } },
    ]));
    let options = json!({
        "wait_interval": 0.01, "machines": [{ "name": "qdc01", "state": "off" }, { "name": "qdc02", "state": "on" }],
    });
    let events = wait_events(&lab, "mrp_power", options);
    assert_eq!(events.len(), 4, "{events:?}");
    assert_eq!(
        states(&events, "machine 'qdc01' to be off"),
        [Some("on"), None]
    );
    assert_eq!(
        states(&events, "machine 'qdc02' to be on"),
        [Some("off"), None]
    );
}

#[test]
fn wait_for_free_machines_reports_their_number_until_the_deadline() {
    let lab = start_lab();
    let options = json!({
        "query": "(or (=~ name \"box\") (=~ name \"held\"))", "reason": "ci", "count": 2, "wait": true,
        "wait_timeout": 0.05, "wait_interval": 0.02,
    });
    let events = wait_events(&lab, "mrp_reservation", options);
    assert_eq!(
        states(&events, "2 machines to be free"),
        [Some("0 free"), None]
    );
}
