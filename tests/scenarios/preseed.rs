use serde_json::json;

use crate::bench::{Bench, actions, says, text};

const MODULE: &str = "mrp_preseed";

#[test]
fn a_preseed_is_created_with_its_text() {
    let bench = Bench::new();
    let options =
        json!({ "name": "ci-seed", "content": "d-i one\nd-i two\n", "description": "for ci" });
    let result = bench.four_ways(MODULE, options);
    assert_eq!(actions(&result), ["create"]);
    assert_eq!(result["preseed"]["type"], "preseed");
    assert_eq!(result["preseed"]["size"], 16);
    assert_eq!(
        bench.server_object("preseed", "name", "ci-seed")["content"],
        "d-i one\nd-i two\n"
    );
}

#[test]
fn a_file_is_read_as_it_is() {
    let bench = Bench::new();
    let path = bench.file("seed", "caf\u{e9} {{ hostname }}\r\n");
    let result = bench.four_ways(
        MODULE,
        json!({ "name": "ci-seed", "src": path, "type": "kickstart" }),
    );
    let stored = bench.server_object("preseed", "name", "ci-seed");
    assert_eq!(stored["content"], "caf\u{e9} {{ hostname }}\r\n");
    assert_eq!(result["preseed"]["type"], "kickstart");
}

#[test]
fn a_changed_text_is_shown_in_the_diff_and_not_in_the_plan() {
    let bench = Bench::new();
    bench.run(
        MODULE,
        json!({ "name": "ci-seed", "content": "root-password secret1\n" }),
    );
    let result = bench.four_ways(
        MODULE,
        json!({ "name": "ci-seed", "content": "root-password secret2\n" }),
    );
    assert_eq!(actions(&result), ["update"]);
    says(&result["diff"].to_string(), &["secret1", "secret2"]);
    assert!(!result["plan"].to_string().contains("secret"));
    assert!(!result["preseed"].to_string().contains("secret"));
    assert!(!result["invocation"].to_string().contains("secret"));
}

#[test]
fn only_what_was_given_is_compared() {
    let bench = Bench::new();
    bench.run(
        MODULE,
        json!({ "name": "ci-seed", "content": "x\n", "description": "d", "public": true }),
    );
    bench.nothing_left_to_do(MODULE, json!({ "name": "ci-seed" }));
    let result = bench.four_ways(MODULE, json!({ "name": "ci-seed", "description": "" }));
    assert_eq!(result["plan"][0]["after"], json!({ "description": "" }));
    let stored = bench.server_object("preseed", "name", "ci-seed");
    assert_eq!(
        (&stored["content"], &stored["public"]),
        (&json!("x\n"), &json!(true))
    );
}

#[test]
fn a_missing_preseed_without_a_text_is_an_error_with_near_names() {
    let bench = Bench::new();
    says(
        &bench.failure(MODULE, json!({ "name": "alice-sed" })),
        &["'alice-sed'", "'alice-seed'"],
    );
}

#[test]
fn a_name_that_an_invisible_preseed_has_is_explained() {
    let bench = Bench::new();
    let message = bench.failure(MODULE, json!({ "name": "bob-secret", "content": "x\n" }));
    says(&message, &["unique", "all users"]);
    assert!(
        !message.contains("INSERT") && !message.contains("psycopg2"),
        "{message}"
    );
}

#[test]
fn another_users_preseed_is_not_changed() {
    let bench = Bench::new();
    says(
        &bench.failure(
            MODULE,
            json!({ "name": "debian-std", "content": "mine now\n" }),
        ),
        &["belongs to admin"],
    );
    bench.nothing_left_to_do(MODULE, json!({ "name": "debian-std", "public": true }));
}

#[test]
fn absent_deletes_an_unused_preseed() {
    let bench = Bench::new();
    let result = bench.four_ways(MODULE, json!({ "name": "alice-seed", "state": "absent" }));
    assert_eq!(actions(&result), ["delete"]);
}

#[test]
fn absent_refuses_a_preseed_in_use_and_names_the_machine() {
    let bench = Bench::new();
    bench.run(
        "mrp_machine",
        json!({ "name": "qdc01", "preseed": "alice-seed" }),
    );
    let message = bench.failure(MODULE, json!({ "name": "alice-seed", "state": "absent" }));
    says(
        &message,
        &["preseed 'alice-seed' is in use", "preseed of qdc01"],
    );
}

#[test]
fn bad_text_is_refused_before_it_is_sent() {
    let bench = Bench::new();
    let binary = bench.file("binary", [0xff, 0xfe, 0x00]);
    says(
        &bench.failure(MODULE, json!({ "name": "ci-seed", "path": binary })),
        &["not UTF-8"],
    );
    says(
        &bench.failure(MODULE, json!({ "name": "ci-seed", "content": "a\u{0}b" })),
        &["NUL"],
    );
    let long = bench.file("long", "x".repeat(2_097_153));
    says(
        &bench.failure(MODULE, json!({ "name": "ci-seed", "path": long })),
        &["2097153", "2097152"],
    );
    says(
        &bench.failure(MODULE, json!({ "name": "x", "content": "" })),
        &["2 to 256"],
    );
    assert!(bench.lab.writes().is_empty());
}

#[test]
fn content_and_path_exclude_each_other() {
    let bench = Bench::new();
    let message = bench.failure(
        MODULE,
        json!({ "name": "ci-seed", "content": "x", "path": "/x" }),
    );
    assert_eq!(message, "parameters are mutually exclusive: content|path");
}

#[test]
fn a_lost_answer_makes_no_conflict() {
    let bench = Bench::new();
    bench.lab.fault(
        json!({ "method": "POST", "path": "/api/v1/preseed", "reset": true, "when": "after" }),
    );
    let result = bench.run(MODULE, json!({ "name": "ci-seed", "content": "x\n" }));
    assert_eq!(result["changed"], true, "{result:#}");
    assert_eq!(text(&result["preseed"]["user"]), "alice");
}

#[test]
fn a_refused_preseed_does_not_show_its_text() {
    let bench = Bench::new();
    let result = bench.run(
        MODULE,
        json!({ "name": "bob-secret", "content": "password canary-77\n" }),
    );
    assert_eq!(result["failed"], true);
    assert!(!result.to_string().contains("canary-77"), "{result:#}");
}

#[test]
fn a_preseed_without_text_is_like_an_empty_one() {
    let bench = Bench::new();
    bench.run(MODULE, json!({ "name": "ci-seed", "content": "" }));
    bench.nothing_left_to_do(MODULE, json!({ "name": "ci-seed", "content": "" }));
}
