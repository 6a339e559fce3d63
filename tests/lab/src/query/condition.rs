//! SQL conditions. The database checks their types before it reads any row.

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
    /// A value that the database driver cannot convert, by the name of its type.
    Unadaptable(&'static str),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Condition {
    Always,
    Never,
    /// NULL
    Unknown,
    /// No condition at all.
    Absent,
    NotBoolean(Column, &'static str),
    /// SQL that the lab does not parse. The real database refuses most of it.
    Raw(String),
    Id(Compare, i64),
    /// Whether something is NULL, or is not.
    Null(Box<Operand>, bool),
    Comparison(Compare, Box<Operand>, Box<Operand>),
    Like(Box<Operand>, String),
    All(Vec<Condition>),
    Any(Vec<Condition>),
}

impl Compare {
    pub(crate) fn from_symbol(name: &str) -> Option<Compare> {
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

    pub(crate) fn is_equality(self) -> bool {
        matches!(self, Compare::Equal | Compare::NotEqual)
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
    Reply::database_error(class, text)
}

fn no_operator(left: &str, sign: &str, right: &str, condition: &str) -> Reply {
    database_error(
        "ProgrammingError",
        &format!("operator does not exist: {left} {sign} {right}"),
        condition,
    )
}

impl Condition {
    /// Checks a condition first like the driver (values), then like the database (types).
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
            Condition::Comparison(_, left, right) => [left, right]
                .into_iter()
                .try_for_each(|side| side.each(visit)),
            Condition::Like(left, _) | Condition::Null(left, _) => left.each(visit),
            _ => Ok(()),
        }
    }

    fn writable(&self) -> Result<(), Reply> {
        let unadaptable = |kind: &str| {
            let problem = format!("can't adapt type '{kind}'");
            database_error("ProgrammingError", &problem, "%(param_1)s")
        };
        let operand = |operand: &Operand| match operand {
            Operand::Text(text) => no_nul(text),
            Operand::Unadaptable(kind) => Err(unadaptable(kind)),
            _ => Ok(()),
        };
        match self {
            Condition::Comparison(_, left, right) => operand(left).and_then(|()| operand(right)),
            Condition::Like(_, pattern) => no_nul(pattern),
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
            Condition::Raw(text) => Err(super::raw_sql::refusal(text)),
            Condition::Like(left, _) => match left.as_ref() {
                Operand::Column(column) if column.is_text() => Ok(()),
                left => Err(no_operator(
                    left.type_name(),
                    "~~",
                    "unknown",
                    &format!("{} LIKE '%'", sql(left)),
                )),
            },
            Condition::Comparison(compare, left, right) => comparable(*compare, left, right),
            _ => Ok(()),
        }
    }
}

impl Operand {
    fn each(&self, visit: &mut dyn FnMut(&Condition) -> Result<(), Reply>) -> Result<(), Reply> {
        match self {
            Operand::Condition(condition) => condition.each(visit),
            _ => Ok(()),
        }
    }

    fn type_name(&self) -> &'static str {
        match self {
            Operand::Column(column) => column.type_name(),
            Operand::Int(_) => "integer",
            Operand::Float(_) => "numeric",
            Operand::Condition(_) => "boolean",
            Operand::Text(_) | Operand::Null | Operand::Unadaptable(_) => "unknown",
        }
    }
}

fn comparable(compare: Compare, left: &Operand, right: &Operand) -> Result<(), Reply> {
    let sign = compare.sign();
    let mismatch = || {
        Err(no_operator(
            left.type_name(),
            sign,
            right.type_name(),
            &format!("{} {sign} ...", sql(left)),
        ))
    };
    match (left, right) {
        (Operand::Null, _) | (_, Operand::Null) => Ok(()),
        (Operand::Column(left), Operand::Column(right)) if left.is_text() == right.is_text() => {
            Ok(())
        }
        (Operand::Column(column), Operand::Text(_)) if column.is_text() => Ok(()),
        (Operand::Column(column), Operand::Text(text)) => {
            bigint(text).map(drop).map_err(|problem| {
                database_error(
                    "DataError",
                    &problem,
                    &format!("{} {sign} '{text}'", column.sql()),
                )
            })
        }
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

/// Parses a text like PostgreSQL's bigint.
pub(crate) fn bigint(text: &str) -> Result<i64, String> {
    let trimmed = text.trim_matches([' ', '\t', '\n', '\r', '\u{b}', '\u{c}']);
    let digits = trimmed.strip_prefix(['+', '-']).unwrap_or(trimmed);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("invalid input syntax for type bigint: \"{text}\""));
    }
    trimmed
        .parse()
        .map_err(|_| format!("value \"{text}\" is out of range for type bigint"))
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
