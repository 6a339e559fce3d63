//! What the modules that only read have in common: their attributes, filters and patterns.

use crate::ansible::{Attribute, Attributes, Failure};
use crate::client::{Query, Scope};
use crate::task::network::MachineSelection;

/// Such a module runs in check mode, and twice, as it always does.
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

/// The objects of the token's user, or all that the user may see.
pub(crate) fn scope(mine: bool) -> Scope {
    if mine { Scope::Own } else { Scope::Visible }
}

/// The machines that names or a query select; all machines without either.
pub(crate) fn selection(
    names: Option<Vec<String>>,
    query: Option<String>,
) -> Result<MachineSelection, Failure> {
    match (names, query) {
        (Some(names), _) => Ok(MachineSelection::Names(names)),
        (None, Some(query)) => match Query::parse(&query) {
            Ok(query) => Ok(MachineSelection::Query(query)),
            Err(error) => Err(Failure::from(error).as_invalid_call()),
        },
        (None, None) => Ok(MachineSelection::All),
    }
}
