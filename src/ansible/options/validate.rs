//! Validation: from the options as a task wrote them to the options as the module gets them.
//!
//! The order of the checks is AnsibleModule's, since only the first error is reported: mutually exclusive, required,
//! types, choices, further rules, and unsupported names last of all. A null counts as not given.

use serde_json::{Map, Value};

use crate::ansible::args::Internal;
use crate::ansible::options::option::{Kind, Opt};
use crate::ansible::options::spec::ModuleSpec;
use crate::ansible::options::yaml_values::YamlValues;
use crate::ansible::options::{choices, coerce, constraints, python, unsendable, unsupported};
use crate::ansible::result::Failure;

/// Options that were checked.
pub(crate) struct ValidOptions {
    /// Under their canonical names, of the declared types, with defaults and the environment filled in.
    pub(crate) options: Map<String, Value>,
    pub(crate) warnings: Vec<String>,
    /// The texts that YAML made of numbers and booleans.
    pub(crate) yaml_texts: Vec<String>,
}

/// Checks and completes the options of a module.
pub(crate) fn validate(
    spec: &ModuleSpec,
    given: &Map<String, Value>,
    internal: &Internal,
) -> Result<ValidOptions, Failure> {
    let mut warnings = Vec::new();
    let mut options = canonical(spec, given, &mut warnings);
    let mut yaml_values = YamlValues::default();
    let completed = complete(spec, &mut options, &mut yaml_values).map_err(|message| Failure {
        // A name that is no option may be the reason why another one is missing.
        hint: unsupported::hint(given, spec.options),
        ..Failure::invalid_call(message)
    });
    warnings.append(&mut yaml_values.warnings);
    match completed.and_then(|()| unsupported::require_supported(given, spec, internal)) {
        Ok(()) => Ok(ValidOptions {
            options,
            warnings,
            yaml_texts: yaml_values.texts,
        }),
        Err(mut failure) => {
            failure.partial.warnings = warnings;
            Err(failure)
        }
    }
}

/// The options as they were written, under their canonical names, without nulls, with the environment.
fn canonical(
    spec: &ModuleSpec,
    given: &Map<String, Value>,
    warnings: &mut Vec<String>,
) -> Map<String, Value> {
    let mut options = Map::new();
    for option in spec.all_options() {
        let mut value = given_value(given, option.name);
        // AnsibleModule lets the alias win over the name itself, and the last alias over the others.
        for alias in option.aliases {
            let Some(other) = given_value(given, alias) else {
                continue;
            };
            if value.is_some() {
                warnings.push(format!(
                    "Both option {} and its alias {alias} are set.",
                    option.name
                ));
            }
            value = Some(other);
        }
        let from_environment = || Some(option.env_value()?.into());
        let value = value.cloned().or_else(from_environment);
        options.extend(value.map(|value| (option.name.to_owned(), value)));
    }
    options
}

fn given_value<'a>(given: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    given.get(name).filter(|value| !value.is_null())
}

/// Fills in defaults and coerces every value; the message of the first rule that is broken.
fn complete(
    spec: &ModuleSpec,
    options: &mut Map<String, Value>,
    yaml_values: &mut YamlValues,
) -> Result<(), String> {
    let given = options.clone();
    constraints::mutually_exclusive(&spec.constraints, options)?;
    for option in spec.all_options() {
        if let (Some(default), false) = (option.default, options.contains_key(option.name)) {
            options.insert(option.name.to_owned(), default.to_json());
        }
    }
    constraints::required(spec.options, options)?;
    for option in spec.all_options() {
        if let Some(value) = options.get_mut(option.name) {
            *value = coerced(option, value)?;
            unsendable::check(option.name, value)?;
            if matches!(option.kind, Kind::Path) && value == "" {
                return Err(format!("value of {} must not be empty", option.name));
            }
        }
    }
    let mut checked = Ok(());
    for option in spec.all_options() {
        if let Some(value) = options.get_mut(option.name) {
            checked = checked.and_then(|()| choices::check(option, value));
            if let Some(given) = given.get(option.name) {
                yaml_values.note(option, given, value);
            }
        }
    }
    checked?;
    constraints::remaining(&spec.constraints, options)
}

/// The value of an option in its declared type, and so every element of a list.
fn coerced(option: &Opt, value: &Value) -> Result<Value, String> {
    let coerced = coerce::coerce(&option.kind, value).map_err(|error| {
        format!(
            "argument '{}' is of type {} and we were unable to convert to {}: {error}",
            option.name,
            python::type_name(value),
            option.kind.name()
        )
    })?;
    match (&option.kind, coerced) {
        (Kind::List(element), Value::Array(items)) => items
            .iter()
            .map(|item| coerced_element(option.name, element, item))
            .collect(),
        (_, coerced) => Ok(coerced),
    }
}

fn coerced_element(name: &str, kind: &Kind, item: &Value) -> Result<Value, String> {
    coerce::coerce(kind, item).map_err(|error| {
        format!(
            "Elements value for option '{name}' is of type {} and we were unable to convert to {}: {error}",
            python::type_name(item),
            kind.name()
        )
    })
}
