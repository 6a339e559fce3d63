//! The server's query language. Queries are built from values, never from text.
//!
//! A query is an s-expression such as `(and (= arch "arm64") (= assignee_count 0))`. The server executes a bare string
//! as raw SQL and fails on many malformed expressions, so only a [`Query`] can be sent, and a `Query` is always a tree
//! of comparisons: made by the functions here, or read from a user's text by [`Query::parse`].

mod parse;
mod types;

use std::fmt;

pub use types::{Comparison, Operand, Symbol};

use crate::client::Result;

/// Selects machines. `Display` is the text that is sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Query(QueryNode);

#[derive(Clone, PartialEq, Eq, Debug)]
enum QueryNode {
    All,
    And(Vec<Query>),
    Or(Vec<Query>),
    Compare(Comparison, Operand, Operand),
    /// The text as it is sent: already escaped for LIKE where it has to be.
    Like(Symbol, String),
}

impl Query {
    /// Selects the machine of exactly this name.
    pub fn name_is(name: &str) -> Query {
        Query::equal(Symbol::Name, Operand::Text(name.to_owned()))
    }

    /// Selects machines whose name contains this text, whatever its characters; upper and lower case differ.
    pub fn name_contains(text: &str) -> Query {
        let pattern = text.replace('\\', r"\\").replace('%', r"\%");
        Query(QueryNode::Like(Symbol::Name, pattern.replace('_', r"\_")))
    }

    /// Selects machines without a BMC, which can be neither switched nor provisioned.
    pub fn without_bmc() -> Query {
        Query::equal(Symbol::BmcType, Operand::Text(String::new()))
    }

    /// Selects machines that are assigned to nobody.
    pub fn unassigned() -> Query {
        Query::equal(Symbol::AssigneeCount, Operand::Integer(0))
    }

    fn equal(symbol: Symbol, value: Operand) -> Query {
        let symbol = Operand::Symbol(symbol);
        Query(QueryNode::Compare(Comparison::Equal, symbol, value))
    }

    /// Selects what all of them select; all machines when there are none.
    pub fn and(queries: impl IntoIterator<Item = Query>) -> Query {
        Query(QueryNode::And(queries.into_iter().collect()))
    }

    /// Selects what any of them selects; all machines when there are none.
    pub fn or(queries: impl IntoIterator<Item = Query>) -> Query {
        Query(QueryNode::Or(queries.into_iter().collect()))
    }

    /// Compares two operands, one of which must be a symbol.
    ///
    /// # Errors
    ///
    /// [`InvalidQuery`](crate::client::ErrorKind::InvalidQuery) when their types differ.
    pub fn compare(comparison: Comparison, left: Operand, right: Operand) -> Result<Query> {
        let operands = types::compare(comparison, left, right);
        let (left, right) = operands.map_err(|reason| parse::error(0, reason))?;
        Ok(Query(QueryNode::Compare(comparison, left, right)))
    }

    /// Whether it looks at this property of a machine.
    pub fn mentions(&self, symbol: Symbol) -> bool {
        match &self.0 {
            QueryNode::All => false,
            QueryNode::And(queries) | QueryNode::Or(queries) => {
                queries.iter().any(|query| query.mentions(symbol))
            }
            QueryNode::Compare(_, left, right) => [left, right].contains(&&Operand::Symbol(symbol)),
            QueryNode::Like(compared, _) => *compared == symbol,
        }
    }

    /// Reads a filter that a user typed.
    ///
    /// # Errors
    ///
    /// [`InvalidQuery`](crate::client::ErrorKind::InvalidQuery) with the position of anything that the server would reject,
    /// or execute as SQL.
    pub fn parse(text: &str) -> Result<Query> {
        parse::query(text).map(Query)
    }
}

impl fmt::Display for Query {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, queries) = match &self.0 {
            QueryNode::All => return formatter.write_str("t"),
            QueryNode::Compare(comparison, left, right) => {
                return write!(formatter, "({} {left} {right})", comparison.as_str());
            }
            QueryNode::Like(symbol, pattern) => {
                let pattern = Operand::Text(pattern.clone());
                return write!(formatter, "(=~ {symbol} {pattern})");
            }
            QueryNode::And(queries) => ("and", queries),
            QueryNode::Or(queries) => ("or", queries),
        };
        write!(formatter, "({word}")?;
        queries
            .iter()
            .try_for_each(|query| write!(formatter, " {query}"))?;
        formatter.write_str(")")
    }
}
