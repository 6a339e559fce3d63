//! What a face that watches a call is told of the lab.

use std::sync::{Arc, Mutex};

use mr_provisioner::ansible::Call;
use mr_provisioner::client::{ProgressEvent, ProgressListener};
use mrp_test_support::TestLab;
use serde_json::{Value, json};

use crate::start_lab;

/// What a wait was told of: what for, and what was seen instead; None is the end.
type Told = (String, Option<String>);

/// What the progress of a call hears of its waits.
fn told(lab: &TestLab, module: &str, mut options: Value) -> Vec<Told> {
    let given = options.as_object_mut().unwrap();
    given.insert("mrp_url".into(), json!(lab.url()));
    given.insert("mrp_token".into(), json!("alice-token"));
    let module = mr_provisioner::MODULES
        .iter()
        .find(|one| one.spec.name == module);
    let module = module.unwrap();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&heard);
    let mut call = Call::new(module.spec, given).unwrap();
    call.progress = ProgressListener::new(move |notice| {
        let one = match *notice {
            ProgressEvent::Awaiting { what, seen, .. } => (what.to_owned(), Some(seen.to_owned())),
            ProgressEvent::AwaitingEnded { what } => (what.to_owned(), None),
            ProgressEvent::Connected | ProgressEvent::RequestEnded { .. } => return,
            ref other => panic!("{other:?}"),
        };
        noted.lock().unwrap().push(one);
    });
    // How it went, others test.
    drop((module.run)(&call));
    heard.lock().unwrap().clone()
}

/// What was told of one wait, without what was only told again.
fn of<'a>(told: &'a [Told], what: &str) -> Vec<Option<&'a str>> {
    let mut seen: Vec<_> = told
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
    let told = told(&lab, "mrp_power", options);
    let seen = of(&told, "machine 'qdc01' to be off");
    assert_eq!(seen.len(), told.len(), "{told:?}");
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
    let told = told(&lab, "mrp_power", options);
    assert_eq!(told.len(), 4, "{told:?}");
    assert_eq!(of(&told, "machine 'qdc01' to be off"), [Some("on"), None]);
    assert_eq!(of(&told, "machine 'qdc02' to be on"), [Some("off"), None]);
}

#[test]
fn wait_for_free_machines_reports_their_number_until_the_deadline() {
    let lab = start_lab();
    let options = json!({
        "query": "(or (=~ name \"box\") (=~ name \"held\"))", "reason": "ci", "count": 2, "wait": true,
        "wait_timeout": 0.05, "wait_interval": 0.02,
    });
    let told = told(&lab, "mrp_reservation", options);
    assert_eq!(of(&told, "2 machines to be free"), [Some("0 free"), None]);
}
