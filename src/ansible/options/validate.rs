//! Validation: from the options as a task wrote them to the options as the module gets them.
//!
//! The order of the checks is AnsibleModule's, since only the first error is reported: mutually exclusive, required,
//! types, choices, further rules, and unsupported names last of all. A null counts as not given.

use serde_json::{Map, Value};

use crate::ansible::options::choices;
use crate::ansible::options::coerce;
use crate::ansible::options::constraints;
use crate::ansible::options::option::{Kind, Opt};
use crate::ansible::options::python;
use crate::ansible::options::spec::ModuleSpec;
use crate::ansible::options::unsendable;
use crate::ansible::options::unsupported::Unsupported;
use crate::ansible::result::Failure;

/// Reads an environment variable.
pub(crate) type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Options under their canonical names, of the declared types, with defaults and the environment filled in.
#[derive(Debug)]
pub(crate) struct Validated {
    pub(crate) options: Map<String, Value>,
    pub(crate) warnings: Vec<String>,
}

/// Checks and completes the options of a module. `module_name` is the name as the task wrote it.
pub(crate) fn validate(
    spec: &ModuleSpec,
    module_name: &str,
    given: &Map<String, Value>,
    environment: Environment<'_>,
    ignore_unknown: bool,
) -> Result<Validated, Failure> {
    let mut warnings = Vec::new();
    let mut options = canonical(spec, given, environment, &mut warnings);
    let unsupported = Unsupported::find(given, spec.options);
    let failure = match complete(spec, &mut options) {
        Err(message) => Failure::invalid_call(message),
        Ok(()) if !ignore_unknown && !unsupported.names.is_empty() => {
            unsupported.failure(module_name)
        }
        Ok(()) => return Ok(Validated { options, warnings }),
    };
    Err(Failure {
        // A name that is no option may be the reason why another one is missing.
        hint: unsupported.hint(),
        warnings,
        ..failure
    })
}

/// The options as they were written, under their canonical names, without nulls, with the environment.
fn canonical(
    spec: &ModuleSpec,
    given: &Map<String, Value>,
    environment: Environment<'_>,
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
        let value = value
            .cloned()
            .or_else(|| environment_value(option, environment));
        if let Some(value) = value {
            options.insert(option.name.to_owned(), value);
        }
    }
    options
}

fn given_value<'a>(given: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    given.get(name).filter(|value| !value.is_null())
}

fn environment_value(option: &Opt, environment: Environment<'_>) -> Option<Value> {
    let text = environment(option.env?)?;
    (!text.is_empty()).then(|| text.into())
}

/// Fills in defaults and coerces every value; the message of the first rule that is broken.
fn complete(spec: &ModuleSpec, options: &mut Map<String, Value>) -> Result<(), String> {
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
        }
    }
    for option in spec.all_options() {
        if let Some(value) = options.get_mut(option.name) {
            choices::check(option, value)?;
        }
    }
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
