//! Rules over several options, with the messages of AnsibleModule.

use serde_json::{Map, Value};

use crate::ansible::options::option::Opt;
use crate::ansible::options::python;
use crate::ansible::options::spec::{Constraints, all};

/// Of each group at most one option is given. Checked before defaults are filled in.
pub(crate) fn mutually_exclusive(
    constraints: &Constraints,
    options: &Map<String, Value>,
) -> Result<(), String> {
    let groups = constraints.mutually_exclusive.iter();
    let broken: Vec<String> = groups
        .filter(|group| count_given(group, options) > 1)
        .map(|group| group.join("|"))
        .collect();
    match broken.join(", ") {
        none if none.is_empty() => Ok(()),
        broken => Err(format!("parameters are mutually exclusive: {broken}")),
    }
}

/// Every required option is given.
pub(crate) fn required(
    groups: &'static [&'static [Opt]],
    options: &Map<String, Value>,
) -> Result<(), String> {
    let required = all(groups).filter(|option| option.required);
    let names: Vec<&str> = required.map(|option| option.name).collect();
    let mut missing = missing(&names, options);
    missing.sort_unstable();
    match missing.join(", ") {
        none if none.is_empty() => Ok(()),
        missing => Err(format!("missing required arguments: {missing}")),
    }
}

/// All other rules, for which defaults count as given.
pub(crate) fn remaining(
    constraints: &Constraints,
    options: &Map<String, Value>,
) -> Result<(), String> {
    for group in constraints.required_together {
        if (1..group.len()).contains(&count_given(group, options)) {
            return Err(format!(
                "parameters are required together: {}",
                group.join(", ")
            ));
        }
    }
    for group in constraints.required_one_of {
        if count_given(group, options) == 0 {
            return Err(format!(
                "one of the following is required: {}",
                group.join(", ")
            ));
        }
    }
    for rule in constraints.required_if {
        let value = rule.is.to_json();
        let missing = missing(rule.requires, options);
        let (quantity, broken) = match rule.any {
            true => ("any", missing.len() == rule.requires.len()),
            false => ("all", !missing.is_empty()),
        };
        if broken && options.get(rule.option) == Some(&value) {
            return Err(format!(
                "{} is {} but {quantity} of the following are missing: {}",
                rule.option,
                python::str_of(&value),
                missing.join(", ")
            ));
        }
    }
    for (option, requires) in constraints.required_by {
        let missing = missing(requires, options);
        if options.contains_key(*option) && !missing.is_empty() {
            return Err(format!(
                "missing parameter(s) required by '{option}': {}",
                missing.join(", ")
            ));
        }
    }
    Ok(())
}

fn count_given(names: &[&str], options: &Map<String, Value>) -> usize {
    names.len() - missing(names, options).len()
}

fn missing<'a>(names: &[&'a str], options: &Map<String, Value>) -> Vec<&'a str> {
    names
        .iter()
        .copied()
        .filter(|name| !options.contains_key(*name))
        .collect()
}
