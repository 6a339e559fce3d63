//! From the options as they were written to the options as the module gets them.
//!
//! The order of the checks is AnsibleModule's, since only the first error is reported: shape of
//! suboptions, mutually exclusive, required, types, choices, further rules, suboptions, and
//! unsupported names last of all. A null counts as not given.

use serde_json::{Map, Value};

use crate::ansible::options::choices;
use crate::ansible::options::coerce;
use crate::ansible::options::constraints;
use crate::ansible::options::option::{Kind, Opt};
use crate::ansible::options::python;
use crate::ansible::options::spec::{Constraints, ModuleSpec, all};
use crate::ansible::options::unsupported::Unsupported;
use crate::ansible::result::Failure;

/// Reads an environment variable.
pub(crate) type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Options under their canonical names, of the declared types, with defaults and the environment
/// filled in.
#[derive(Debug, Default)]
pub(crate) struct Validated {
    pub(crate) options: Map<String, Value>,
    pub(crate) warnings: Vec<String>,
    unsupported: Vec<Unsupported>,
}

/// One level of options: those of the module, or the suboptions of one option.
struct Level<'a> {
    groups: &'static [&'static [Opt]],
    constraints: &'a Constraints,
    /// The names of the options around it.
    path: Vec<&'static str>,
    /// The same for warnings, with positions in lists: `users[0].`
    prefix: String,
}

/// Checks and completes the options of a module. `module_name` is the name as the task wrote it.
pub(crate) fn validate(
    spec: &ModuleSpec,
    module_name: &str,
    given: &Map<String, Value>,
    environment: Environment<'_>,
    ignore_unknown: bool,
) -> Result<Validated, Failure> {
    let mut validated = Validated::default();
    let level = Level {
        groups: spec.options,
        constraints: &spec.constraints,
        path: Vec::new(),
        prefix: String::new(),
    };
    let failure = match validated.level(&level, given, environment) {
        Err(message) => Failure::new(message),
        Ok(_) if !ignore_unknown && !validated.unsupported.is_empty() => {
            Unsupported::failure(&validated.unsupported, module_name)
        }
        Ok(options) => {
            return Ok(Validated {
                options,
                ..validated
            });
        }
    };
    // A name that is no option may be the reason why another one is missing.
    let hint = Unsupported::hint(&validated.unsupported);
    Err(Failure {
        hint,
        warnings: validated.warnings,
        ..failure
    })
}

/// The options of one level as they were written, under their canonical names, without nulls, with
/// the environment.
fn canonical(
    level: &Level<'_>,
    given: &Map<String, Value>,
    environment: Environment<'_>,
    warnings: &mut Vec<String>,
) -> Map<String, Value> {
    let mut options = Map::new();
    let prefix = &level.prefix;
    for option in all(level.groups) {
        let mut value = given_value(given, option.name);
        // AnsibleModule lets the alias win over the name itself, and the last alias over the
        // others.
        for alias in option.aliases {
            let Some(other) = given_value(given, alias) else {
                continue;
            };
            if value.is_some() {
                warnings.push(format!(
                    "Both option {prefix}{} and its alias {prefix}{alias} are set.",
                    option.name
                ));
            }
            value = Some(other);
        }
        let fallback = || {
            option
                .env
                .and_then(environment)
                .filter(|text| !text.is_empty())
                .map(Value::from)
        };
        if let Some(value) = value.cloned().or_else(fallback) {
            options.insert(option.name.to_owned(), value);
        }
    }
    options
}

fn given_value<'a>(given: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    given.get(name).filter(|value| !value.is_null())
}

impl Validated {
    fn level(
        &mut self,
        level: &Level<'_>,
        given: &Map<String, Value>,
        environment: Environment<'_>,
    ) -> Result<Map<String, Value>, String> {
        let mut options = canonical(level, given, environment, &mut self.warnings);
        check_shapes(level, &options)?;
        self.unsupported
            .extend(Unsupported::among(given, level.groups, &level.path));
        let found_in = found_in(&level.path);
        constraints::mutually_exclusive(level.constraints, &options)
            .map_err(|error| error + &found_in)?;
        fill_defaults(level, &mut options);
        constraints::required(level.groups, &options).map_err(|error| error + &found_in)?;
        for option in all(level.groups) {
            if let Some(value) = options.get_mut(option.name) {
                *value = coerced(option, value, &level.path)?;
            }
        }
        for option in all(level.groups) {
            if let Some(value) = options.get_mut(option.name) {
                choices::check(option, value).map_err(|error| error + &found_in)?;
            }
        }
        constraints::further(level.constraints, &options).map_err(|error| error + &found_in)?;
        for option in all(level.groups) {
            if let (Some(groups), Some(value)) = (option.suboptions(), options.get_mut(option.name))
            {
                self.suboptions(level, option, groups, value, environment)?;
            }
        }
        Ok(options)
    }

    fn suboptions(
        &mut self,
        level: &Level<'_>,
        option: &Opt,
        groups: &'static [&'static [Opt]],
        value: &mut Value,
        environment: Environment<'_>,
    ) -> Result<(), String> {
        let (elements, in_list) = match value {
            Value::Array(elements) => (elements.as_mut_slice(), true),
            single => (std::slice::from_mut(single), false),
        };
        for (index, element) in elements.iter_mut().enumerate() {
            let position = if in_list {
                format!("[{index}]")
            } else {
                String::new()
            };
            let inner = Level {
                groups,
                constraints: &option.constraints,
                path: level.path.iter().copied().chain([option.name]).collect(),
                prefix: format!("{}{}{position}.", level.prefix, option.name),
            };
            if let Value::Object(fields) = element {
                *element = self.level(&inner, fields, environment)?.into();
            }
        }
        Ok(())
    }
}

/// What stands for a dictionary with suboptions must be one, before anything else is looked at.
fn check_shapes(level: &Level<'_>, options: &Map<String, Value>) -> Result<(), String> {
    for option in all(level.groups).filter(|option| option.suboptions().is_some()) {
        let elements = match options.get(option.name) {
            None => continue,
            Some(Value::Array(elements)) => elements.as_slice(),
            Some(single) => std::slice::from_ref(single),
        };
        for element in elements {
            match element {
                Value::Object(_) => {}
                Value::String(_) => coerce::dict(element).map(drop)?,
                other => {
                    let (shown, kind, found) = (
                        python::str_of(other),
                        option.kind.name(),
                        python::type_name(other),
                    );
                    let name = option.name;
                    return Err(format!(
                        "Value '{shown}' in the sub parameter field '{name}' must be a {kind}, not '{found}'"
                    ));
                }
            }
        }
    }
    Ok(())
}

fn fill_defaults(level: &Level<'_>, options: &mut Map<String, Value>) {
    for option in all(level.groups) {
        if let (Some(default), false) = (option.default, options.contains_key(option.name)) {
            options.insert(option.name.to_owned(), default.to_json());
        }
    }
}

/// The value of an option in its declared type, and so every element of a list.
fn coerced(option: &Opt, value: &Value, path: &[&str]) -> Result<Value, String> {
    let value = coerce::coerce(&option.kind, value).map_err(|error| {
        let (found, wanted, name) = (python::type_name(value), option.kind.name(), option.name);
        let place = if path.is_empty() { String::new() } else { format!(" found in '{}'.", path.join(" -> ")) };
        // The stray full stop is AnsibleModule's.
        format!("argument '{name}' is of type {found}{place} and we were unable to convert to {wanted}: {error}")
    })?;
    match (&option.kind, value) {
        (Kind::List(element), Value::Array(items)) => items
            .iter()
            .map(|item| coerced_element(option.name, element, item, path))
            .collect(),
        (_, value) => Ok(value),
    }
}

fn coerced_element(name: &str, kind: &Kind, item: &Value, path: &[&str]) -> Result<Value, String> {
    coerce::coerce(kind, item).map_err(|error| {
        let place = if path.is_empty() {
            String::new()
        } else {
            format!(" found in '{}'", path.join(" -> "))
        };
        let (found, wanted) = (python::type_name(item), kind.name());
        format!(
            "Elements value for option '{name}'{place} is of type {found} \
             and we were unable to convert to {wanted}: {error}"
        )
    })
}

fn found_in(path: &[&str]) -> String {
    if path.is_empty() {
        String::new()
    } else {
        format!(" found in {}", path.join(" -> "))
    }
}
