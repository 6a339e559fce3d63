//! A condition applied to rows, with SQL's three values: true, false and NULL.

use std::cmp::Ordering;

use super::condition::{Column, Condition, Operand, bigint, truth};
use crate::database::{Database, Machine};

/// A value in a row. `None` is NULL.
enum Cell {
    Text(String),
    Number(f64),
    Truth(Option<bool>),
    Null,
}

impl Column {
    fn cell(self, db: &Database, machine: &Machine) -> Cell {
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

impl Condition {
    /// Whether the condition holds for a machine. `None` is NULL.
    pub(super) fn holds(&self, db: &Database, machine: &Machine) -> Option<bool> {
        match self {
            Condition::Always | Condition::Absent => Some(true),
            Condition::Never => Some(false),
            Condition::Id(compare, id) => Some(compare.accepts(machine.id.cmp(id))),
            Condition::Null(operand, wanted) => {
                let null = matches!(operand.cell(db, machine), Cell::Null | Cell::Truth(None));
                Some(null == *wanted)
            }
            Condition::Comparison(compare, left, right) => {
                let order = compare_cells(left.cell(db, machine), right.cell(db, machine))?;
                Some(compare.accepts(order))
            }
            Condition::Like(left, pattern) => match left.cell(db, machine) {
                Cell::Text(text) => Some(is_like(&text, &format!("%{pattern}%"))),
                _ => None,
            },
            Condition::All(parts) => junction(parts, db, machine, false),
            Condition::Any(parts) => junction(parts, db, machine, true),
            Condition::Unknown | Condition::NotBoolean(..) | Condition::Raw(_) => None,
        }
    }
}

/// SQL's AND and OR: a decisive part gives the result; otherwise a NULL makes it NULL.
fn junction(parts: &[Condition], db: &Database, machine: &Machine, decisive: bool) -> Option<bool> {
    let results: Vec<Option<bool>> = parts.iter().map(|part| part.holds(db, machine)).collect();
    if results.contains(&Some(decisive)) {
        return Some(decisive);
    }
    (!results.contains(&None)).then_some(!decisive)
}

impl Operand {
    fn cell(&self, db: &Database, machine: &Machine) -> Cell {
        match self {
            Operand::Column(column) => column.cell(db, machine),
            Operand::Text(text) => Cell::Text(text.clone()),
            Operand::Int(number) => Cell::Number(*number as f64),
            Operand::Float(number) => Cell::Number(*number),
            Operand::Condition(condition) => Cell::Truth(condition.holds(db, machine)),
            Operand::Null | Operand::Unadaptable(_) => Cell::Null,
        }
    }
}

fn compare_cells(left: Cell, right: Cell) -> Option<Ordering> {
    match (left, right) {
        (Cell::Text(left), Cell::Text(right)) => Some(left.cmp(&right)),
        // PostgreSQL sorts NaN above all numbers.
        (Cell::Number(left), Cell::Number(right)) => left
            .partial_cmp(&right)
            .or(Some(left.is_nan().cmp(&right.is_nan()))),
        (Cell::Number(left), Cell::Text(right)) => left.partial_cmp(&(bigint(&right).ok()? as f64)),
        (Cell::Truth(left), Cell::Truth(right)) => Some(left?.cmp(&right?)),
        (Cell::Truth(left), Cell::Text(right)) => Some(left?.cmp(&truth(&right)?)),
        _ => None,
    }
}

/// SQL's LIKE: `%` any text, `_` any character, `\` takes the next one literally.
fn is_like(text: &str, pattern: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let pattern: Vec<char> = pattern.chars().collect();
    // The positions in the text where a match of the pattern so far can end.
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
    fn like_matches_sql_patterns() {
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
