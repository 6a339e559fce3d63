//! Tables that fit the terminal: what matters least is left out first, and what says enough by its beginning is cut.

use anstyle::Style;

use super::style::{self, paint};
use super::text::{NOTHING, shortened, width_of};

/// A line for each row, none wider than the terminal.
pub(super) fn plain(columns: &[&'static str], rows: &[Vec<String>], width: Option<u16>) -> String {
    let styles = vec![Style::new(); rows.len()];
    coloured(columns, rows, &styles, width)
}

/// Columns in which nothing stands are left out.
pub(super) fn coloured(
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
/// What is read whole or not at all; it is never left out, nor is the first column.
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
const BRIEF: [(&str, usize); 3] = [
    ("holder", 10),
    ("boots", 10),
    // The longest address, and a sign that there are more.
    ("address", 18),
];
/// Down to this, other columns give way to the first.
const LITTLE: usize = 10;

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
        let brief = BRIEF.iter().find(|(name, _)| *name == self.name);
        let limit = brief.map_or(room / 3 * 2, |(_, beginning)| *beginning);
        self.width.min(limit)
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
    let wanted = |columns: &[Column]| {
        let widths = columns.iter().map(|column| column.wanted(room));
        widths.sum::<usize>() + gaps(columns)
    };
    for place in (1..columns.len()).rev() {
        if wanted(columns) > room && !WHOLE.contains(&columns[place].name) {
            columns.remove(place);
        }
    }
    let least: Vec<usize> = columns.iter().map(|column| column.wanted(room)).collect();
    let gaps = gaps(columns);
    while columns.iter().map(|column| column.width).sum::<usize>() + gaps > room {
        // As long as there are columns wider than they have to be, one of those.
        let widest = (0..columns.len()).max_by_key(|place| {
            let width = columns[*place].width;
            let gives_way = *place > 0 && width > LITTLE;
            (width > least[*place], gives_way, width)
        });
        match widest.map(|place| &mut columns[place]) {
            Some(column) if column.width > 1 => column.width -= 1,
            _ => break,
        }
    }
}
