//! How results look on a terminal.
//!
//! What the server says is shown without its control characters: it must not be able to steer a terminal.

use anstyle::Style;
use comfy_table::{ColumnConstraint, ContentArrangement, Row, Table, presets};
use serde_json::Value;

use super::commands::Command;
use super::style::{self, paint};
use crate::ansible::Return;

/// How the result of a command is shown.
#[derive(Clone, Copy)]
pub(super) enum View {
    /// The steps that were done.
    Steps,
    /// A list of the result, with these of its keys as columns.
    Table(&'static str, &'static [&'static str]),
    /// A list of the result, with everything that is in it.
    Details(&'static str),
    /// The interfaces of machines.
    Interfaces,
    /// The steps that were done, and the machines that are held.
    Reservation,
    /// The address of a console.
    Console,
    /// The lines of a lab.
    Status,
    /// One key of the result, as it is.
    Json(&'static str),
}

/// Where it is shown.
#[derive(Clone, Copy)]
pub(super) struct Page {
    /// The columns of the terminal; none where there is no terminal, and nothing has to fit.
    pub(super) width: Option<u16>,
    /// The lines of the terminal, where no more are wanted.
    pub(super) height: Option<usize>,
    /// Whether nothing was done, and the result tells what would be.
    pub(super) is_check: bool,
    /// Whether differences are shown.
    pub(super) is_diff: bool,
}

/// A result as text, with styles that mean nothing to what is no terminal.
pub(super) fn result(command: &Command, result: &Value, page: Page) -> String {
    match command.view {
        View::Steps => steps(result, page),
        View::Table(list, columns) => table(columns, &rows(&result[list], columns), page),
        View::Details(list) => details(&result[list], fields_of(command, list)),
        View::Interfaces => interfaces(&result["machines"], page),
        View::Reservation => steps(result, page) + &held(&result["machines"]),
        View::Console => console(&result["console"], page),
        View::Status => status(&result["machines"], page),
        View::Json(key) => json(&result[key]),
    }
}

/// As JSON, in which controls can be written so that they say the same to a program and nothing to a terminal.
pub(super) fn json(value: &Value) -> String {
    let escaped = |character: char| match character {
        '\n' => "\n".to_owned(),
        order if order.is_control() => format!("\\u{:04x}", u32::from(order)),
        other => other.to_string(),
    };
    format!("{value:#}\n").chars().map(escaped).collect()
}

/// One line for each step, and the differences where they are wanted.
fn steps(result: &Value, page: Page) -> String {
    let steps = result["plan"].as_array().map_or(&[][..], Vec::as_slice);
    if steps.is_empty() {
        return "nothing to do\n".to_owned();
    }
    let mut text: String = steps.iter().map(|step| step_line(step, page)).collect();
    if page.is_diff {
        let diffs = result["diff"].as_array().into_iter().flatten();
        text.extend(diffs.map(super::diff::of));
    }
    text
}

/// What was done although something failed: of a plan its first steps, of several plans those that went well.
pub(super) fn done(result: &Value, page: Page) -> String {
    let plans = match result["results"].as_array() {
        Some(items) => items.iter().collect(),
        None => vec![result],
    };
    let steps = plans.into_iter().filter_map(|plan| {
        let key = if plan["failed"] == true {
            "done"
        } else {
            "plan"
        };
        plan[key].as_array()
    });
    steps.flatten().map(|step| step_line(step, page)).collect()
}

fn step_line(step: &Value, page: Page) -> String {
    let word = |key: &str| text_of(&step[key]);
    let verb = word("action");
    let done = match (page.is_check, verb.as_str()) {
        (true, verb) => format!("would {verb}"),
        (_, "wait") => "waited for".to_owned(),
        (_, "reboot") => "rebooted".to_owned(),
        (_, "upload") => "uploaded".to_owned(),
        (_, verb) => format!("{}d", verb),
    };
    format!(
        "{} {}: {}\n",
        paint(style::CHANGED, &done),
        word("target"),
        word("why")
    )
}

/// Which machines are held once all is done, or were.
fn held(machines: &Value) -> String {
    let machines = machines.as_array().into_iter().flatten();
    machines
        .map(|machine| {
            format!(
                "{} ({})\n",
                text_of(&machine["name"]),
                text_of(&machine["arch"])
            )
        })
        .collect()
}

fn console(console: &Value, page: Page) -> String {
    match page.is_check {
        true => "the machine has a console\n".to_owned(),
        false => text_of(&console["url"]) + "\n",
    }
}

fn interfaces(machines: &Value, page: Page) -> String {
    const COLUMNS: &[&str] = &[
        "id",
        "identifier",
        "mac",
        "config_type_v4",
        "configured_ipv4",
        "lease_ipv4",
        "netmaskv4",
        "network_name",
    ];
    let rows: Vec<Vec<String>> = machines
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|machine| {
            let own = rows(&machine["interfaces"], COLUMNS);
            own.into_iter()
                .map(|row| [vec![text_of(&machine["name"])], row].concat())
        })
        .collect();
    table(&[&["machine"], COLUMNS].concat(), &rows, page)
}

fn status(machines: &Value, page: Page) -> String {
    let keys = [
        "name",
        "state",
        "holders",
        "addresses",
        "boots",
        "netboot_enabled",
    ];
    let rows = rows(machines, &keys);
    let styles: Vec<Style> = rows.iter().map(|row| style::of_state(&row[1])).collect();
    let columns = ["name", "state", "holder", "address", "boots", "netboot"];
    let text = coloured_table(&columns, &rows, &styles, page);
    match page.height {
        Some(height) => cut(&text, height),
        None => text,
    }
}

/// As many lines as there is room for, the last of which says how many there are besides.
fn cut(text: &str, height: usize) -> String {
    let lines = text.lines().count();
    if lines <= height {
        return text.to_owned();
    }
    let shown = text.lines().take(height - 1);
    let shown: String = shown.map(|line| format!("{line}\n")).collect();
    format!("{shown}and {} more\n", lines - height + 1)
}

/// The values of a list's objects under some keys.
fn rows(list: &Value, keys: &[&str]) -> Vec<Vec<String>> {
    let objects = list.as_array().into_iter().flatten();
    objects
        .map(|object| keys.iter().map(|key| text_of(&object[*key])).collect())
        .collect()
}

/// A line for each row, none wider than the terminal.
fn table(columns: &[&str], rows: &[Vec<String>], page: Page) -> String {
    let styles = vec![Style::new(); rows.len()];
    coloured_table(columns, rows, &styles, page)
}

/// Columns in which nothing stands are left out.
fn coloured_table(columns: &[&str], rows: &[Vec<String>], styles: &[Style], page: Page) -> String {
    let is_told = |index: &usize| rows.iter().any(|row| row[*index] != NOTHING);
    let shown: Vec<usize> = (0..columns.len()).filter(is_told).collect();
    if shown.is_empty() {
        return "none\n".to_owned();
    }
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        // Cut at a letter: cut at a word, a column may show next to nothing.
        .set_delimiter('\n')
        .set_truncation_indicator("…");
    if let Some(width) = page.width {
        table
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(width);
    }
    let cells = |texts: Vec<String>| {
        let mut line = Row::from(texts);
        line.max_height(1);
        line
    };
    let heads = shown
        .iter()
        .map(|index| columns[*index].replace('_', " ").to_uppercase());
    table.set_header(cells(heads.collect()));
    for row in rows {
        let texts = shown.iter().map(|index| row[*index].replace('\n', " "));
        table.add_row(cells(texts.collect()));
    }
    for column in table.column_iter_mut() {
        column.set_padding(PADDING);
    }
    for index in whole(columns, &shown, rows, page) {
        if let Some(column) = table.column_mut(index) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    let styles = std::iter::once(&style::HEAD).chain(styles);
    let lines = table.lines().zip(styles);
    lines
        .map(|(line, style)| paint(*style, line.trim_end()) + "\n")
        .collect()
}

/// Blanks before and behind what stands in a column.
const PADDING: (u16, u16) = (0, 2);
/// What a line is about, which has to be read whole; the other columns share what is left.
const WHOLE: [&str; 7] = ["id", "name", "machine", "state", "power", "netboot", "ipv4"];

/// The columns to keep whole, where they leave a third of the terminal to the others.
fn whole(columns: &[&str], shown: &[usize], rows: &[Vec<String>], page: Page) -> Vec<usize> {
    let width = |index: usize| {
        let cells = rows.iter().map(|row| row[index].chars().count());
        let longest = cells.chain([columns[index].len()]).max();
        longest.unwrap_or(0) + usize::from(PADDING.0 + PADDING.1)
    };
    let kept = (0..)
        .zip(shown)
        .filter(|(_, index)| WHOLE.contains(&columns[**index]));
    let (places, widths): (Vec<usize>, Vec<usize>) =
        kept.map(|(place, index)| (place, width(*index))).unzip();
    let room = page
        .width
        .map_or(usize::MAX, |width| usize::from(width) * 2 / 3);
    match widths.iter().sum::<usize>() <= room {
        true => places,
        false => Vec::new(),
    }
}

/// All fields of all objects, in the order of the module's documentation.
fn details(list: &Value, fields: &[Return]) -> String {
    let objects = list.as_array().map_or(&[][..], Vec::as_slice);
    if objects.is_empty() {
        return "none\n".to_owned();
    }
    let blocks: Vec<String> = objects.iter().map(|object| block(object, fields)).collect();
    blocks.join("\n")
}

fn block(object: &Value, fields: &[Return]) -> String {
    let known = fields.iter().filter(|field| !object[field.name].is_null());
    let width = fields
        .iter()
        .map(|field| field.name.len())
        .max()
        .unwrap_or(0);
    known
        .map(|field| {
            let value = &object[field.name];
            let name = format!("{:width$}", field.name);
            let text = match value
                .as_array()
                .filter(|items| items.iter().any(Value::is_object))
            {
                Some(items) => items
                    .iter()
                    .map(|item| format!("\n  {}", text_of(item)))
                    .collect(),
                None => text_of(value),
            };
            let line = format!("{}  {}", paint(style::HEAD, &name), text.trim_end());
            line.trim_end().to_owned() + "\n"
        })
        .collect()
}

fn fields_of(command: &Command, list: &str) -> &'static [Return] {
    let returns = command.module.spec.returns;
    let found = returns.iter().find(|field| field.name == list);
    found.map_or(&[], |field| field.contains)
}

/// What stands where there is nothing.
const NOTHING: &str = "-";

/// A value in a person's words.
pub(super) fn text_of(value: &Value) -> String {
    match value {
        Value::Null => NOTHING.to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => without_controls(text),
        Value::Array(items) if items.is_empty() => NOTHING.to_owned(),
        Value::Array(items) => items.iter().map(text_of).collect::<Vec<_>>().join(", "),
        Value::Object(fields) if fields.contains_key("user") && fields.contains_key("reason") => {
            holder(value)
        }
        Value::Object(fields) => fields
            .iter()
            .filter(|(_, field)| !field.is_null())
            .map(|(key, field)| format!("{key} {}", text_of(field)))
            .collect::<Vec<_>>()
            .join(", "),
        number => number.to_string(),
    }
}

fn holder(assignee: &Value) -> String {
    let user = text_of(&assignee["user"]);
    match text_of(&assignee["reason"]).as_str() {
        "" | NOTHING => user,
        reason => format!("{user} ({reason})"),
    }
}

/// The text without what a terminal would take for an order.
pub(super) fn without_controls(text: &str) -> String {
    let is_order =
        |character: char| character.is_control() && character != '\n' && character != '\t';
    text.chars()
        .map(|character| {
            if is_order(character) {
                char::REPLACEMENT_CHARACTER
            } else {
                character
            }
        })
        .collect()
}
