//! A condition in the database: its types are checked before any row is looked at.

use std::cmp::Ordering;

use crate::api::no_nul;
use crate::reply::Reply;

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

pub(super) fn truth(text: &str) -> Option<bool> {
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
