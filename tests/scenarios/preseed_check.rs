//! Preseeds that an installer could not use: found before a machine is rebooted into it, and when they are uploaded.

use mrp_test_support::{TestLab, actions, assert_contains, assert_failed, message};
use serde_json::{Value, json};

use crate::start_lab;

/// Alice's machine with a kernel of its own and this preseed, to be provisioned.
fn provisioned(preseed: &str) -> Value {
    json!({
        "id": 2, "subarch": "efi", "kernel_id": 3, "preseed": preseed, "state": "provisioned",
        "wait_interval": 0.05, "wait_timeout": 30,
    })
}

/// A preseed of alice's, whatever is in it.
fn upload(lab: &TestLab, name: &str, content: &str) {
    let options = json!({ "name": name, "content": content, "validate": "no" });
    let result = lab.run("mrp_preseed", options);
    assert_ne!(result["failed"], true, "{result:#}");
}

/// Assigns a preseed to the machine without provisioning it.
fn assign(lab: &TestLab, preseed: &str) {
    lab.run("mrp_machine", json!({ "id": 2, "preseed": preseed }));
}

fn warnings(result: &Value) -> String {
    let warnings = result["warnings"].as_array().cloned().unwrap_or_default();
    let texts: Vec<&str> = warnings.iter().filter_map(Value::as_str).collect();
    texts.join("\n")
}

#[test]
fn assigned_preseed_that_does_not_render_fails_the_plan_and_nothing_is_written() {
    let lab = start_lab();
    assign(&lab, "broken-syntax");
    let options = provisioned("broken-syntax");
    lab.without_writes(|| {
        for result in [
            lab.check("mrp_machine", options.clone()),
            lab.run("mrp_machine", options.clone()),
            lab.run("mrp_machine", options),
        ] {
            assert_failed(&result, false);
            assert_contains(
                &message(&result),
                &[
                    "machine 'qdc01' was not rebooted",
                    "cannot be rendered: line 2: ",
                ],
            );
            assert_contains(result["hint"].as_str().unwrap(), &["{% raw %}"]);
        }
    });
    assert!(lab.boots().is_empty());
}

#[test]
fn new_preseed_that_does_not_render_fails_after_it_is_assigned_and_before_the_reboot() {
    let lab = start_lab();
    let planned = lab.check("mrp_machine", provisioned("broken-syntax"));
    assert_contains(&warnings(&planned), &["line 2", "{% raw %}"]);
    let result = lab.run("mrp_machine", provisioned("broken-syntax"));
    assert_failed(&result, true);
    assert_contains(&message(&result), &["was not rebooted", "line 2"]);
    assert_eq!(result["done"][0]["action"], "update", "{result:#}");
    assert_eq!(result["not_done"][0]["action"], "provision");
    assert!(lab.boots().is_empty());
    assert_eq!(lab.server("/api/v1/machine/2/state")["state"], "unknown");

    upload(&lab, "broken-syntax", "host {{ hostname }}\n");
    let result = lab.run_in_all_modes("mrp_machine", provisioned("broken-syntax"));
    assert_eq!(actions(&result), ["provision", "wait"]);
}

#[test]
fn new_text_that_does_not_render_keeps_an_installed_machine_as_it_is() {
    let lab = start_lab();
    upload(&lab, "ci", "host {{ hostname }}\n");
    lab.run_in_all_modes("mrp_machine", provisioned("ci"));
    upload(&lab, "ci", "{{ 1 / 0 }}\n");
    // It is installed, and nothing is going to be rebooted.
    lab.assert_unchanged("mrp_machine", provisioned("ci"));
    let mut again = provisioned("ci");
    again["force"] = json!(true);
    lab.without_writes(|| {
        lab.assert_fails("mrp_machine", again, &["was not rebooted", "status 500"]);
    });
    assert_eq!(lab.boots().len(), 1);
}

#[test]
fn attribute_of_an_undefined_name_fails_and_an_undefined_name_warns() {
    let lab = start_lab();
    lab.assert_fails(
        "mrp_machine",
        provisioned("undef-seed"),
        &["was not rebooted", "nosuch"],
    );
    upload(&lab, "ci", "proxy\nstring {{ proxy }}\n");
    for result in [
        lab.check("mrp_machine", provisioned("ci")),
        lab.run("mrp_machine", provisioned("ci")),
    ] {
        assert_ne!(result["failed"], true, "{result:#}");
        assert_contains(&warnings(&result), &["'proxy' in line 2", "hostname"]);
    }
}

#[test]
fn text_that_an_installer_stumbles_over_is_warned_of_before_the_reboot() {
    let lab = start_lab();
    for (content, part) in [
        ("{% if hostname == 'no' %}x{% endif %}\n", "is empty"),
        ("<!doctype html><p>404</p>\n", "HTML"),
        ("\u{7f}ELF\u{2}\n", "is a program"),
        ("\u{feff}d-i a/b string c\n", "byte order mark"),
        (
            "d-i a/b string c\r\nd-i e/f string g\r\n",
            "line ends of Windows",
        ),
        (
            "curl -H 'Authorization: Bearer c2VjcmV0LXRva2Vu'\n",
            "a token",
        ),
    ] {
        upload(&lab, "ci", content);
        let mut options = provisioned("ci");
        options["force"] = json!(true);
        let result = lab.run("mrp_machine", options.clone());
        assert_ne!(result["failed"], true, "{result:#}");
        let found = warnings(&result);
        assert_contains(&found, &[part, "the preseed of machine 'qdc01'"]);
        assert_eq!(found.matches(part).count(), 1, "told twice: {found}");
        assert_contains(&warnings(&lab.check("mrp_machine", options)), &[part]);
        assert!(!result.to_string().contains("c2VjcmV0"), "{result:#}");
    }
}

#[test]
fn preseed_that_cannot_be_read_is_warned_of_and_the_machine_is_installed() {
    let lab = start_lab();
    upload(&lab, "ci", "host {{ hostname }}\n");
    for tftp in [json!(false), json!(404)] {
        lab.settings(json!({ "tftp": tftp }));
        let mut options = provisioned("ci");
        options["force"] = json!(true);
        options["retries"] = json!(0);
        let result = lab.run("mrp_machine", options);
        assert_eq!(result["machine"]["state"], "ready", "{result:#}");
        assert_contains(
            &warnings(&result),
            &["the preseed of machine 'qdc01' could not be checked"],
        );
    }
}

#[test]
fn machine_without_a_preseed_is_installed_without_a_look() {
    let lab = start_lab();
    let mut options = provisioned("");
    options.as_object_mut().unwrap().remove("preseed");
    lab.run_in_all_modes("mrp_machine", options);
    let asked = lab.requests();
    assert!(
        !asked
            .iter()
            .any(|request| request.path.starts_with("/preseed/") && request.by == "client")
    );
}

#[test]
fn one_broken_preseed_of_a_list_reboots_no_machine_of_its_own_and_the_others_install() {
    let lab = start_lab();
    upload(&lab, "ci", "host {{ hostname }}\n");
    let mut options = provisioned("ci");
    options.as_object_mut().unwrap().remove("id");
    options["machines"] = json!([{ "id": 2 }, { "id": 1, "preseed": "broken-syntax" }]);
    let result = lab.run("mrp_machine", options);
    assert_eq!(result["failed"], true);
    assert_eq!(
        result["results"][0]["machine"]["state"], "ready",
        "{result:#}"
    );
    assert_eq!(result["results"][1]["failed"], true);
    assert_eq!(lab.boots().len(), 1);
}

#[test]
fn upload_warns_of_what_the_server_cannot_render() {
    let lab = start_lab();
    for (content, part) in [
        ("for a in ${#array[@]}\n", "'${#' of a shell"),
        ("awk '{{print $1}}'\n", "unexpected '$'"),
        ("docker ps --format '{{.Names}}'\n", "unexpected '.'"),
        ("x\n{{ proxy }}\n", "'proxy' in line 2"),
        ("<html>\n", "HTML"),
        ("a\r\n", "line ends of Windows"),
    ] {
        let options = json!({ "name": "ci", "content": content });
        let predicted = lab.check("mrp_preseed", options.clone());
        assert_contains(&warnings(&predicted), &[part, "content"]);
        let result = lab.run_in_all_modes("mrp_preseed", options);
        assert_contains(&warnings(&result), &[part, "content"]);
        assert_eq!(
            lab.server_object("preseed", "name", "ci")["content"],
            content
        );
    }
}

#[test]
fn strict_validation_uploads_nothing_and_none_is_silent() {
    let lab = start_lab();
    let options = json!({ "name": "ci", "content": "awk '{{print $1}}'\n", "validate": "strict" });
    lab.without_writes(|| {
        lab.assert_fails(
            "mrp_preseed",
            options.clone(),
            &["unexpected '$'", "line 1"],
        );
        assert_eq!(lab.check("mrp_preseed", options.clone())["failed"], true);
    });
    // YAML makes false of an unquoted no.
    for no in [json!("no"), json!(false)] {
        let mut options = options.clone();
        options["validate"] = no;
        assert_eq!(warnings(&lab.run("mrp_preseed", options)), "");
    }
    let good = json!({ "name": "good", "content": "host {{ hostname }}\n", "validate": "strict" });
    let result = lab.run_in_all_modes("mrp_preseed", good);
    assert_eq!(warnings(&result), "");
}
