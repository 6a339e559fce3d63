//! Raw SQL in queries. The lab parses comparisons of a machine's id (`machine.id = 2`) and of two numbers (`1 = 1`), `true` and
//! `false`. Anything else is an unknown column.

use super::condition::{Compare, Condition, database_error};
use crate::reply::Reply;

pub(crate) fn condition(text: &str) -> Result<Condition, Reply> {
    Ok(understood(text).unwrap_or_else(|| Condition::Raw(text.to_owned())))
}

fn understood(text: &str) -> Option<Condition> {
    if text.is_empty() {
        return Some(Condition::Absent);
    }
    let text = text.trim();
    match text.to_ascii_lowercase().as_str() {
        "true" => return Some(Condition::Always),
        "false" => return Some(Condition::Never),
        _ => {}
    }
    let start = text.find(['=', '!', '<', '>'])?;
    let (left, rest) = text.split_at(start);
    let sign: String = rest.chars().take_while(|c| "=!<>".contains(*c)).collect();
    let compare = if sign == "<>" {
        Compare::NotEqual
    } else {
        Compare::from_symbol(&sign)?
    };
    let right: i64 = rest[sign.len()..].trim().parse().ok()?;
    match left.trim() {
        "machine.id" => Some(Condition::Id(compare, right)),
        number => {
            let holds = compare.accepts(number.parse::<i64>().ok()?.cmp(&right));
            Some(if holds {
                Condition::Always
            } else {
                Condition::Never
            })
        }
    }
}

/// A single word is a column name for the database.
pub(crate) fn refusal(text: &str) -> Reply {
    let word = !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let problem = match word {
        true => format!("column \"{text}\" does not exist"),
        false => format!(
            "syntax error at or near \"{}\"",
            text.split_whitespace().next().unwrap_or_default()
        ),
    };
    database_error("ProgrammingError", &problem, text)
}
