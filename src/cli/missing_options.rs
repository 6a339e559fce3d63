//! Options that a command needs and that were not given, as far as the constraints of its module say.

use std::slice;

use serde_json::{Map, Value};

use crate::ansible::{Constraints, Kind, Opt, RequiredIf};
use crate::cli::commands::Command;

/// The options that have to be given as well; of alternatives the first.
pub(crate) fn find(command: &Command, given: &Map<String, Value>) -> Vec<&'static Opt> {
    let spec = command.module.spec;
    let rules = &spec.constraints;
    let required = spec.all_options();
    let required = required.filter(|option| option.required && option.env.is_none());
    // A module without a file only compares. An upload needs the file.
    let names = command.operands.iter().map(|(name, _)| name);
    let files = names.filter(|name| matches!(command.option(name).kind, Kind::Path));
    let applying = rules.required_if.iter();
    let (alternatives, dependencies): (Vec<&RequiredIf>, Vec<_>) = applying
        .filter(|rule| has_value(given, rule))
        .partition(|rule| rule.any);

    // Of each group one option is needed.
    let mut groups: Vec<&[&'static str]> = Vec::new();
    groups.extend(required.map(|option| slice::from_ref(&option.name)));
    groups.extend(files.map(slice::from_ref));
    groups.extend(dependencies.iter().flat_map(|rule| rule.requires.chunks(1)));
    let mut missing = Vec::new();
    add_first_of_each(groups, &mut missing, rules, given);
    for (option, requires) in rules.required_by {
        if given.contains_key(*option) || missing.contains(option) {
            add_first_of_each(requires.chunks(1), &mut missing, rules, given);
        }
    }
    let alternatives = alternatives.iter().map(|rule| rule.requires);
    let alternatives = rules.required_one_of.iter().copied().chain(alternatives);
    add_first_of_each(alternatives, &mut missing, rules, given);
    missing.iter().map(|name| command.option(name)).collect()
}

/// Adds the first option of each group of which none is given or missing anyway.
fn add_first_of_each<'a>(
    groups: impl IntoIterator<Item = &'a [&'static str]>,
    missing: &mut Vec<&'static str>,
    rules: &Constraints,
    given: &Map<String, Value>,
) {
    let is_given = |name: &&str| given.contains_key(*name);
    // One that excludes an option that was given is not missing. The module's own error says so.
    let is_excluded = |name: &str| {
        let mut groups = rules.mutually_exclusive.iter();
        groups.any(|group| group.contains(&name) && group.iter().any(is_given))
    };
    for group in groups {
        let mut names = group.iter();
        if !names.any(|name| is_given(name) || missing.contains(name)) && !is_excluded(group[0]) {
            missing.push(group[0]);
        }
    }
}

/// Whether the option of a rule was given with the rule's value.
fn has_value(given: &Map<String, Value>, rule: &RequiredIf) -> bool {
    let value = rule.is.to_json();
    let given = given.get(rule.option);
    given.is_some_and(|given| *given == value || given.as_str() == Some(&value.to_string()))
}
