//! The query language of `GET /machine` and reservations.
//!
//! Three stages, as on the server: the text is parsed into S-expressions (`sexp`), those are evaluated in Python into a
//! condition (`build`), and the database checks the condition's types (`condition`) and applies it to its rows (`rows`).
//! An error of an earlier stage hides those of a later one.

mod condition;
mod evaluate;
mod raw_sql;
mod rows;
mod sexp;

use crate::database::{Database, Machine};
use crate::reply::Reply;
use condition::Condition;

pub(crate) use condition::bigint;

/// The machines that a query finds.
pub(crate) struct Filter(Condition);

/// Parses a query. An empty one finds all machines.
pub(crate) fn parse(text: &str) -> Result<Filter, Reply> {
    if text.is_empty() {
        return Ok(Filter(Condition::Always));
    }
    let condition = evaluate::top(&sexp::parse(text)?)?;
    Ok(Filter(condition))
}

impl Filter {
    /// Sends the condition to the database, which may refuse it.
    pub(crate) fn check(&self) -> Result<(), Reply> {
        self.0.check()
    }

    pub(crate) fn accepts(&self, db: &Database, machine: &Machine) -> bool {
        self.0.holds(db, machine) == Some(true)
    }
}

#[cfg(test)]
mod tests;
