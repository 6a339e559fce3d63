//! A condition in the database: its types are checked before any row is looked at.

use std::cmp::Ordering;

use crate::api::no_nul;
use crate::reply::Reply;
use crate::state::{Db, Machine};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Column {
    Name,
    Arch,
    BmcType,
    Assignees,
    Interfaces,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Compare {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Operand {
    Column(Column),
    Text(String),
    Int(i128),
    Float(f64),
    Null,
    Condition(Condition),
    /// A value that the database driver cannot write.
    Unadaptable,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Condition {
    Always,
    Never,
    /// NULL
    Unknown,
    /// No condition at all.
    Absent,
    Unadaptable,
    NotBoolean(Column, &'static str),
    /// SQL that the lab does not understand, and the real database rarely.
    Raw(String),
    Id(Compare, i64),
    Null(Column, bool),
    Comparison(Compare, Box<Operand>, Box<Operand>),
    Like(Column, Box<Operand>),
    All(Vec<Condition>),
    Any(Vec<Condition>),
}

/// A value in a row; none is NULL.
enum Cell {
    Text(String),
    Number(f64),
    Truth(Option<bool>),
    Null,
}

impl Compare {
    pub(crate) fn named(name: &str) -> Option<Compare> {
        Some(match name {
            "=" => Compare::Equal,
            "!=" => Compare::NotEqual,
            "<" => Compare::Less,
            "<=" => Compare::LessOrEqual,
            ">" => Compare::Greater,
            ">=" => Compare::GreaterOrEqual,
            _ => return None,
        })
    }

    /// The same comparison with its operands exchanged.
    pub(crate) fn mirrored(self) -> Compare {
        match self {
            Compare::Less => Compare::Greater,
            Compare::LessOrEqual => Compare::GreaterOrEqual,
            Compare::Greater => Compare::Less,
            Compare::GreaterOrEqual => Compare::LessOrEqual,
            same => same,
        }
    }

    pub(crate) fn accepts(self, order: Ordering) -> bool {
        match self {
            Compare::Equal => order.is_eq(),
            Compare::NotEqual => order.is_ne(),
            Compare::Less => order.is_lt(),
            Compare::LessOrEqual => order.is_le(),
            Compare::Greater => order.is_gt(),
            Compare::GreaterOrEqual => order.is_ge(),
        }
    }

    fn sign(self) -> &'static str {
        match self {
            Compare::Equal => "=",
            Compare::NotEqual => "!=",
            Compare::Less => "<",
            Compare::LessOrEqual => "<=",
            Compare::Greater => ">",
            Compare::GreaterOrEqual => ">=",
        }
    }
}

impl Column {
    fn is_text(self) -> bool {
        !matches!(self, Column::Assignees | Column::Interfaces)
    }

    fn type_name(self) -> &'static str {
        if self.is_text() {
            "character varying"
        } else {
            "bigint"
        }
    }

    fn sql(self) -> &'static str {
        match self {
            Column::Name => "machine.name",
            Column::Arch => "arch.name",
            Column::BmcType => "coalesce(\"BMC\".bmc_type, '')",
            Column::Assignees => "coalesce(assignee.assignee_count, 0)",
            Column::Interfaces => "coalesce(interface.interface_count, 0)",
        }
    }

    fn of(self, db: &Db, machine: &Machine) -> Cell {
        match self {
            Column::Name => Cell::Text(machine.name.clone()),
            Column::Arch => Cell::Text(db.arch_name(machine.arch_id).to_owned()),
            Column::BmcType => {
                let bmc = machine.bmc_id.and_then(|id| db.bmcs.get(id));
                Cell::Text(bmc.map(|bmc| bmc.bmc_type.clone()).unwrap_or_default())
            }
            Column::Assignees => Cell::Number(db.assignments_of(machine.id).count() as f64),
            Column::Interfaces => Cell::Number(db.interfaces_of(machine.id).count() as f64),
        }
    }
}

/// The text of a database error ends with the whole statement.
pub(crate) fn database_error(class: &str, problem: &str, condition: &str) -> Reply {
    let text = format!(
        "(psycopg2.{class}) {problem}\nLINE 5: WHERE {condition}\n              ^\n [SQL: 'SELECT machine.id AS machine_id, \
         machine.name AS machine_name, machine.state AS machine_state \\nFROM machine \\nWHERE {condition}']"
    );
    Reply::exception(400, class, text)
}

fn no_operator(left: &str, sign: &str, right: &str, condition: &str) -> Reply {
    database_error(
        "ProgrammingError",
        &format!("operator does not exist: {left} {sign} {right}"),
        condition,
    )
}

impl Condition {
    /// Refuses what the driver cannot write, then what the database cannot make sense of.
    pub(crate) fn check(&self) -> Result<(), Reply> {
        self.each(&mut |condition| condition.writable())?;
        self.each(&mut |condition| condition.typed())
    }

    fn each(&self, visit: &mut dyn FnMut(&Condition) -> Result<(), Reply>) -> Result<(), Reply> {
        visit(self)?;
        match self {
            Condition::All(parts) | Condition::Any(parts) => {
                parts.iter().try_for_each(|part| part.each(visit))
            }
            Condition::Comparison(_, left, right) => {
                [left, right]
                    .into_iter()
                    .try_for_each(|side| match side.as_ref() {
                        Operand::Condition(condition) => condition.each(visit),
                        _ => Ok(()),
                    })
            }
            _ => Ok(()),
        }
    }

    fn writable(&self) -> Result<(), Reply> {
        let unadaptable = || {
            database_error(
                "ProgrammingError",
                "can't adapt type 'Quoted'",
                "%(param_1)s",
            )
        };
        let operand = |operand: &Operand| match operand {
            Operand::Text(text) => no_nul(text),
            Operand::Unadaptable => Err(unadaptable()),
            _ => Ok(()),
        };
        match self {
            Condition::Unadaptable => Err(unadaptable()),
            Condition::Comparison(_, left, right) => operand(left).and_then(|()| operand(right)),
            Condition::Like(_, pattern) => operand(pattern),
            Condition::Raw(text) => no_nul(text),
            _ => Ok(()),
        }
    }

    fn typed(&self) -> Result<(), Reply> {
        match self {
            Condition::NotBoolean(column, place) => {
                let problem = format!(
                    "argument of {place} must be type boolean, not type {}",
                    column.type_name()
                );
                Err(database_error("ProgrammingError", &problem, column.sql()))
            }
            Condition::Raw(text) => Err(super::raw::refusal(text)),
            Condition::Like(column, _) if !column.is_text() => Err(no_operator(
                "bigint",
                "~~",
                "unknown",
                &format!("{} LIKE '%'", column.sql()),
            )),
            Condition::Like(_, pattern) => match pattern.as_ref() {
                Operand::Column(column) if !column.is_text() => Err(database_error(
                    "DataError",
                    "invalid input syntax for type bigint: \"%\"",
                    column.sql(),
                )),
                _ => Ok(()),
            },
            Condition::Comparison(compare, left, right) => comparable(*compare, left, right),
            _ => Ok(()),
        }
    }

    /// Whether the condition holds for a machine; none is NULL.
    pub(crate) fn holds(&self, db: &Db, machine: &Machine) -> Option<bool> {
        match self {
            Condition::Always | Condition::Absent => Some(true),
            Condition::Never => Some(false),
            Condition::Id(compare, id) => Some(compare.accepts(machine.id.cmp(id))),
            Condition::Null(column, wanted) => {
                Some(matches!(column.of(db, machine), Cell::Null) == *wanted)
            }
            Condition::Comparison(compare, left, right) => {
                let order = compare_cells(left.cell(db, machine), right.cell(db, machine))?;
                Some(compare.accepts(order))
            }
            Condition::Like(column, pattern) => {
                match (column.of(db, machine), pattern.cell(db, machine)) {
                    (Cell::Text(text), Cell::Text(pattern)) => {
                        Some(is_like(&text, &format!("%{pattern}%")))
                    }
                    _ => None,
                }
            }
            Condition::All(parts) => parts.iter().map(|part| part.holds(db, machine)).fold(
                Some(true),
                |all, part| match (all, part) {
                    (Some(false), _) | (_, Some(false)) => Some(false),
                    (Some(true), Some(true)) => Some(true),
                    _ => None,
                },
            ),
            Condition::Any(parts) => {
                parts
                    .iter()
                    .map(|part| part.holds(db, machine))
                    .fold(Some(false), |any, part| match (any, part) {
                        (Some(true), _) | (_, Some(true)) => Some(true),
                        (Some(false), Some(false)) => Some(false),
                        _ => None,
                    })
            }
            Condition::Unknown
            | Condition::Unadaptable
            | Condition::NotBoolean(..)
            | Condition::Raw(_) => None,
        }
    }
}

fn comparable(compare: Compare, left: &Operand, right: &Operand) -> Result<(), Reply> {
    let sign = compare.sign();
    let name = |operand: &Operand| match operand {
        Operand::Column(column) => column.type_name(),
        Operand::Int(_) => "integer",
        Operand::Float(_) => "numeric",
        Operand::Condition(_) => "boolean",
        Operand::Text(_) | Operand::Null | Operand::Unadaptable => "unknown",
    };
    let mismatch = || {
        Err(no_operator(
            name(left),
            sign,
            name(right),
            &format!("{} {sign} ...", sql(left)),
        ))
    };
    match (left, right) {
        (Operand::Null, _) | (_, Operand::Null) => Ok(()),
        (Operand::Column(left), Operand::Column(right)) if left.is_text() == right.is_text() => {
            Ok(())
        }
        (Operand::Column(column), Operand::Text(_)) if column.is_text() => Ok(()),
        (Operand::Column(column), Operand::Text(text)) => match crate::py::parse_int(text) {
            Some(_) => Ok(()),
            None => Err(database_error(
                "DataError",
                &format!("invalid input syntax for type bigint: \"{text}\""),
                &format!("{} {sign} '{text}'", column.sql()),
            )),
        },
        (Operand::Column(column), Operand::Int(_) | Operand::Float(_)) if !column.is_text() => {
            Ok(())
        }
        (Operand::Condition(_), Operand::Condition(_)) => Ok(()),
        (Operand::Condition(_), Operand::Text(text)) => match truth(text) {
            Some(_) => Ok(()),
            None => Err(database_error(
                "DataError",
                &format!("invalid input syntax for type boolean: \"{text}\""),
                "...",
            )),
        },
        _ => mismatch(),
    }
}

fn truth(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "t" | "true" | "y" | "yes" | "on" | "1" => Some(true),
        "f" | "false" | "n" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}

fn sql(operand: &Operand) -> &'static str {
    match operand {
        Operand::Column(column) => column.sql(),
        _ => "...",
    }
}

impl Operand {
    fn cell(&self, db: &Db, machine: &Machine) -> Cell {
        match self {
            Operand::Column(column) => column.of(db, machine),
            Operand::Text(text) => Cell::Text(text.clone()),
            Operand::Int(number) => Cell::Number(*number as f64),
            Operand::Float(number) => Cell::Number(*number),
            Operand::Condition(condition) => Cell::Truth(condition.holds(db, machine)),
            Operand::Null | Operand::Unadaptable => Cell::Null,
        }
    }
}

fn compare_cells(left: Cell, right: Cell) -> Option<Ordering> {
    match (left, right) {
        (Cell::Text(left), Cell::Text(right)) => Some(left.cmp(&right)),
        (Cell::Number(left), Cell::Number(right)) => left.partial_cmp(&right),
        (Cell::Number(left), Cell::Text(right)) => {
            left.partial_cmp(&(crate::py::parse_int(&right)? as f64))
        }
        (Cell::Truth(left), Cell::Truth(right)) => Some(left?.cmp(&right?)),
        (Cell::Truth(left), Cell::Text(right)) => Some(left?.cmp(&truth(&right)?)),
        _ => None,
    }
}

/// SQL's LIKE: `%` any text, `_` any character, `\` takes the next one literally.
fn is_like(text: &str, pattern: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let pattern: Vec<char> = pattern.chars().collect();
    // Where in the text a match of the pattern so far may end.
    let mut ends = vec![false; text.len() + 1];
    ends[0] = true;
    let mut at = 0;
    while let Some(c) = pattern.get(at) {
        at += 1;
        let (c, literal) = match c {
            '\\' => {
                at += 1;
                (pattern.get(at - 1).unwrap_or(&'\\'), true)
            }
            c => (c, false),
        };
        if !literal && *c == '%' {
            let first = ends.iter().position(|end| *end).unwrap_or(ends.len());
            ends.iter_mut().skip(first).for_each(|end| *end = true);
            continue;
        }
        for place in (1..=text.len()).rev() {
            ends[place] = ends[place - 1] && (text[place - 1] == *c || !literal && *c == '_');
        }
        ends[0] = false;
    }
    ends[text.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn like_is_that_of_sql() {
        for (text, pattern, expected) in [
            ("qdc01", "q%1", true),
            ("qdc01", "qdc0_", true),
            ("qdc01", r"qdc0\_", false),
            ("100%", r"%100\%%", true),
            ("1000", r"%100\%%", false),
            (r"back\slash", r"%back\\slash%", true),
            (r"back\slash", r"%back\slash%", false),
            ("", "%%", true),
            ("a", "", false),
            ("日本", "__", true),
        ] {
            assert_eq!(is_like(text, pattern), expected, "{text} LIKE {pattern}");
        }
    }
}
