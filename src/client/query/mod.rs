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
use crate::client::error::ErrorDetails;

/// Selects machines. `Display` is the text that is sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Query(QueryNode);

#[derive(Clone, PartialEq, Eq, Debug)]
enum QueryNode {
    All,
    And(Vec<QueryNode>),
    Or(Vec<QueryNode>),
    Compare(Comparison, Operand, Operand),
    /// The text as it is sent: already escaped for LIKE where it has to be.
    Like(Symbol, String),
}

impl Query {
    /// Selects the machine of exactly this name.
    pub fn name_is(name: &str) -> Query {
        let name = Operand::Text(name.to_owned());
        Query(QueryNode::Compare(
            Comparison::Equal,
            Operand::Symbol(Symbol::Name),
            name,
        ))
    }

    /// Selects machines whose name contains this text, whatever its characters; upper and lower case differ.
    pub fn name_contains(text: &str) -> Query {
        let mut pattern = String::with_capacity(text.len());
        for character in text.chars() {
            if matches!(character, '\\' | '%' | '_') {
                pattern.push('\\');
            }
            pattern.push(character);
        }
        Query(QueryNode::Like(Symbol::Name, pattern))
    }

    /// Selects machines without a BMC, which can be neither switched nor provisioned.
    pub fn without_bmc() -> Query {
        let nothing = Operand::Text(String::new());
        Query(QueryNode::Compare(
            Comparison::Equal,
            Operand::Symbol(Symbol::BmcType),
            nothing,
        ))
    }

    /// Selects machines that are assigned to nobody.
    pub fn unassigned() -> Query {
        Query(QueryNode::Compare(
            Comparison::Equal,
            Operand::Symbol(Symbol::AssigneeCount),
            Operand::Integer(0),
        ))
    }

    /// Selects what all of them select; all machines when there are none.
    pub fn and(queries: impl IntoIterator<Item = Query>) -> Query {
        Query(QueryNode::And(
            queries.into_iter().map(|query| query.0).collect(),
        ))
    }

    /// Selects what any of them selects; all machines when there are none.
    pub fn or(queries: impl IntoIterator<Item = Query>) -> Query {
        Query(QueryNode::Or(
            queries.into_iter().map(|query| query.0).collect(),
        ))
    }

    /// Compares two operands, one of which must be a symbol.
    ///
    /// # Errors
    ///
    /// [`InvalidQuery`](crate::client::ErrorKind::InvalidQuery) when their types differ.
    pub fn compare(comparison: Comparison, left: Operand, right: Operand) -> Result<Query> {
        types::compare(comparison, left, right)
            .map(|(left, right)| Query(QueryNode::Compare(comparison, left, right)))
            .map_err(|reason| {
                let position = 1;
                ErrorDetails::InvalidQuery { position, reason }.into()
            })
    }

    /// Whether it looks at this property of a machine.
    pub fn mentions(&self, symbol: Symbol) -> bool {
        self.0.mentions(symbol)
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

impl QueryNode {
    fn mentions(&self, symbol: Symbol) -> bool {
        match self {
            QueryNode::All => false,
            QueryNode::And(nodes) | QueryNode::Or(nodes) => {
                nodes.iter().any(|node| node.mentions(symbol))
            }
            QueryNode::Compare(_, left, right) => [left, right].contains(&&Operand::Symbol(symbol)),
            QueryNode::Like(compared, _) => *compared == symbol,
        }
    }
}

impl fmt::Display for Query {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl fmt::Display for QueryNode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, nodes) = match self {
            QueryNode::All => return formatter.write_str("t"),
            QueryNode::Compare(comparison, left, right) => {
                return write!(formatter, "({} {left} {right})", comparison.as_str());
            }
            QueryNode::Like(symbol, pattern) => {
                return write!(
                    formatter,
                    "(=~ {} {})",
                    symbol.as_str(),
                    types::Quoted(pattern)
                );
            }
            QueryNode::And(nodes) => ("and", nodes),
            QueryNode::Or(nodes) => ("or", nodes),
        };
        write!(formatter, "({word}")?;
        nodes
            .iter()
            .try_for_each(|node| write!(formatter, " {node}"))?;
        formatter.write_str(")")
    }
}

#[cfg(test)]
mod tests;
