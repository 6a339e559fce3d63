//! The tables of the modules that the tests of the protocol use.

use mr_provisioner::ansible::{
    Attribute, Attributes, Constraints, Kind, Literal, ModuleSpec, Opt, RequiredIf, Return,
};

/// A module with options much like a real one's.
pub static PROBE: ModuleSpec = ModuleSpec {
    name: "mrp_probe",
    short_description: "Shows what the protocol does",
    description: &["Shows what the protocol does: a colon, 'quotes' and O(name)."],
    options: &[
        &[
            Opt::new("name", Kind::Str)
                .required()
                .about(&["Name of the thing."]),
            Opt::new("action", Kind::Str)
                .choices(&["echo", "fail", "large", "panic", "panic_in_thread", "wait"])
                .default_str("echo")
                .about(&["What to do."]),
            Opt::new("state", Kind::Str)
                .choices(&["present", "absent"])
                .default_str("present")
                .about(&["Whether it should be there."]),
            Opt::new("power", Kind::Str)
                .choices(&["on", "off", "reset"])
                .about(&["The power."]),
            Opt::new("size", Kind::Int)
                .aliases(&["bytes"])
                .about(&["A number."])
                .minimum(0),
            Opt::new("ratio", Kind::Float)
                .default_float("0.5")
                .about(&["Another number."]),
            Opt::new("force", Kind::Bool)
                .default_bool(false)
                .about(&["Whether to insist."]),
            Opt::new("content", Kind::Str)
                .hidden_in_invocation()
                .about(&["A long text."]),
            Opt::new("file", Kind::Path).about(&["A path."]),
            Opt::new("tags", Kind::List(&Kind::Str))
                .choices(&["a", "b", "c"])
                .about(&["Some words."]),
            Opt::new("numbers", Kind::List(&Kind::Int)).about(&["Some numbers."]),
        ],
        &[Opt::new("token", Kind::Str)
            .aliases(&["key"])
            .env("PROBE_TOKEN")
            .secret()
            .about(&["The secret."])],
    ],
    constraints: Constraints::NONE,
    attributes: Attributes {
        check_mode: Attribute::full("Can run in check mode."),
        diff_mode: Attribute::partial("Shows a difference.", &["Always the same one."]),
        idempotent: Attribute::none(
            "Changes nothing the second time.",
            &["It always reports a change."],
        ),
    },
    notes: &["A note."],
    seealso: &["mrp_rules"],
    deprecation: None,
    examples: "- name: Show what the protocol does\n  mrp_probe:\n    name: x\n",
    returns: &[Return {
        name: "options",
        description: "The options.",
        returned: "success",
        kind: "dict",
        sample: Some(r#"{"name": "x", "size": 5, "on": true}"#),
        contains: &[Return {
            name: "name",
            description: "Name of the thing.",
            returned: "success",
            kind: "str",
            sample: None,
            contains: &[],
        }],
    }],
};

/// A module with every rule.
pub static RULES: ModuleSpec = ModuleSpec {
    name: "mrp_rules",
    short_description: "Has every rule",
    description: &["Has every rule."],
    options: &[&[
        Opt::new("a", Kind::Str),
        Opt::new("b", Kind::Str),
        Opt::new("c", Kind::Str),
        Opt::new("d", Kind::Int),
        Opt::new("e", Kind::Bool),
        Opt::new("f", Kind::Str).default_str("f"),
        Opt::new("state", Kind::Str)
            .choices(&["one", "two", "three"])
            .default_str("one"),
    ]],
    constraints: Constraints {
        mutually_exclusive: &[&["a", "b"], &["b", "c"]],
        required_together: &[&["c", "d"]],
        required_one_of: &[&["a", "b", "c"]],
        required_if: &[
            RequiredIf::all("state", "two", &["a", "d"]),
            RequiredIf::any("state", "three", &["d", "e"]),
            RequiredIf {
                option: "e",
                is: Literal::Bool(true),
                requires: &["d"],
                any: false,
            },
        ],
        required_by: &[("b", &["d", "f"])],
    },
    attributes: PROBE.attributes,
    notes: &[],
    seealso: &[],
    deprecation: None,
    examples: "",
    returns: &[],
};
