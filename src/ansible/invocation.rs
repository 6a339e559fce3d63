//! `invocation`: the options a run started with, as AnsibleModule shows them at high verbosity.
//!
//! Names that are no option are left out: the value of a mistyped name may be a secret.

use serde_json::{Map, Value, json};

use crate::ansible::options::option::{Disclosure, Opt};
use crate::ansible::options::spec::{ModuleSpec, all};
use crate::ansible::secrets::PLACEHOLDER;

/// All options with their values, and the aliases that were used.
pub(crate) fn invocation(
    spec: &ModuleSpec,
    options: &Map<String, Value>,
    given: &Map<String, Value>,
) -> Value {
    let mut shown = level(spec.options, options);
    for option in spec.all_options() {
        // What another option stands for replaces it before the options are checked.
        let replaced = option.expansion.map(|_| option.name);
        for name in option.aliases.iter().copied().chain(replaced) {
            if let Some(value) = given.get(name) {
                shown.insert(name.to_owned(), disclosed(option, value));
            }
        }
    }
    json!({ "module_args": shown })
}

/// All options of one level; null stands for what was not given.
fn level(groups: &'static [&'static [Opt]], options: &Map<String, Value>) -> Map<String, Value> {
    let value = |option: &Opt| disclosed(option, options.get(option.name).unwrap_or(&Value::Null));
    all(groups)
        .map(|option| (option.name.to_owned(), value(option)))
        .collect()
}

/// The value as it may be shown. Secrets as a whole are masked here, those within a text when the result is printed.
fn disclosed(option: &Opt, value: &Value) -> Value {
    match (option.disclosure, option.item_options(), value) {
        (_, _, Value::Null) => Value::Null,
        (Disclosure::Secret | Disclosure::HiddenInInvocation, _, _) => PLACEHOLDER.into(),
        (_, Some(groups), Value::Object(fields)) => level(groups, fields).into(),
        (_, Some(_), Value::Array(items)) => {
            items.iter().map(|item| disclosed(option, item)).collect()
        }
        (Disclosure::Shown | Disclosure::ShownAsUrl, _, value) => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ansible::Kind;

    static OPTIONS: &[&[Opt]] = &[&[
        Opt::new("name", Kind::Str).aliases(&["title"]),
        Opt::new("token", Kind::Str).aliases(&["key"]).secret(),
        Opt::new("content", Kind::Str).hidden_in_invocation(),
        Opt::new(
            "files",
            Kind::Items(&[&[
                Opt::new("path", Kind::Path),
                Opt::new("text", Kind::Str).hidden_in_invocation(),
            ]]),
        ),
    ]];

    #[test]
    fn shows_values_and_masks_secrets() {
        let shown = level(
            OPTIONS,
            json!({"name": "x", "token": "t", "files": [{"path": "/x", "text": "long"}]})
                .as_object()
                .unwrap(),
        );
        assert_eq!(
            Value::from(shown),
            json!({
                "name": "x", "token": PLACEHOLDER, "content": null,
                "files": [{"path": "/x", "text": PLACEHOLDER}],
            })
        );
    }
}
