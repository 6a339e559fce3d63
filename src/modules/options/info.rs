//! What the modules share that only read.

use serde_json::{Map, Value};

use crate::ansible::{Attribute, Attributes, Failure, Success};
use crate::client::{Query, Scope};
use crate::modules::run;
use crate::task::network::MachineSelection;

/// What such a module promises.
pub(crate) const ATTRIBUTES: Attributes = Attributes {
    check_mode: Attribute::full("The module only reads."),
    diff_mode: Attribute::none("Nothing ever changes.", &[]),
    idempotent: Attribute::full("The module only reads."),
};

/// The documentation of an option with a filter that the server evaluates.
pub(crate) const QUERY: &[&str] = &[
    "Filter in the server's query language, for example C((and (= arch \"arm64\") (=~ name \"qdc\"))).",
    "The symbols are C(name), C(arch), C(bmc_type), C(assignee_count) and C(interface_count), the operators \
     C(= != < <= > >= =~), C(and) and C(or).",
];

/// The note on options that are patterns.
pub(crate) const PATTERNS: &str = "In a pattern C(*) stands for any number of characters and C(?) for one; all others \
                                   stand for themselves; it has to match the whole text, and upper and lower case differ.";

/// One's own or all that one may see.
pub(crate) fn scope(mine: bool) -> Scope {
    if mine { Scope::Own } else { Scope::Visible }
}

/// The machines that names or a query mean; all without either.
pub(crate) fn selection(
    names: Option<Vec<String>>,
    query: Option<String>,
) -> Result<MachineSelection, Failure> {
    match (names, query) {
        (Some(names), _) => Ok(MachineSelection::Names(names)),
        (None, Some(query)) => match Query::parse(&query) {
            Ok(query) => Ok(MachineSelection::Query(query)),
            Err(error) => Err(run::failure(error.into())),
        },
        (None, None) => Ok(MachineSelection::All),
    }
}

/// A result that has a list under one key.
pub(crate) fn found(key: &str, list: Value) -> Success {
    Success {
        fields: Map::from_iter([(key.to_owned(), list)]),
        ..Success::default()
    }
}
