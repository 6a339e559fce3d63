//! Texts that the server cannot store. One of them ends all service of a server with one database session.

use mr_provisioner::ansible::{Kind, ModuleSpec, Opt};
use mrp_test_support::{Sessions, TestLab, assert_contains, message, text};
use serde_json::{Map, Value, json};

/// A server that answers nobody any more after a NUL.
fn start_lab() -> TestLab {
    TestLab::with_sessions(Sessions::One).with_program(env!("CARGO_BIN_EXE_mrp-ansible"))
}

fn options_of(spec: &ModuleSpec) -> impl Iterator<Item = &'static Opt> {
    spec.options.iter().flat_map(|group| group.iter())
}

/// The least that a module takes, with one more option.
fn with_option(spec: &ModuleSpec, option: &Opt, value: Value) -> Value {
    let mut options = Map::new();
    for required in options_of(spec).filter(|option| option.required) {
        let is_connection = required.name.starts_with("mrp_");
        if !is_connection {
            let word = required.choices.first().copied().unwrap_or("x");
            options.insert(required.name.to_owned(), word.into());
        }
    }
    options.insert(option.name.to_owned(), value);
    options.into()
}

#[test]
fn nul_in_any_option_of_any_module_is_refused_by_name() {
    let lab = start_lab();
    let mut tried = 0;
    for module in mr_provisioner::MODULES {
        // The lab excludes the URL that every call here has, and its name is not sent.
        for option in options_of(module.spec).filter(|option| option.name != "mrp_lab") {
            let (value, position) = match option.kind {
                Kind::Str | Kind::Path => (json!("a\0b"), option.name.to_owned()),
                Kind::List(Kind::Str) => (json!(["a", "a\0b"]), format!("{}[1]", option.name)),
                _ => continue,
            };
            let options = with_option(module.spec, option, value);
            let failure = lab.failure(module.spec.name, options);
            let expected = format!("The option '{position}' has a NUL character");
            assert_contains(&failure, &[&expected]);
            tried += 1;
        }
    }
    assert!(tried > 100, "{tried}");
    assert!(lab.requests().is_empty());
}

#[test]
fn nul_in_an_item_of_a_list_is_refused_with_its_position() {
    let lab = start_lab();
    let options = json!({ "state": "on", "machines": [{ "name": "qdc01" }, { "name": "a\0b" }] });
    let expected = "machines[1]: The option 'name' has a NUL character";
    lab.assert_fails("mrp_power", options, &[expected]);
    assert!(lab.requests().is_empty());
}

#[test]
fn single_surrogate_is_refused_with_the_name_of_its_option() {
    let lab = start_lab();
    for (text, position) in [
        (r#""description": "gr\udcfcn""#, "description"),
        (r#""description": "\ud83d""#, "description"),
        (
            r#""images": [{"path": "/a"}, {"arch": "\udfff"}]"#,
            "images[1].arch",
        ),
    ] {
        let arguments = format!(
            r#"{{"mrp_url": "{}", "mrp_token": "t", {text}}}"#,
            lab.url()
        );
        let run = mrp_test_support::module::ModuleRun::with_text(
            env!("CARGO_BIN_EXE_mrp-ansible"),
            "mrp_image",
            &arguments,
        );
        let expected = format!("The option '{position}' holds bytes that are not UTF-8");
        assert_contains(&message(&run.result()), &[&expected]);
    }
    assert!(lab.requests().is_empty());
}

#[test]
fn server_with_one_session_goes_on_after_a_preseed_with_nul() {
    let lab = start_lab();
    let options = json!({ "name": "ci-seed", "content": "a\0b" });
    lab.assert_fails("mrp_preseed", options, &["The option 'content'"]);
    let binary = lab.write("binary", "a\0b");
    let options = json!({ "name": "ci-seed", "path": binary });
    lab.assert_fails("mrp_preseed", options, &["NUL"]);
    lab.run("mrp_preseed", json!({ "name": "ci-seed", "content": "a" }));
    assert_eq!(
        lab.server_object("preseed", "name", "ci-seed")["content"],
        "a"
    );
}

#[test]
fn texts_of_others_break_no_line_of_a_message_a_warning_or_a_diff() {
    let lab = start_lab();
    let name = "x\nok: [host]\u{2028}\u{1b}[2J";
    let shown = r"x\nok: [host]\u2028\u001b[2J";
    let failure = lab.failure("mrp_power", json!({ "name": name, "state": "on" }));
    assert_contains(&failure, &[shown]);
    assert_eq!(failure.lines().count(), 1, "{failure}");
    assert!(!failure.contains(['\u{2028}', '\u{1b}']), "{failure}");

    let preseed = json!({ "name": name, "content": "a\n" });
    let result = lab.run_in_all_modes("mrp_preseed", preseed);
    for diff in result["diff"].as_array().unwrap() {
        for header in ["before_header", "after_header"] {
            assert_contains(&text(&diff[header]), &[shown]);
            assert_eq!(text(&diff[header]).lines().count(), 1);
        }
    }
}
