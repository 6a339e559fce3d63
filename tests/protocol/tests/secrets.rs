//! Secrets: values of options that no output may show.

use mr_provisioner::ansible::{Call, Kind, ModuleSpec, Opt};
use serde_json::{Value, json};

const PLACEHOLDER: &str = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER";

static SPEC: ModuleSpec = ModuleSpec {
    options: &[&[
        Opt::new("token", Kind::Str).aliases(&["key"]).secret(),
        Opt::new("name", Kind::Str),
        Opt::new("url", Kind::Str).url(),
        Opt::new(
            "users",
            Kind::Items(&[&[Opt::new("password", Kind::Str).secret()]]),
        ),
    ]],
    ..ModuleSpec::EMPTY
};

fn scrubbed(options: Value, output: Value) -> Value {
    let mut call = Call::default();
    call.options = options.as_object().unwrap().clone();
    call.scrub(&SPEC, output)
}

#[test]
fn equal_values_and_parts_are_hidden() {
    assert_eq!(
        scrubbed(
            json!({"token": "s3", "name": "visible"}),
            json!({"a": "s3", "b": ["x s3 y", "visible"]})
        ),
        json!({"a": PLACEHOLDER, "b": ["x ******** y", "visible"]})
    );
    assert_eq!(
        scrubbed(json!({"key": "s3"}), json!("s3")),
        json!(PLACEHOLDER)
    );
}

#[test]
fn numbers_are_hidden_but_not_booleans() {
    assert_eq!(
        scrubbed(json!({"token": 12}), json!([12, 3123, 3, true, "12"])),
        json!([PLACEHOLDER, PLACEHOLDER, 3, true, PLACEHOLDER])
    );
}

#[test]
fn keys_are_hidden_except_public_ones() {
    assert_eq!(
        scrubbed(
            json!({"token": "a"}),
            json!({"changed": true, "cat": 1, "a": 2})
        ),
        json!({"changed": true, "c********t": 1, PLACEHOLDER: 2})
    );
    let steps = json!({"done": 1, "not_done": 2, "results": [{"item": 3}]});
    assert_eq!(scrubbed(json!({"token": ["d", "t"]}), steps.clone()), steps);
}

#[test]
fn secrets_within_texts_are_hidden() {
    for (options, output, expected) in [
        (
            json!({"users": [{"password": "pw1"}, {"password": "pw2"}]}),
            "pw1 pw2",
            "******** ********",
        ),
        (json!({"token": "abc\n"}), "<abc>", "<********>"),
        // The longest first.
        (json!({"token": ["ab", "abc"]}), "<abc>", "<********>"),
        (
            json!({"token": "a\nb"}),
            "{\"error\": \"a\\nb\"}",
            "{\"error\": \"********\"}",
        ),
        (
            json!({"token": "to/ken+="}),
            "/x/to%2Fken%2b%3D/y",
            "/x/********/y",
        ),
        (
            json!({"token": "to/ken+="}),
            "<p>to&#x2F;ken&#43;=</p>",
            "<p>********</p>",
        ),
        (json!({"token": "to/ken+="}), r"to\/ken\u002b=", "********"),
    ] {
        assert_eq!(scrubbed(options, json!(output)), expected, "{output}");
    }
}

#[test]
fn the_private_parts_of_a_url_are_hidden() {
    for (url, shown) in [
        ("https://u:pw@lab/mrp/", "https://********@lab/mrp/"),
        ("https://tok@lab:80", "https://********@lab:80"),
        ("u:p@w@lab", "********@lab"),
        ("https://u:p/w@lab/mrp/", "https://********@lab/mrp/"),
        ("https://u:p/w?x#y@lab/?k", "https://********@lab/?********"),
        ("https://lab/?key=x#y", "https://lab/?********#********"),
        ("https://lab/mrp/@x", "https://lab/mrp/@x"),
    ] {
        let values = json!({"url": url});
        assert_eq!(scrubbed(values, json!([url])), json!([shown]), "{url}");
    }
    let output = json!("pw was refused");
    let values = json!({"url": "https://u:pw@lab/"});
    assert_eq!(scrubbed(values, output), json!("******** was refused"));
}

#[test]
fn an_empty_secret_hides_nothing() {
    assert_eq!(
        scrubbed(json!({"token": ""}), json!(["", "x"])),
        json!(["", "x"])
    );
}
