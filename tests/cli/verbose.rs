//! `mrp -v`: a line on standard error for each request.

use mrp_test_support::assert_contains;
use serde_json::{Value, json};

use crate::start_lab;

#[test]
fn verbose_prints_each_attempt_of_each_request() {
    let lab = start_lab();
    let quiet = lab.mrp("machine list");
    assert_eq!((quiet.code, quiet.err.as_str()), (0, ""));
    lab.fault(json!({ "path": "/api/v1/machine", "times": 1, "status": 503 }));
    let verbose = lab.mrp("machine list -v --retry-delay 0");
    assert_eq!((verbose.code, &verbose.out), (0, &quiet.out));
    let lines: Vec<&str> = verbose.err.lines().collect();
    let [failed, repeated] = lines[..] else {
        panic!("{}", verbose.err);
    };
    for (line, status, attempt) in [(failed, "503", 1), (repeated, "200", 2)] {
        assert!(line.starts_with("GET "), "{line}");
        assert!(line.ends_with(&format!(" ms, attempt {attempt}")), "{line}");
        assert_contains(line, &["api/v1/machine", &format!(": {status} in ")]);
    }
}

#[test]
fn verbose_leaves_json_on_standard_output_alone() {
    let lab = start_lab();
    let quiet: Value = serde_json::from_str(&lab.mrp_ok("machine list --json")).unwrap();
    let verbose = lab.mrp("machine list --json --verbose");
    let printed: Value = serde_json::from_str(&verbose.out).unwrap();
    assert_eq!(printed["machines"], quiet["machines"]);
    assert_contains(&verbose.err, &["GET ", "api/v1/machine", ": 200 in "]);
}

#[test]
fn verbose_prints_a_request_without_an_answer() {
    let lab = start_lab().with("MRP_URL", "http://127.0.0.1:1/");
    let output = lab.mrp("-v --retries 0 machine list");
    assert_eq!(output.code, 1);
    assert_contains(&output.err, &["GET ", ": no answer in ", "mrp: "]);
}
