//! The option tables of the modules: the committed sidecars are generated from them, and each table fits its struct.

#![allow(
    clippy::unwrap_used,
    reason = "a test stops where its setting cannot be made"
)]

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::path::Path;

use mr_provisioner::ansible;
use mr_provisioner::ansible::{
    Call, Constraints, Disclosure, Kind, Literal, Module, ModuleSpec, Opt, Return,
};
use serde_json::{Map, Value, json};

const LIBRARY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/library");

#[test]
fn every_sidecar_is_what_mrp_docs_writes() {
    for module in mr_provisioner::MODULES {
        let path = Path::new(LIBRARY).join(format!("{}.yml", module.spec.name));
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        let generated = ansible::docs::sidecar(module.spec);
        assert!(
            committed == generated,
            "{} is out of date: run `make docs`",
            path.display()
        );
    }
}

#[test]
fn no_sidecar_is_left_over_from_a_module_that_is_gone() {
    for entry in std::fs::read_dir(LIBRARY).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "yml") {
            let name = path.file_stem().unwrap().to_str().unwrap();
            assert!(
                mr_provisioner::MODULES
                    .iter()
                    .any(|module| module.spec.name == name),
                "{}",
                path.display()
            );
        }
    }
}

#[test]
fn the_tables_of_the_modules_have_no_mistakes() {
    for module in mr_provisioner::MODULES {
        assert_eq!(mistakes(module.spec), Vec::<String>::new());
    }
}

/// A module panics when its options do not fit its struct. Every call here fails for another reason: no server listens.
#[test]
fn every_option_of_a_table_fits_the_struct_of_its_module() {
    let url = unused_url();
    for module in mr_provisioner::MODULES {
        let required = required_options(module.spec, module.spec.options);
        let connection = json!({ "mrp_url": url, "mrp_token": "t", "retries": 0 });
        let connection = connection.as_object().unwrap();
        let base: Map<String, Value> = required.into_iter().chain(connection.clone()).collect();
        assert!(fails(module, &base), "{}", module.spec.name);
        for option in module
            .spec
            .all_options()
            .filter(|option| !base.contains_key(option.name))
        {
            for value in values(module.spec, option) {
                let mut options = base.clone();
                options.insert(option.name.to_owned(), value);
                fails(module, &options);
            }
        }
        if let Some(list) = module.spec.list_option() {
            let mut options = connection.clone();
            options.insert(list.name.to_owned(), values(module.spec, list).remove(0));
            assert!(
                fails(module, &options),
                "{}.{}",
                module.spec.name,
                list.name
            );
        }
    }
}

/// Whether the options satisfy the rules of the table, and the module fails with them.
fn fails(module: &Module, options: &Map<String, Value>) -> bool {
    Call::new(module.spec, options).is_ok_and(|call| module.answer(&call).is_err())
}

fn unused_url() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}/", listener.local_addr().unwrap())
}

/// The options that must be given, with a value each.
fn required_options(spec: &ModuleSpec, groups: &'static [&'static [Opt]]) -> Map<String, Value> {
    let find = |name: &str| {
        groups
            .iter()
            .copied()
            .flatten()
            .find(|option| option.name == name)
    };
    let required = groups
        .iter()
        .copied()
        .flatten()
        .filter(|option| option.required);
    let mut names: Vec<&str> = required.map(|option| option.name).collect();
    names.extend(
        spec.constraints
            .required_one_of
            .iter()
            .map(|group| group[0]),
    );
    for rule in spec.constraints.required_if {
        if find(rule.option).and_then(|option| option.default) == Some(rule.is) {
            names.push(rule.requires[0]);
        }
    }
    let options = names.into_iter().filter_map(find);
    options
        .map(|option| (option.name.to_owned(), values(spec, option).remove(0)))
        .collect()
}

/// Values that an option takes.
fn values(spec: &ModuleSpec, option: &Opt) -> Vec<Value> {
    let choices = || {
        option
            .choices
            .iter()
            .map(|choice| json!(choice))
            .collect::<Vec<_>>()
    };
    match option.kind {
        Kind::Str if !option.choices.is_empty() => choices(),
        Kind::Str | Kind::Json | Kind::Words => vec!["xy".into(), "".into()],
        Kind::Path => vec!["xy".into()],
        Kind::Bool => vec![true.into(), false.into()],
        Kind::Int => vec![1.into()],
        Kind::Float => vec![json!(0.5), json!(2)],
        // What the module reads itself; its default is one that it takes.
        Kind::Raw => option.default.map(Literal::to_json).into_iter().collect(),
        Kind::List(_) if !option.choices.is_empty() => vec![choices().into()],
        Kind::List(_) => vec![json!(["x"]), json!([])],
        Kind::Items(groups) => {
            vec![json!([required_options(spec, groups)])]
        }
    }
}

/// Everything that is wrong with a table, in sentences; nothing when it is right.
fn mistakes(spec: &ModuleSpec) -> Vec<String> {
    let mut found = Vec::new();
    let module = spec.name;
    let mut names = BTreeSet::new();
    for option in spec.all_options() {
        for name in option.aliases.iter().chain([&option.name]) {
            if !names.insert(*name) {
                found.push(format!("{module}: there are two options named {name}."));
            }
        }
        let mistakes = option_mistakes(option).into_iter();
        found.extend(mistakes.map(|mistake| format!("{module}.{}: {mistake}", option.name)));
    }
    let canonical: BTreeSet<&str> = spec.all_options().map(|option| option.name).collect();
    for name in names_in_rules(&spec.constraints).filter(|name| !canonical.contains(name)) {
        found.push(format!(
            "{module}: a rule names {name}, which is no option."
        ));
    }
    add_return_mistakes(module, spec.returns, &mut found);
    found
}

fn option_mistakes(option: &Opt) -> Vec<&'static str> {
    let looks_secret = ["password", "secret", "token"]
        .iter()
        .any(|word| option.name.contains(word));
    let default_is_choice = match option.default {
        Some(Literal::Str(text)) => option.choices.is_empty() || option.choices.contains(&text),
        _ => true,
    };
    let mistakes = [
        (option.description.is_empty(), "it has no description."),
        (
            option.required && option.default.is_some(),
            "it is required and has a default.",
        ),
        (!default_is_choice, "its default is not one of its choices."),
        (
            looks_secret && option.disclosure != Disclosure::Secret,
            "it is not declared as a secret.",
        ),
    ];
    mistakes
        .into_iter()
        .filter_map(|(wrong, mistake)| wrong.then_some(mistake))
        .collect()
}

/// Every option that some rule names.
fn names_in_rules(constraints: &Constraints) -> impl Iterator<Item = &'static str> {
    let groups = [
        constraints.mutually_exclusive,
        constraints.required_together,
        constraints.required_one_of,
    ];
    let in_groups = groups.into_iter().flatten().copied().flatten();
    let in_conditions = constraints
        .required_if
        .iter()
        .flat_map(|rule| rule.requires.iter().chain([&rule.option]));
    let in_required_by = constraints
        .required_by
        .iter()
        .flat_map(|(option, requires)| requires.iter().chain([option]));
    in_groups
        .chain(in_conditions)
        .chain(in_required_by)
        .copied()
}

fn add_return_mistakes(place: &str, returns: &'static [Return], found: &mut Vec<String>) {
    for value in returns {
        let place = format!("{place} returns {}", value.name);
        let is_json = |sample: &str| serde_json::from_str::<Value>(sample).is_ok();
        if !value.sample.is_none_or(is_json) {
            found.push(format!("{place}: its sample is not JSON."));
        }
        add_return_mistakes(&place, value.contains, found);
    }
}

#[test]
fn mistakes_in_a_table_are_found() {
    static WRONG: ModuleSpec = ModuleSpec {
        name: "m",
        options: &[&[
            Opt::new("a", Kind::Str).aliases(&["b"]),
            Opt::new("b", Kind::Str)
                .about(&["x"])
                .required()
                .default_str("x")
                .choices(&["y"]),
            Opt::new("api_token", Kind::Str).about(&["x"]),
        ]],
        constraints: Constraints {
            required_if: &[ansible::RequiredIf::all("a", "x", &["z"])],
            ..Constraints::NONE
        },
        returns: &[Return::new("r", "str").sample("{")],
        ..ModuleSpec::EMPTY
    };
    assert_eq!(
        mistakes(&WRONG),
        [
            "m.a: it has no description.",
            "m: there are two options named b.",
            "m.b: it is required and has a default.",
            "m.b: its default is not one of its choices.",
            "m.api_token: it is not declared as a secret.",
            "m: a rule names z, which is no option.",
            "m returns r: its sample is not JSON.",
        ]
    );
}

#[test]
fn the_readme_names_every_module() {
    let readme = include_str!("../README.md");
    for module in mr_provisioner::MODULES {
        let documentation = format!("library/{}.yml", module.spec.name);
        assert!(
            readme.contains(&documentation),
            "README.md does not link {documentation}"
        );
    }
}
