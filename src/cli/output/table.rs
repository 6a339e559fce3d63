//! Tables that fit the terminal: the least important columns are left out, and texts that are known by their beginning
//! are cut.

use anstyle::Style;

use crate::cli::output::colours::{self, paint};
use crate::cli::output::text::{NOTHING, display_width, truncate};

/// Blanks between two columns.
const GAP: usize = 2;

/// How a table is laid out.
#[derive(Clone, Copy)]
pub(crate) struct TableOptions {
    /// The columns of the terminal; None where there is no terminal.
    pub(crate) width: Option<u16>,
    /// Whether the first line has the names of the columns.
    pub(crate) has_heading: bool,
}

struct TableColumn {
    name: &'static str,
    /// The heading, then a cell for each row.
    cells: Vec<String>,
    width: usize,
}

/// A line for each row, none wider than the terminal. `row_styles` colours the rows, where it is not empty.
pub(crate) fn table_text(
    names: &[&'static str],
    rows: &[Vec<String>],
    row_styles: &[Style],
    options: TableOptions,
) -> String {
    let mut columns: Vec<TableColumn> = Vec::new();
    for (index, name) in names.iter().enumerate() {
        // A column without any value is left out, unless it is what the table is for.
        let has_value = rows.iter().any(|row| row[index] != NOTHING);
        if has_value || (*name == "ipv4" && !rows.is_empty()) {
            let cells = rows.iter().map(|row| &*row[index]);
            columns.push(TableColumn::new(name, cells, options.has_heading));
        }
    }
    if columns.is_empty() {
        return match options.has_heading {
            true => "none\n".to_owned(),
            false => String::new(),
        };
    }
    let room = options.width.map_or(usize::MAX, usize::from);
    fit(&mut columns, room);
    let mut text = String::new();
    let first = usize::from(!options.has_heading);
    for line in first..=rows.len() {
        let style = match line.checked_sub(1) {
            None => colours::HEADING,
            Some(row) => row_styles.get(row).copied().unwrap_or_default(),
        };
        let cells: String = columns.iter().map(|column| column.cell(line)).collect();
        text.push_str(&paint(style, &truncate(cells.trim_end(), room)));
        text.push('\n');
    }
    text
}

impl TableColumn {
    fn new<'a>(
        name: &'static str,
        values: impl Iterator<Item = &'a str>,
        has_heading: bool,
    ) -> TableColumn {
        let mut cells = vec![name.replace('_', " ").to_uppercase()];
        cells.extend(values.map(|value| value.replace(['\n', '\t'], " ")));
        let shown = &cells[usize::from(!has_heading)..];
        let width = shown.iter().map(|cell| display_width(cell)).max();
        TableColumn {
            name,
            cells,
            width: width.unwrap_or(0),
        }
    }

    /// The width below which other columns are left out instead.
    fn least_width(&self, room: usize) -> usize {
        let beginning = match self.name {
            // The longest IPv4 address has 15 characters; `, …` after it says that there are more.
            "address" => 18,
            // Their beginnings say enough.
            "holder" | "boots" | "assignees" | "interfaces" | "power" => 10,
            _ if self.is_uncut() => self.width,
            // One long text must not push out all other columns.
            _ => room / 3 * 2,
        };
        self.width.min(beginning)
    }

    /// Whether the column is shown as a whole or not at all: half a name or address looks like another one.
    fn is_uncut(&self) -> bool {
        matches!(
            self.name,
            "name"
                | "mac"
                | "state"
                | "power"
                | "address"
                | "ipv4"
                | "configured_ipv4"
                | "lease_ipv4"
        )
    }

    /// A cell, filled up with blanks to the next column.
    fn cell(&self, line: usize) -> String {
        let mut text = truncate(&self.cells[line], self.width);
        // Of several addresses the last whole one ends the text.
        if self.name == "address"
            && text != self.cells[line]
            && let Some((whole, _)) = text.rsplit_once(", ")
        {
            text = format!("{whole}, …");
        }
        let blanks = self.width - display_width(&text) + GAP;
        text + &" ".repeat(blanks)
    }
}

/// Leaves out the least important columns, which stand rightmost, and then cuts the widest.
fn fit(columns: &mut Vec<TableColumn>, room: usize) {
    let gaps = |columns: &[TableColumn]| GAP * (columns.len() - 1);
    let is_too_wide = |columns: &[TableColumn]| {
        let widths = columns.iter().map(|column| column.least_width(room));
        widths.sum::<usize>() + gaps(columns) > room
    };
    for index in (1..columns.len()).rev() {
        if is_too_wide(columns) && !columns[index].is_uncut() {
            columns.remove(index);
        }
    }
    while is_too_wide(columns) && columns.len() > 1 {
        columns.pop();
    }
    let room_for_cells = room.saturating_sub(gaps(columns));
    while columns.iter().map(|column| column.width).sum::<usize>() > room_for_cells {
        // The widest of the columns that may be cut; of a single column, that one.
        let widest = columns
            .iter_mut()
            .max_by_key(|column| (column.width > column.least_width(room), column.width));
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
        let options = TableOptions {
            width: Some(width),
            has_heading: true,
        };
        table_text(&COLUMNS, &[row], &[], options)
    }

    #[test]
    fn uncut_column_is_whole_or_left_out() {
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
            let whole = ["provisioning", "on", "52:54:00:00:02:01"];
            let shown = cells.len().min(whole.len());
            assert_eq!(cells[..shown], whole[..shown], "{width}");
            if let Some(addresses) = cells.get(3) {
                assert!(
                    ["10.40.5.12, …", "10.40.5.12, 10.40.5.13"].contains(addresses),
                    "{line}"
                );
            }
            assert!(display_width(line) <= usize::from(width), "{line}");
        }
    }

    #[test]
    fn column_is_left_out_before_an_uncut_one_is_cut() {
        let head = |width| at(width).lines().next().map(str::to_owned);
        let bold = |text: &str| Some(paint(colours::HEADING, text));
        assert_eq!(head(50), bold("NAME        STATE         POWER  MAC"));
        assert_eq!(head(45), bold("NAME        STATE         POWER"));
        assert_eq!(at(20).trim_end().lines().last(), Some("machine-12"));
    }
}
