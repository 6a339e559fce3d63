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

/// Those of these names by which a query finds a machine that has nothing but its name; the status where the query is
/// refused.
pub fn found_names<'a>(query: &str, names: &[&'a str]) -> Result<Vec<&'a str>, u16> {
    thread_local! {
        static DATABASE: Database = seeded();
    }
    let filter = parse(query).and_then(|filter| filter.check().map(|()| filter));
    let filter = filter.map_err(|refusal| refusal.status)?;
    let is_found = |db: &Database, name: &str| filter.accepts(db, &Machine::fresh(name, 0));
    Ok(DATABASE.with(|db| {
        let names = names.iter().copied();
        names.filter(|name| is_found(db, name)).collect()
    }))
}

/// The tables of the seed, of which a query needs no file.
fn seeded() -> Database {
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    crate::seed::load(folder.path()).expect("the seed is valid")
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
