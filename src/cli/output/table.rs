//! Tables that fit the terminal: what matters least is left out first, and what says enough by its beginning is cut.

use anstyle::Style;

use crate::cli::output::style;
use crate::cli::output::style::paint;
use crate::cli::output::text::{NOTHING, shortened, width_of};

/// A line for each row, none wider than the terminal.
pub(crate) fn plain(columns: &[&'static str], rows: &[Vec<String>], width: Option<u16>) -> String {
    let styles = vec![Style::new(); rows.len()];
    coloured(columns, rows, &styles, width)
}

/// Columns in which nothing stands are left out.
pub(crate) fn coloured(
    columns: &[&'static str],
    rows: &[Vec<String>],
    styles: &[Style],
    width: Option<u16>,
) -> String {
    let is_told = |index: &usize| rows.iter().any(|row| row[*index] != NOTHING);
    let shown = (0..columns.len()).filter(is_told).map(|index| {
        let head = columns[index].replace('_', " ").to_uppercase();
        let cells = rows.iter().map(|row| row[index].replace(['\n', '\t'], " "));
        Column::new(columns[index], [head].into_iter().chain(cells).collect())
    });
    let mut shown: Vec<Column> = shown.collect();
    if shown.is_empty() {
        return "none\n".to_owned();
    }
    let room = width.map_or(usize::MAX, usize::from);
    fit(&mut shown, room);
    let styles = std::iter::once(&style::HEAD).chain(styles);
    let lines = styles.enumerate().map(|(number, style)| {
        let cells: String = shown.iter().map(|column| column.cell(number)).collect();
        paint(*style, &shortened(cells.trim_end(), room)) + "\n"
    });
    lines.collect()
}

/// Blanks behind what stands in a column.
const GAP: usize = 2;
/// What is read whole or not at all; it is left out after all others but the first column, which is not left out.
const WHOLE: [&str; 8] = [
    "name",
    "mac",
    "state",
    "power",
    "address",
    "ipv4",
    "configured_ipv4",
    "lease_ipv4",
];
/// What says enough by its beginning, which is that long: it is cut before another column is left out.
const BRIEF: [(&str, usize); 6] = [
    ("holder", 10),
    ("boots", 10),
    ("assignees", 10),
    ("interfaces", 10),
    ("power", 10),
    // The longest address, and a sign that there are more.
    ("address", 18),
];

/// A column as it is going to be shown.
struct Column {
    name: &'static str,
    cells: Vec<String>,
    width: usize,
}

impl Column {
    fn new(name: &'static str, cells: Vec<String>) -> Column {
        let width = cells.iter().map(|cell| width_of(cell)).max();
        Column {
            name,
            cells,
            width: width.unwrap_or(0),
        }
    }

    /// The width to which others give way. For one long text, not all others are left out.
    fn wanted(&self, room: usize) -> usize {
        match BRIEF.iter().find(|(name, _)| *name == self.name) {
            Some((_, beginning)) => self.width.min(*beginning),
            None if self.is_whole() => self.width,
            None => self.width.min(room / 3 * 2),
        }
    }

    fn is_whole(&self) -> bool {
        WHOLE.contains(&self.name)
    }

    fn cell(&self, number: usize) -> String {
        let mut text = shortened(&self.cells[number], self.width);
        // Half an address looks like another one.
        if self.name == "address" && text != self.cells[number] {
            text = text
                .rsplit_once(", ")
                .map_or(text.clone(), |(whole, _)| format!("{whole}, …"));
        }
        let blanks = self.width - width_of(&text) + GAP;
        text + &" ".repeat(blanks)
    }
}

/// Leaves out what matters least, which stands rightmost, and then cuts what is widest.
fn fit(columns: &mut Vec<Column>, room: usize) {
    let gaps = |columns: &[Column]| GAP * (columns.len() - 1);
    let is_too_wide = |columns: &[Column]| {
        let widths = columns.iter().map(|column| column.wanted(room));
        widths.sum::<usize>() + gaps(columns) > room
    };
    for place in (1..columns.len()).rev() {
        if is_too_wide(columns) && !columns[place].is_whole() {
            columns.remove(place);
        }
    }
    while is_too_wide(columns) && columns.len() > 1 {
        columns.pop();
    }
    let room_for_cells = room.saturating_sub(gaps(columns));
    while columns.iter().map(|column| column.width).sum::<usize>() > room_for_cells {
        // Of the columns that are wider than they have to be the widest; or the only one.
        let widest = columns
            .iter_mut()
            .max_by_key(|column| (column.width > column.wanted(room), column.width));
        match widest {
            Some(column) if column.width > 1 => column.width -= 1,
            _ => break,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [&str; 5] = ["name", "state", "power", "mac", "address"];

    fn at(width: u16) -> String {
        let row = [
            "machine-12",
            "provisioning",
            "on",
            "52:54:00:00:02:01",
            "10.40.5.12, 10.40.5.13",
        ];
        let row = row.map(str::to_owned).to_vec();
        plain(&COLUMNS, &[row], Some(width))
    }

    #[test]
    fn what_is_read_whole_is_there_or_is_not() {
        for width in 1..90 {
            let text = at(width);
            let line = text.lines().last().unwrap_or_default();
            let mut cells: Vec<&str> = line
                .split("  ")
                .map(str::trim)
                .filter(|cell| !cell.is_empty())
                .collect();
            if width < 10 {
                assert_eq!(cells.len(), 1, "{line}");
                continue;
            }
            assert_eq!(cells.remove(0), "machine-12");
            for (cell, whole) in cells
                .iter()
                .zip(["provisioning", "on", "52:54:00:00:02:01"])
            {
                assert_eq!(*cell, whole, "{width}");
            }
            if let Some(addresses) = cells.get(3) {
                assert!(
                    ["10.40.5.12, …", "10.40.5.12, 10.40.5.13"].contains(addresses),
                    "{line}"
                );
            }
            assert!(width_of(line) <= usize::from(width), "{line}");
        }
    }

    #[test]
    fn a_whole_column_less_comes_before_a_cut_one() {
        let head = |width| at(width).lines().next().map(str::to_owned);
        let bold = |text: &str| Some(paint(style::HEAD, text));
        assert_eq!(head(50), bold("NAME        STATE         POWER  MAC"));
        assert_eq!(head(45), bold("NAME        STATE         POWER"));
        assert_eq!(at(20).trim_end().lines().last(), Some("machine-12"));
    }
}
