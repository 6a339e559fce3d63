//! What is counted apart: cases in which a rule cannot be kept, each with its reason.

use crate::case::Title;
use crate::checks::{Rule, Violation};

/// A reason why a rule is not kept in some cases.
pub(crate) struct Exception {
    pub(crate) name: &'static str,
    pub(crate) reason: &'static str,
    applies: fn(&Title, Rule) -> bool,
}

pub(crate) const EXCEPTIONS: &[Exception] = &[];

/// The exception that a violation falls under.
pub(crate) fn find(title: &Title, violation: &Violation) -> Option<&'static Exception> {
    let mut exceptions = EXCEPTIONS.iter();
    exceptions.find(|exception| (exception.applies)(title, violation.rule))
}
