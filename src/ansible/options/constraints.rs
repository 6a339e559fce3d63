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
    let broken: Vec<String> = constraints
        .mutually_exclusive
        .iter()
        .filter(|group| count_given(group, options) > 1)
        .map(|group| group.join("|"))
        .collect();
    if broken.is_empty() {
        Ok(())
    } else {
        Err(format!(
            "parameters are mutually exclusive: {}",
            broken.join(", ")
        ))
    }
}

/// Every required option is given.
pub(crate) fn required(
    groups: &'static [&'static [Opt]],
    options: &Map<String, Value>,
) -> Result<(), String> {
    let mut missing: Vec<&str> = all(groups)
        .filter(|option| option.required && !options.contains_key(option.name))
        .map(|option| option.name)
        .collect();
    missing.sort_unstable();
    if missing.is_empty() {
        Ok(())
    } else {
        Err(format!(
            "missing required arguments: {}",
            missing.join(", ")
        ))
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
        let broken = if rule.any {
            missing.len() == rule.requires.len()
        } else {
            !missing.is_empty()
        };
        if broken && options.get(rule.option) == Some(&value) {
            let (option, is, quantity) = (
                rule.option,
                python::str_of(&value),
                if rule.any { "any" } else { "all" },
            );
            return Err(format!(
                "{option} is {is} but {quantity} of the following are missing: {}",
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
