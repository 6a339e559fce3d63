//! What a command misses, as far as the rules of its module tell.

use serde_json::{Map, Value};

use crate::ansible::{Constraints, Kind, Opt, RequiredIf};
use crate::cli::commands::Command;

/// What is given, and what is wanted besides.
struct Gaps<'a> {
    given: &'a Map<String, Value>,
    rules: &'static Constraints,
    wanted: Vec<&'static str>,
}

/// The options that have to be given as well, of alternatives the first.
pub(crate) fn missing(command: &Command, given: &Map<String, Value>) -> Vec<&'static Opt> {
    let spec = command.module.spec;
    let mut gaps = Gaps {
        given,
        rules: &spec.constraints,
        wanted: Vec::new(),
    };
    let options = spec.all_options();
    let required = options.filter(|option| option.required && option.env.is_none());
    gaps.want(required.map(|option| option.name));
    // A module without a file only compares, which is not what anybody means who uploads.
    let operands = command.operands.iter().map(|(name, _)| *name);
    gaps.want(operands.filter(|name| matches!(command.option(name).kind, Kind::Path)));
    gaps.want_what_others_require();
    gaps.want_alternatives();
    let wanted = gaps.wanted.iter();
    wanted.map(|name| command.option(name)).collect()
}

impl Gaps<'_> {
    fn want(&mut self, names: impl IntoIterator<Item = &'static str>) {
        for name in names {
            if !self.is_there(name) && !self.is_excluded(name) {
                self.wanted.push(name);
            }
        }
    }

    fn is_there(&self, name: &str) -> bool {
        self.given.contains_key(name) || self.wanted.contains(&name)
    }

    /// Whether it cannot be added to what is given, so that the module is to say what is wrong.
    fn is_excluded(&self, name: &str) -> bool {
        let is_given = |other: &&str| self.given.contains_key(*other);
        let mut groups = self.rules.mutually_exclusive.iter();
        groups.any(|group| group.contains(&name) && group.iter().any(is_given))
    }

    fn want_what_others_require(&mut self) {
        for rule in self.rules.required_if.iter().filter(|rule| !rule.any) {
            if self.applies(rule) {
                self.want(rule.requires.iter().copied());
            }
        }
        for (option, requires) in self.rules.required_by {
            if self.is_there(option) {
                self.want(requires.iter().copied());
            }
        }
    }

    /// What is wanted anyway may be one of them.
    fn want_alternatives(&mut self) {
        let rules = self.rules;
        let of_values = rules.required_if.iter().filter(|rule| rule.any);
        let of_values: Vec<_> = of_values.filter(|rule| self.applies(rule)).collect();
        let of_values = of_values.iter().map(|rule| rule.requires);
        for group in rules.required_one_of.iter().copied().chain(of_values) {
            if !group.iter().any(|name| self.is_there(name)) {
                self.want(group.first().copied());
            }
        }
    }

    fn applies(&self, rule: &RequiredIf) -> bool {
        let is = rule.is.to_json();
        let given = self.given.get(rule.option);
        given.is_some_and(|given| *given == is || given.as_str() == Some(&is.to_string()))
    }
}
