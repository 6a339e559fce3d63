//! The figures: cases, violations and exceptions of each group, row by row.

use std::collections::BTreeMap;

use crate::case::Finding;
use crate::exceptions;
use crate::rules::Rule;

/// How many violations are printed in full.
const SHOWN: usize = 400;

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) cases: usize,
    pub(crate) violations: usize,
    pub(crate) exceptions: usize,
}

#[derive(Default)]
pub(crate) struct Tally {
    /// By group and row.
    pub(crate) rows: BTreeMap<(&'static str, String), Counts>,
    /// By rule.
    pub(crate) rules: BTreeMap<Rule, usize>,
    /// By exception.
    pub(crate) exceptions: BTreeMap<&'static str, usize>,
    shown: usize,
}

impl Tally {
    pub(crate) fn add(&mut self, finding: &Finding) {
        let Finding { title, violations } = finding;
        let key = (title.group, title.row.clone());
        let counts = self.rows.entry(key).or_default();
        counts.cases += 1;
        for violation in violations {
            if let Some(exception) = exceptions::find(title, violation) {
                counts.exceptions += 1;
                *self.exceptions.entry(exception.name).or_default() += 1;
                continue;
            }
            counts.violations += 1;
            *self.rules.entry(violation.rule).or_default() += 1;
            if self.shown < SHOWN {
                self.shown += 1;
                println!(
                    "{:?}: '{}', sessions {:?}: {}: {}",
                    violation.rule, title.task, title.sessions, title.place, violation.what
                );
            }
        }
    }

    pub(crate) fn total(&self) -> Counts {
        sum(self.rows.values())
    }

    /// The sums of each group.
    pub(crate) fn groups(&self) -> BTreeMap<&'static str, Counts> {
        let mut groups: BTreeMap<&'static str, Counts> = BTreeMap::new();
        for ((group, _), counts) in &self.rows {
            let so_far = groups.entry(group).or_default();
            *so_far = sum([&*so_far, counts].into_iter());
        }
        groups
    }
}

fn sum<'a>(counts: impl Iterator<Item = &'a Counts>) -> Counts {
    counts.fold(Counts::default(), |sum, counts| Counts {
        cases: sum.cases + counts.cases,
        violations: sum.violations + counts.violations,
        exceptions: sum.exceptions + counts.exceptions,
    })
}
