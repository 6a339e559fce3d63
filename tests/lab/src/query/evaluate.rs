//! Evaluation of an expression to a Python value or a part of an SQL condition.

use super::condition::{Column, Compare, Condition, Operand};
use super::raw_sql;
use super::sexp::{Sexp, quote};
use crate::reply::Reply;

enum QueryValue {
    Nil,
    True,
    False,
    Int(i128),
    Float(f64),
    Text(String),
    /// An object of the parser, which neither Python nor the database can use.
    ParserObject(Sexp),
    Column(Column),
    Condition(Condition),
}

/// A whole query.
pub(crate) fn top(expression: &Sexp) -> Result<Condition, Reply> {
    match expression {
        // A text goes to the database unchanged: anyone with a token can run SQL here.
        Sexp::Text(text) => raw_sql::condition(text),
        // Lookup errors become error answers only inside an operation.
        Sexp::Symbol(name) => match symbol(name).ok_or_else(Reply::internal_error)? {
            QueryValue::Nil => Ok(Condition::Always),
            value => as_condition(value, "WHERE"),
        },
        Sexp::Int(_) | Sexp::Float(_) | Sexp::Quoted(_) | Sexp::Bracket(_) => {
            Err(Reply::internal_error())
        }
        Sexp::List(items) => as_condition(operation(items)?, "WHERE"),
    }
}

fn symbol(name: &str) -> Option<QueryValue> {
    Some(match name {
        "nil" => QueryValue::Nil,
        "t" => QueryValue::True,
        "name" => QueryValue::Column(Column::Name),
        "arch" => QueryValue::Column(Column::Arch),
        "bmc_type" => QueryValue::Column(Column::BmcType),
        "assignee_count" => QueryValue::Column(Column::Assignees),
        "interface_count" => QueryValue::Column(Column::Interfaces),
        _ => return None,
    })
}

fn value_error(text: String) -> Reply {
    Reply::exception(400, "ValueError", text)
}

fn operation(items: &[Sexp]) -> Result<QueryValue, Reply> {
    let (first, rest) = items
        .split_first()
        .ok_or_else(|| value_error("s-expr is empty".into()))?;
    let Sexp::Symbol(name) = first else {
        return Err(value_error("s-expr operation must be a symbol".into()));
    };
    // The error for an unknown symbol among the operands names the operation.
    let unknown = || value_error(format!("`{}` is not a valid operation", quote(name)));
    let compare = Compare::from_symbol(name);
    if compare.is_none() && !["and", "or", "=~"].contains(&name.as_str()) {
        return Err(unknown());
    }
    let mut operands = Vec::new();
    for operand in rest {
        operands.push(match operand {
            Sexp::Symbol(name) => symbol(name).ok_or_else(unknown)?,
            Sexp::List(items) => operation(items)?,
            Sexp::Text(text) => QueryValue::Text(text.clone()),
            Sexp::Int(number) => QueryValue::Int(*number),
            Sexp::Float(number) => QueryValue::Float(*number),
            Sexp::Quoted(_) | Sexp::Bracket(_) => QueryValue::ParserObject(operand.clone()),
        });
    }
    match compare {
        Some(compare) => two(operands).and_then(|(left, right)| comparison(compare, left, right)),
        None if name == "=~" => two(operands).and_then(|(left, right)| like(left, right)),
        None => junction(name == "and", operands),
    }
}

/// Python refuses any other number of operands with a TypeError.
fn two(operands: Vec<QueryValue>) -> Result<(QueryValue, QueryValue), Reply> {
    <[QueryValue; 2]>::try_from(operands)
        .map(|[left, right]| (left, right))
        .map_err(|_| Reply::internal_error())
}

fn comparison(compare: Compare, left: QueryValue, right: QueryValue) -> Result<QueryValue, Reply> {
    let sql =
        |value: &QueryValue| matches!(value, QueryValue::Column(_) | QueryValue::Condition(_));
    // On the left, objects of the parser compare as unequal to everything.
    let answers = compare.is_equality() && matches!(left, QueryValue::ParserObject(_));
    match (sql(&left), sql(&right)) {
        (false, _) if answers => in_python(compare, &left, &right),
        (false, false) => in_python(compare, &left, &right),
        (true, _) => in_sql(compare, left, right),
        (false, true) => in_sql(compare.mirrored(), right, left),
    }
    .map(|result| match result {
        Condition::Always => QueryValue::True,
        Condition::Never => QueryValue::False,
        condition => QueryValue::Condition(condition),
    })
}

/// Two literals are compared before any SQL is made.
fn in_python(compare: Compare, left: &QueryValue, right: &QueryValue) -> Result<Condition, Reply> {
    let number = |value: &QueryValue| match value {
        QueryValue::Int(number) => Some(*number as f64),
        QueryValue::Float(number) => Some(*number),
        QueryValue::True => Some(1.0),
        QueryValue::False => Some(0.0),
        _ => None,
    };
    let order = match (left, right) {
        (QueryValue::Text(left), QueryValue::Text(right)) => Some(left.cmp(right)),
        _ => number(left)
            .zip(number(right))
            .and_then(|(left, right)| left.partial_cmp(&right)),
    };
    let same = match (left, right) {
        (QueryValue::Nil, QueryValue::Nil) => true,
        (QueryValue::ParserObject(left), QueryValue::ParserObject(right)) => left == right,
        _ => false,
    };
    let numbers = number(left).is_some() && number(right).is_some();
    let result = match (order, compare) {
        (Some(order), compare) => compare.accepts(order),
        (None, Compare::Equal) => same,
        (None, Compare::NotEqual) => !same,
        // One of them is NaN.
        (None, _) if numbers => false,
        (None, _) => return Err(Reply::internal_error()),
    };
    Ok(if result {
        Condition::Always
    } else {
        Condition::Never
    })
}

fn in_sql(compare: Compare, left: QueryValue, right: QueryValue) -> Result<Condition, Reply> {
    // NULL and true can only be compared for equality.
    if matches!(
        right,
        QueryValue::Nil | QueryValue::True | QueryValue::False
    ) && !compare.is_equality()
    {
        return Err(Reply::internal_error());
    }
    if matches!(right, QueryValue::Nil) {
        let left = Box::new(operand(left));
        return Ok(Condition::Null(left, compare == Compare::Equal));
    }
    Ok(Condition::Comparison(
        compare,
        Box::new(operand(left)),
        Box::new(operand(right)),
    ))
}

fn operand(value: QueryValue) -> Operand {
    match value {
        QueryValue::Nil => Operand::Null,
        QueryValue::True => Operand::Condition(Condition::Always),
        QueryValue::False => Operand::Condition(Condition::Never),
        QueryValue::Int(number) => Operand::Int(number),
        QueryValue::Float(number) => Operand::Float(number),
        QueryValue::Text(text) => Operand::Text(text),
        QueryValue::ParserObject(Sexp::Bracket(_)) => Operand::Unadaptable("Bracket"),
        QueryValue::ParserObject(_) => Operand::Unadaptable("Quoted"),
        QueryValue::Column(column) => Operand::Column(column),
        QueryValue::Condition(condition) => Operand::Condition(condition),
    }
}

/// `=~` needs a text on its right, and a column or condition on its left.
fn like(left: QueryValue, right: QueryValue) -> Result<QueryValue, Reply> {
    match (left, right) {
        (left @ (QueryValue::Column(_) | QueryValue::Condition(_)), QueryValue::Text(pattern)) => {
            let left = Box::new(operand(left));
            Ok(QueryValue::Condition(Condition::Like(left, pattern)))
        }
        _ => Err(Reply::internal_error()),
    }
}

/// `and` and `or` without operands are omitted. An operand that decides the result alone hides errors in the others.
fn junction(all: bool, operands: Vec<QueryValue>) -> Result<QueryValue, Reply> {
    let word = if all { "AND" } else { "OR" };
    let (neutral, decisive) = match all {
        true => (Condition::Always, Condition::Never),
        false => (Condition::Never, Condition::Always),
    };
    let mut conditions = Vec::new();
    for value in operands {
        conditions.push(as_condition(value, word)?);
    }
    if conditions.contains(&decisive) {
        return Ok(QueryValue::Condition(decisive));
    }
    let all_neutral = !conditions.is_empty() && conditions.iter().all(|part| *part == neutral);
    if all_neutral {
        return Ok(QueryValue::Condition(neutral));
    }
    conditions.retain(|condition| *condition != Condition::Absent && *condition != neutral);
    Ok(QueryValue::Condition(match conditions.len() {
        0 => Condition::Absent,
        1 => conditions.remove(0),
        _ if all => Condition::All(conditions),
        _ => Condition::Any(conditions),
    }))
}

/// Converts a value to a condition.
fn as_condition(value: QueryValue, place: &'static str) -> Result<Condition, Reply> {
    Ok(match value {
        QueryValue::Nil => Condition::Unknown,
        QueryValue::True => Condition::Always,
        QueryValue::False => Condition::Never,
        QueryValue::Condition(condition) => condition,
        QueryValue::Text(text) => raw_sql::condition(&text)?,
        QueryValue::Column(column) => Condition::NotBoolean(column, place),
        QueryValue::ParserObject(_) | QueryValue::Int(_) | QueryValue::Float(_) => {
            return Err(Reply::internal_error());
        }
    })
}
