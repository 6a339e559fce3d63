//! mrp_preseed: creation, comparison by content, deletion.

use mrp_test_support::{actions, assert_contains, text};
use serde_json::json;

use crate::start_lab;

const MODULE: &str = "mrp_preseed";

#[test]
fn a_preseed_is_created_with_its_text() {
    let lab = start_lab();
    let options =
        json!({ "name": "ci-seed", "content": "d-i one\nd-i two\n", "description": "for ci" });
    let result = lab.run_in_all_modes(MODULE, options);
    assert_eq!(actions(&result), ["create"]);
    assert_eq!(result["preseed"]["type"], "preseed");
    assert_eq!(result["preseed"]["size"], 16);
    assert_eq!(
        lab.server_object("preseed", "name", "ci-seed")["content"],
        "d-i one\nd-i two\n"
    );
}

#[test]
fn a_file_is_read_as_it_is() {
    let lab = start_lab();
    let path = lab.write("seed", "caf\u{e9} {{ hostname }}\r\n");
    let result = lab.run_in_all_modes(
        MODULE,
        json!({ "name": "ci-seed", "src": path, "type": "kickstart" }),
    );
    let stored = lab.server_object("preseed", "name", "ci-seed");
    assert_eq!(stored["content"], "caf\u{e9} {{ hostname }}\r\n");
    assert_eq!(result["preseed"]["type"], "kickstart");
}

#[test]
fn a_changed_text_is_shown_in_the_diff_and_not_in_the_plan() {
    let lab = start_lab();
    lab.run(
        MODULE,
        json!({ "name": "ci-seed", "content": "root-password secret1\n" }),
    );
    let result = lab.run_in_all_modes(
        MODULE,
        json!({ "name": "ci-seed", "content": "root-password secret2\n" }),
    );
    assert_eq!(actions(&result), ["update"]);
    assert_contains(&result["diff"].to_string(), &["secret1", "secret2"]);
    assert!(!result["plan"].to_string().contains("secret"));
    assert!(!result["preseed"].to_string().contains("secret"));
    assert!(!result["invocation"].to_string().contains("secret"));
}

#[test]
fn only_what_was_given_is_compared() {
    let lab = start_lab();
    lab.run(
        MODULE,
        json!({ "name": "ci-seed", "content": "x\n", "description": "d", "public": true }),
    );
    lab.assert_unchanged(MODULE, json!({ "name": "ci-seed" }));
    let result = lab.run_in_all_modes(MODULE, json!({ "name": "ci-seed", "description": "" }));
    assert_eq!(result["plan"][0]["after"], json!({ "description": "" }));
    let stored = lab.server_object("preseed", "name", "ci-seed");
    assert_eq!(
        (&stored["content"], &stored["public"]),
        (&json!("x\n"), &json!(true))
    );
}

#[test]
fn missing_preseed_without_a_text_is_an_error_with_similar_names() {
    let lab = start_lab();
    lab.assert_fails(
        MODULE,
        json!({ "name": "alice-sed" }),
        &["'alice-sed'", "'alice-seed'"],
    );
}

#[test]
fn name_of_an_invisible_preseed_is_explained_as_taken() {
    let lab = start_lab();
    let message = lab.failure(MODULE, json!({ "name": "bob-secret", "content": "x\n" }));
    assert_contains(&message, &["unique", "all users"]);
    assert!(
        !message.contains("INSERT") && !message.contains("psycopg2"),
        "{message}"
    );
}

#[test]
fn another_users_preseed_is_not_changed() {
    let lab = start_lab();
    lab.assert_fails(
        MODULE,
        json!({ "name": "debian-std", "content": "mine now\n" }),
        &["belongs to admin"],
    );
    lab.assert_unchanged(MODULE, json!({ "name": "debian-std", "public": true }));
}

#[test]
fn absent_deletes_an_unused_preseed() {
    let lab = start_lab();
    let result = lab.run_in_all_modes(MODULE, json!({ "name": "alice-seed", "state": "absent" }));
    assert_eq!(actions(&result), ["delete"]);
}

#[test]
fn absent_refuses_a_preseed_in_use_and_names_the_machine() {
    let lab = start_lab();
    lab.run(
        "mrp_machine",
        json!({ "name": "qdc01", "preseed": "alice-seed" }),
    );
    lab.assert_fails(
        MODULE,
        json!({ "name": "alice-seed", "state": "absent" }),
        &["preseed 'alice-seed' is in use", "preseed of qdc01"],
    );
}

#[test]
fn bad_text_is_refused_before_it_is_sent() {
    let lab = start_lab();
    let binary = lab.write("binary", [0xff, 0xfe, 0x00]);
    lab.assert_fails(
        MODULE,
        json!({ "name": "ci-seed", "path": binary }),
        &["not UTF-8"],
    );
    lab.assert_fails(
        MODULE,
        json!({ "name": "ci-seed", "content": "a\u{0}b" }),
        &["NUL"],
    );
    let long = lab.write("long", "x".repeat(2_097_153));
    lab.assert_fails(
        MODULE,
        json!({ "name": "ci-seed", "path": long }),
        &["2097153", "2097152"],
    );
    lab.assert_fails(MODULE, json!({ "name": "x", "content": "" }), &["2 to 256"]);
    lab.assert_no_writes();
}

#[test]
fn content_and_path_exclude_each_other() {
    let lab = start_lab();
    let message = lab.failure(
        MODULE,
        json!({ "name": "ci-seed", "content": "x", "path": "/x" }),
    );
    assert_eq!(message, "parameters are mutually exclusive: content|path");
}

#[test]
fn lost_answer_to_a_creation_is_read_back_not_reported_as_a_conflict() {
    let lab = start_lab();
    lab.fault(
        json!({ "method": "POST", "path": "/api/v1/preseed", "reset": true, "when": "after" }),
    );
    let result = lab.run(MODULE, json!({ "name": "ci-seed", "content": "x\n" }));
    assert_eq!(result["changed"], true, "{result:#}");
    assert_eq!(text(&result["preseed"]["user"]), "alice");
}

#[test]
fn a_refused_preseed_does_not_show_its_text() {
    let lab = start_lab();
    let result = lab.run(
        MODULE,
        json!({ "name": "bob-secret", "content": "password canary-77\n" }),
    );
    assert_eq!(result["failed"], true);
    assert!(!result.to_string().contains("canary-77"), "{result:#}");
}

#[test]
fn a_preseed_without_text_is_like_an_empty_one() {
    let lab = start_lab();
    lab.run(MODULE, json!({ "name": "ci-seed", "content": "" }));
    lab.assert_unchanged(MODULE, json!({ "name": "ci-seed", "content": "" }));
}

#[test]
fn preseed_that_a_list_leaves_out_is_compared_by_its_content() {
    let lab = start_lab();
    let other = "#".repeat(100_000);
    for content in ["d-i x\n".repeat(30_000), other, "small\n".to_owned()] {
        let options = json!({ "name": "large", "content": content });
        lab.run_in_all_modes("mrp_preseed", options);
        let stored = lab.server_object("preseed", "name", "large");
        assert_eq!(stored["content"], content);
        let all = json!({ "name": "large", "content": true });
        let info = lab.run("mrp_preseed_info", all);
        assert_eq!(info["preseeds"][0]["content"], content);
        assert_eq!(info["preseeds"][0]["size"], content.len());
        assert_eq!(info["preseeds"][0].get("omitted_content"), None);
    }
    lab.run_in_all_modes("mrp_preseed", json!({ "name": "large", "state": "absent" }));
}

#[test]
fn lost_answer_to_a_large_preseed_is_looked_up() {
    let lab = start_lab();
    lab.fault(
        json!({ "method": "POST", "path": "/api/v1/preseed", "reset": true, "when": "after" }),
    );
    let options = json!({ "name": "large", "content": "#".repeat(100_000) });
    let result = lab.run("mrp_preseed", options.clone());
    assert_eq!(result["changed"], true, "{result:#}");
    assert_eq!(lab.written(), ["POST /api/v1/preseed"]);
    lab.assert_unchanged("mrp_preseed", options);
}

const VAULTED: &str =
    "$ANSIBLE_VAULT;1.1;AES256\n33363965326261303234626463623963633531343539313265303062\n";

#[test]
fn preseed_that_ansible_vault_encrypted_is_refused_with_how_to_decrypt_it() {
    let lab = start_lab();
    let path = lab.write("seed", VAULTED);
    for options in [
        json!({ "name": "ci-seed", "path": path }),
        json!({ "name": "ci-seed", "content": VAULTED }),
    ] {
        lab.assert_fails(
            MODULE,
            options.clone(),
            &[
                "is encrypted with Ansible Vault",
                "content: \"{{ lookup('ansible.builtin.file', 'FILE', rstrip=false) }}\"",
            ],
        );
        let checked = lab.check(MODULE, options);
        assert_eq!(checked["failed"], true);
    }
    lab.assert_fails(
        "mr_provisioner_preseed",
        json!({ "name": "ci-seed", "path": path }),
        &["is encrypted with Ansible Vault"],
    );
    lab.assert_no_writes();
}

#[test]
fn byte_order_mark_and_line_ends_of_windows_are_warned_of() {
    let lab = start_lab();
    for (text, part) in [
        ("\u{feff}d-i one\n", "byte order mark"),
        ("d-i one\r\nd-i two\r\n", "line ends of Windows"),
    ] {
        let path = lab.write("seed", text);
        for source in [json!({ "path": path }), json!({ "content": text })] {
            lab.reset();
            let mut options = source;
            options["name"] = json!("ci-seed");
            let result = lab.run_in_all_modes(MODULE, options.clone());
            assert_contains(&result["warnings"].to_string(), &[part]);
            let again = lab.run(MODULE, options);
            assert_contains(&again["warnings"].to_string(), &[part]);
            assert_eq!(
                lab.server_object("preseed", "name", "ci-seed")["content"],
                text
            );
        }
    }
    let path = lab.write("seed", "d-i one\n");
    let plain = lab.run(MODULE, json!({ "name": "ci-seed", "path": path }));
    assert_eq!(plain.get("warnings"), None, "{plain:#}");
}

#[test]
fn text_that_becomes_empty_is_warned_of_once() {
    let lab = start_lab();
    lab.run(MODULE, json!({ "name": "ci-seed", "content": "d-i one\n" }));
    let empty = json!({ "name": "ci-seed", "content": "" });
    let result = lab.run_in_all_modes(MODULE, empty.clone());
    assert_contains(
        &result["warnings"].to_string(),
        &["content is empty, so preseed 'ci-seed' has no text\""],
    );
    assert_eq!(lab.run(MODULE, empty).get("warnings"), None);
    let path = lab.write("seed", " \n");
    let result = lab.run_in_all_modes(MODULE, json!({ "name": "new-seed", "path": path }));
    assert_contains(
        &result["warnings"].to_string(),
        &["is empty, so preseed 'new-seed' has no text\""],
    );
}
