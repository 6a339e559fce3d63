//! Mistakes in a module's table, for the test that every module passes through.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::ansible::options::option::{Disclosure, Literal, Opt};
use crate::ansible::options::spec::{Constraints, ModuleSpec, Return};

/// Everything that is wrong with a table, in sentences; nothing when it is right.
#[must_use]
pub fn mistakes(spec: &ModuleSpec) -> Vec<String> {
    let mut found = Vec::new();
    lint_options(spec, &mut found);
    lint_returns(spec.name, spec.returns, &mut found);
    found
}

fn lint_options(spec: &ModuleSpec, found: &mut Vec<String>) {
    let module = spec.name;
    let mut names = BTreeSet::new();
    for option in spec.all_options() {
        for name in option.aliases.iter().chain([&option.name]) {
            if !names.insert(*name) {
                found.push(format!("{module}: there are two options named {name}."));
            }
        }
        let mistakes = lint_option(option).into_iter();
        found.extend(mistakes.map(|mistake| format!("{module}.{}: {mistake}", option.name)));
    }
    let canonical: BTreeSet<&str> = spec.all_options().map(|option| option.name).collect();
    for name in names_in_rules(&spec.constraints).filter(|name| !canonical.contains(name)) {
        found.push(format!(
            "{module}: a rule names {name}, which is no option."
        ));
    }
}

fn lint_option(option: &Opt) -> Vec<&'static str> {
    let looks_secret = ["password", "secret", "token"]
        .iter()
        .any(|word| option.name.contains(word));
    let default_is_choice = match option.default {
        Some(Literal::Str(text)) => option.choices.is_empty() || option.choices.contains(&text),
        _ => true,
    };
    [
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
    ]
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
    let conditions = constraints
        .required_if
        .iter()
        .flat_map(|rule| rule.requires.iter().chain([&rule.option]));
    let presences = constraints
        .required_by
        .iter()
        .flat_map(|(option, requires)| requires.iter().chain([option]));
    groups
        .into_iter()
        .flatten()
        .copied()
        .flatten()
        .chain(conditions)
        .chain(presences)
        .copied()
}

fn lint_returns(place: &str, returns: &'static [Return], found: &mut Vec<String>) {
    for value in returns {
        let place = format!("{place} returns {}", value.name);
        if value
            .sample
            .is_some_and(|sample| serde_json::from_str::<Value>(sample).is_err())
        {
            found.push(format!("{place}: its sample is not JSON."));
        }
        lint_returns(&place, value.contains, found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ansible::{Attribute, Attributes, Kind, RequiredIf};

    const PROMISE: Attribute = Attribute::full("");

    static WRONG: ModuleSpec = ModuleSpec {
        name: "m",
        short_description: "",
        description: &[],
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
            required_if: &[RequiredIf::all("a", "x", &["z"])],
            ..Constraints::NONE
        },
        attributes: Attributes {
            check_mode: PROMISE,
            diff_mode: PROMISE,
            idempotent: PROMISE,
        },
        notes: &[],
        seealso: &[],
        deprecation: None,
        examples: "",
        returns: &[Return {
            name: "r",
            description: "",
            returned: "success",
            kind: "str",
            sample: Some("{"),
            contains: &[],
        }],
    };

    #[test]
    fn finds_mistakes() {
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
}
