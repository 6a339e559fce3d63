//! Options that a command needs and that were not given, as far as the constraints of its module say.

use serde_json::{Map, Value};

use crate::ansible::{Constraints, Kind, Opt, RequiredIf};
use crate::cli::commands::Command;

struct MissingOptions<'a> {
    given: &'a Map<String, Value>,
    constraints: &'static Constraints,
    missing: Vec<&'static str>,
}

/// The options that have to be given as well; of alternatives the first.
pub(crate) fn find(command: &Command, given: &Map<String, Value>) -> Vec<&'static Opt> {
    let spec = command.module.spec;
    let mut search = MissingOptions {
        given,
        constraints: &spec.constraints,
        missing: Vec::new(),
    };
    let options = spec.all_options();
    let required = options.filter(|option| option.required && option.env.is_none());
    search.require(required.map(|option| option.name));
    // A module without a file only compares. An upload needs the file.
    let operands = command.operands.iter().map(|(name, _)| *name);
    search.require(operands.filter(|name| matches!(command.option(name).kind, Kind::Path)));
    search.require_dependencies();
    search.require_alternatives();
    let missing = search.missing.iter();
    missing.map(|name| command.option(name)).collect()
}

impl MissingOptions<'_> {
    fn require(&mut self, names: impl IntoIterator<Item = &'static str>) {
        for name in names {
            if !self.has(name) && !self.is_excluded(name) {
                self.missing.push(name);
            }
        }
    }

    fn has(&self, name: &str) -> bool {
        self.given.contains_key(name) || self.missing.contains(&name)
    }

    /// Whether the option excludes one that was given. The module's own error says so.
    fn is_excluded(&self, name: &str) -> bool {
        let is_given = |other: &&str| self.given.contains_key(*other);
        let mut groups = self.constraints.mutually_exclusive.iter();
        groups.any(|group| group.contains(&name) && group.iter().any(is_given))
    }

    /// Options that other options, or their values, require.
    fn require_dependencies(&mut self) {
        for rule in self.constraints.required_if {
            if !rule.any && self.applies(rule) {
                self.require(rule.requires.iter().copied());
            }
        }
        for (option, requires) in self.constraints.required_by {
            if self.has(option) {
                self.require(requires.iter().copied());
            }
        }
    }

    /// Groups of which one option is enough. One that is missing anyway counts.
    fn require_alternatives(&mut self) {
        let mut groups = self.constraints.required_one_of.to_vec();
        let rules = self.constraints.required_if.iter();
        let rules = rules.filter(|rule| rule.any && self.applies(rule));
        groups.extend(rules.map(|rule| rule.requires));
        for group in groups {
            if !group.iter().any(|name| self.has(name)) {
                self.require(group.first().copied());
            }
        }
    }

    fn applies(&self, rule: &RequiredIf) -> bool {
        let value = rule.is.to_json();
        let given = self.given.get(rule.option);
        given.is_some_and(|given| *given == value || given.as_str() == Some(&value.to_string()))
    }
}
