//! Values as people write them: lists for texts, numbers and booleans that YAML made, line breaks, quotes, unknown names.

use mrp_test_support::{TestLab, actions, assert_contains, message};
use serde_json::{Value, json};

use crate::start_lab;

fn warnings(result: &Value) -> String {
    result["warnings"].to_string()
}

#[test]
fn one_line_break_behind_the_kernel_options_is_dropped() {
    let lab = start_lab();
    for (text, stored) in [
        ("console=ttyAMA0\n", "console=ttyAMA0"),
        ("console=ttyAMA1\r\n", "console=ttyAMA1"),
    ] {
        lab.run_in_all_modes(
            "mrp_machine",
            json!({ "name": "qdc01", "kernel_opts": text }),
        );
        lab.assert_unchanged(
            "mrp_machine",
            json!({ "name": "qdc01", "kernel_opts": stored }),
        );
        let machine = lab.server_object("machine", "name", "qdc01");
        assert_eq!(machine["kernel_opts"], stored);
    }
}

#[test]
fn line_breaks_and_control_characters_in_kernel_options_are_refused() {
    let lab = start_lab();
    for (text, part) in [
        ("console=ttyAMA0\nquiet", "has a line break"),
        ("console=ttyAMA0\n\n", "has a line break"),
        ("\nconsole=ttyAMA0", "has a line break"),
        ("console=ttyAMA0\rquiet", "has a line break"),
        ("console=\u{1b}[0m", "has the control character U+001B"),
        ("console=\tquiet", "has the control character U+0009"),
        ("console=\u{85}", "has the control character U+0085"),
    ] {
        let options = json!({ "name": "qdc01", "kernel_opts": text });
        lab.assert_fails("mrp_machine", options.clone(), &["kernel_opts", part]);
        assert_contains(&message(&lab.check("mrp_machine", options)), &[part]);
    }
    lab.assert_fails(
        "mr_provisioner_machine_provision",
        json!({
            "machine_name": "qdc01", "kernel_description": "alice kernel", "initrd_description": "alice initrd",
            "arch": "arm64", "subarch": "efi", "preseed_name": "alice-seed", "kernel_options": "a\nb"
        }),
        &["kernel_options has a line break"],
    );
    lab.assert_no_writes();
}

#[test]
fn blanks_in_kernel_options_that_are_none_to_the_kernel_are_warned_of() {
    let lab = start_lab();
    for (text, part) in [
        ("console=ttyAMA0\u{a0}quiet", "U+00A0"),
        ("console=ttyAMA0\u{200b}quiet", "U+200B"),
    ] {
        let options = json!({ "name": "qdc01", "kernel_opts": text });
        let result = lab.run_in_all_modes("mrp_machine", options);
        assert_contains(&warnings(&result), &["kernel_opts has the character", part]);
    }
}

#[test]
fn list_is_joined_for_kernel_options_and_anything_is_json_for_a_content() {
    let lab = start_lab();
    let list = json!({ "name": "qdc01", "kernel_opts": ["console=ttyAMA0", "quiet", 3] });
    lab.run_in_all_modes("mrp_machine", list);
    let machine = lab.server_object("machine", "name", "qdc01");
    assert_eq!(machine["kernel_opts"], "console=ttyAMA0 quiet 3");
    for (content, stored) in [
        (
            json!({ "b": [1, null, true], "a": "x" }),
            r#"{"a":"x","b":[1,null,true]}"#,
        ),
        (json!(["x", 1.5]), r#"["x",1.5]"#),
    ] {
        lab.run_in_all_modes(
            "mrp_preseed",
            json!({ "name": "ci-seed", "content": content }),
        );
        let preseed = lab.server_object("preseed", "name", "ci-seed");
        assert_eq!(preseed["content"], stored);
    }
}

#[test]
fn list_or_dictionary_for_another_text_is_refused() {
    let lab = start_lab();
    for (module, options, parts) in [
        (
            "mrp_machine",
            json!({ "name": ["qdc01"] }),
            ["name", "list"],
        ),
        (
            "mrp_machine",
            json!({ "name": "qdc01", "kernel": { "a": 1 } }),
            ["kernel", "dict"],
        ),
        (
            "mrp_machine",
            json!({ "name": "qdc01", "kernel_opts": { "a": 1 } }),
            ["kernel_opts", "dict"],
        ),
        (
            "mrp_machine",
            json!({ "name": "qdc01", "kernel_opts": [["a"]] }),
            ["kernel_opts", "list"],
        ),
        (
            "mrp_preseed",
            json!({ "name": "ci-seed", "path": ["x"] }),
            ["path", "list"],
        ),
        (
            "mrp_network_facts",
            json!({ "interface": [["eth0"]] }),
            ["interface", "list"],
        ),
        (
            "mr_provisioner_get_ip",
            json!({ "machine_name": ["qdc01"] }),
            ["machine_name", "list"],
        ),
    ] {
        let message = lab.failure(module, options);
        assert_contains(&message, &parts);
        assert!(!message.contains("['"), "{message}");
    }
    lab.assert_no_writes();
}

#[test]
fn number_or_boolean_for_a_name_is_told_with_quotes_and_without_a_guess() {
    let lab = start_lab();
    lab.run("mrp_preseed", json!({ "name": "18.10", "content": "x\n" }));
    lab.run("mrp_preseed", json!({ "name": "Tru", "content": "x\n" }));
    for (name, kind) in [(json!(18.1), "the number 18.1"), (json!(true), "a boolean")] {
        let result = lab.run("mrp_preseed", json!({ "name": name, "public": true }));
        assert_eq!(result["failed"], true, "{result:#}");
        assert!(!message(&result).contains("near"), "{result:#}");
        let warning = format!("The option 'name' was given as {kind}");
        assert_contains(&warnings(&result), &[&warning, "quotes"]);
        let result = lab.run(
            "mrp_preseed",
            json!({ "preseeds": [{ "name": name, "public": true }] }),
        );
        assert!(!message(&result).contains("near"), "{result:#}");
        assert_contains(&warnings(&result), &["quotes"]);
    }
    let whole = lab.failure("mrp_machine", json!({ "name": 815 }));
    assert_contains(&whole, &["there is no machine '815'", "quotes"]);
    let result = lab.run("mrp_network_facts", json!({ "machine": 18.1 }));
    assert!(!message(&result).contains("near"), "{result:#}");
    assert_contains(&warnings(&result), &["quotes"]);
    // A word that is a choice is understood.
    let result = lab.run("mrp_power", json!({ "name": "qdc01", "state": true }));
    assert_eq!(result.get("warnings"), None, "{result:#}");
    let result = lab.run("mrp_preseed", json!({ "name": "x2", "type": 18.1 }));
    assert_contains(&warnings(&result), &["quotes"]);
    let message = message(&result);
    assert_contains(&message, &["value of type must be one of"]);
}

fn image(lab: &TestLab, arch: &str) -> Value {
    let path = lab.write("linux", "bytes of a kernel");
    json!({ "description": "ci kernel", "type": "Kernel", "arch": arch, "path": path })
}

#[test]
fn unknown_architecture_is_refused_before_the_upload_with_the_known_ones() {
    let lab = start_lab();
    for arch in ["arm46", "aarch64", "ARM64", ""] {
        let parts = ["architecture", "arm64", "x86_64", "force"];
        lab.assert_fails("mrp_image", image(&lab, arch), &parts);
        assert_contains(&message(&lab.check("mrp_image", image(&lab, arch))), &parts);
    }
    lab.assert_fails("mrp_image", image(&lab, "arm46"), &["near: 'arm64'"]);
    for (arch, same) in [("amd64", "x86_64"), ("aarch64", "arm64")] {
        let near = format!("near: '{same}'; known");
        lab.assert_fails("mrp_image", image(&lab, arch), &[&near]);
    }
    lab.assert_fails(
        "mr_provisioner_image",
        image(&lab, "arm46"),
        &["near: 'arm64'"],
    );
    lab.assert_fails(
        "mrp_machine",
        json!({ "name": "qdc01", "arch": "arm46" }),
        &["is arm64, not arm46"],
    );
    lab.assert_no_writes();
    let mut forced = image(&lab, "arm46");
    forced["force"] = json!(true);
    lab.assert_fails("mrp_image", forced, &["the server does not accept it"]);
}

#[test]
fn unknown_subarch_is_refused_with_the_known_ones() {
    let lab = start_lab();
    let options = json!({ "name": "qdc01", "subarch": "effi" });
    let parts = ["'effi'", "near: 'efi'; known: efi, nobl"];
    assert_contains(&message(&lab.check("mrp_machine", options.clone())), &parts);
    lab.assert_fails("mrp_machine", options, &parts);
}

#[test]
fn empty_path_or_description_is_refused_as_such() {
    let lab = start_lab();
    for (options, option) in [
        (json!({ "description": "d", "path": "" }), "path"),
        (json!({ "description": "" }), "description"),
        (json!({ "description": "d", "ca_path": "" }), "ca_path"),
    ] {
        let mut options = options;
        options["type"] = json!("Kernel");
        options["arch"] = json!("arm64");
        let expected = format!("{option} must not be empty");
        lab.assert_fails("mrp_image", options, &[&expected]);
    }
    lab.assert_fails(
        "mrp_preseed",
        json!({ "name": "ci-seed", "path": "" }),
        &["path must not be empty"],
    );
    lab.assert_fails(
        "mr_provisioner_image",
        json!({ "description": "d", "type": "Kernel", "arch": "arm64", "path": "" }),
        &["path must not be empty"],
    );
    assert!(lab.requests().is_empty());
}

#[test]
fn token_or_url_in_quotes_or_before_a_comment_is_told_as_that() {
    let lab = start_lab();
    let url = lab.url().to_owned();
    for (option, value, part) in [
        (
            "mrp_token",
            "\"alice-token\"".to_owned(),
            "the token is in quotes",
        ),
        (
            "mrp_token",
            "'alice-token'".to_owned(),
            "the token is in quotes",
        ),
        (
            "mrp_token",
            "alice-token # mine".to_owned(),
            "the token has a comment behind it",
        ),
        (
            "mrp_token",
            "alice token".to_owned(),
            "the token contains a blank",
        ),
        (
            "mrp_url",
            format!("\"{url}\""),
            "the server's URL is in quotes",
        ),
        (
            "mrp_url",
            format!("'{url}'"),
            "the server's URL is in quotes",
        ),
        (
            "mrp_url",
            format!("{url} # the lab"),
            "the server's URL has a comment behind it",
        ),
        (
            "mrp_url",
            format!("{url} lab"),
            "the server's URL contains a blank",
        ),
    ] {
        let mut options = json!({ "name": "qdc01" });
        options[option] = json!(value);
        let failure = lab.failure("mrp_machine", options);
        assert_contains(&failure, &[part]);
        assert!(!failure.contains("alice-token"), "{failure}");
    }
    assert!(lab.requests().is_empty());
}

#[test]
fn interface_that_no_machine_has_is_warned_of_and_refused_when_strict() {
    let lab = start_lab();
    let options = json!({ "machine": "qdc01", "interface": ["eth7", "eth8"] });
    let result = lab.run("mrp_network_facts", options.clone());
    assert_contains(
        &warnings(&result),
        &[
            "machine 'qdc01' has no interface 'eth7' or 'eth8'",
            "it has 'eth0'",
        ],
    );
    let mut strict = options;
    strict["strict"] = json!(true);
    lab.assert_fails(
        "mrp_network_facts",
        strict,
        &["machine 'qdc01' has no interface 'eth7' or 'eth8'"],
    );
    let result = lab.run(
        "mrp_network_facts",
        json!({ "machine": "qdc01", "interface": ["eth7", "eth0"], "strict": true }),
    );
    assert_eq!(result.get("warnings"), None, "{result:#}");
}

#[test]
fn messages_name_the_machine_whose_request_failed() {
    let lab = start_lab();
    let fault = json!({ "path": "/api/v1/machine/2/interface", "status": 500, "times": 0 });
    lab.fault(fault);
    lab.assert_fails(
        "mrp_network_facts",
        json!({ "machine": "qdc01" }),
        &["listing the interfaces of machine 'qdc01'"],
    );
    lab.clear_faults();
    lab.fault(json!({ "method": "PUT", "path": "/api/v1/machine/2", "status": 400, "times": 0 }));
    lab.assert_fails(
        "mrp_machine",
        json!({ "name": "qdc01", "kernel_opts": "new" }),
        &["changing machine 'qdc01'"],
    );
    let failed = lab.failure("mrp_machine", json!({ "id": 77 }));
    assert_contains(&failed, &["machine with id 77"]);
    assert!(actions(&json!({ "plan": [] })).is_empty());
}
