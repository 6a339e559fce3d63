//! mrp_console: opening a console, and where its token appears.

use mrp_test_support::{ADMIN_TOKEN, text};
use serde_json::{Value, json};

use crate::start_lab;

const MODULE: &str = "mrp_console";

#[test]
fn a_console_is_opened_without_a_change() {
    let lab = start_lab();
    let result = lab.run(MODULE, json!({ "name": "qdc01" }));
    assert_eq!(result["changed"], false, "{result:#}");
    let console = &result["console"];
    let token = text(&console["token"]);
    assert_eq!(token.len(), 48);
    assert_eq!(
        text(&console["url"]),
        format!("ws://127.0.0.1:{}/ws?token={token}", console["port"])
    );
    assert_eq!(console["host"], "127.0.0.1");
    assert_eq!(result["machine"]["name"], "qdc01");
    let writes = lab.writes();
    let paths: Vec<&str> = writes.iter().map(|request| request.path.as_str()).collect();
    assert_eq!(paths, ["/api/v1/machine/2/console"]);
}

#[test]
fn the_token_is_in_the_console_and_nowhere_else() {
    let lab = start_lab();
    let mut result = lab.run(MODULE, json!({ "name": "qdc01" }));
    let token = text(&result["console"]["token"]);
    result.as_object_mut().unwrap().remove("console");
    assert!(!result.to_string().contains(&token), "{result:#}");
}

#[test]
fn every_run_makes_another_token() {
    let lab = start_lab();
    let token = || lab.run(MODULE, json!({ "id": 2 }))["console"]["token"].clone();
    assert_ne!(token(), token());
}

#[test]
fn check_mode_asks_for_no_token() {
    let lab = start_lab();
    let result = lab.check(MODULE, json!({ "name": "qdc01" }));
    assert_eq!(result["changed"], false);
    let null = Value::Null;
    assert_eq!(
        result["console"],
        json!({ "url": null, "host": null, "port": null, "token": null })
    );
    assert_eq!(result.get("diff").unwrap_or(&null), &null);
}

#[test]
fn a_machine_without_a_bmc_has_no_console() {
    let lab = start_lab();
    lab.assert_fails(
        MODULE,
        json!({ "name": "no-bmc" }),
        &["machine 'no-bmc' has no BMC"],
    );
    lab.assert_no_writes();
}

#[test]
fn console_of_another_users_machine_needs_an_administrator() {
    let lab = start_lab();
    let mut options = json!({ "name": "bobs-box" });
    lab.assert_fails(
        MODULE,
        options.clone(),
        &["not assigned", "held by bob (mine)"],
    );
    options["allow_unassigned"] = json!(true);
    lab.assert_fails(
        MODULE,
        options.clone(),
        &["opening the console of machine 'bobs-box'", "not assigned"],
    );
    let result = lab.run_as(ADMIN_TOKEN, MODULE, options);
    assert!(result["console"]["token"].is_string(), "{result:#}");
}

#[test]
fn unknown_machine_is_an_error_with_similar_names() {
    let lab = start_lab();
    lab.assert_fails(
        MODULE,
        json!({ "name": "qdc1" }),
        &["no machine 'qdc1'", "'qdc01'"],
    );
}
