//! Results as text, with the styles of `colours`.
//!
//! Texts of the server are shown without control characters, with which it could steer the terminal.

use anstyle::Style;
use serde::Deserialize;
use serde_json::Value;

use crate::ansible::Return;
use crate::cli::commands::{Command, View};
use crate::cli::output::colours::{self, paint};
use crate::cli::output::diff::diff_text;
use crate::cli::output::table::table_text;
use crate::cli::output::text::{NOTHING, display_text};
use crate::support::user_text::on_one_line;
use crate::task::Action;

/// What the display depends on besides the result.
#[derive(Clone, Copy)]
pub(crate) struct DisplayOptions {
    /// The columns of the terminal; None where there is no terminal.
    pub(crate) width: Option<u16>,
    /// The most lines to show, where the screen is drawn again and again.
    pub(crate) height: Option<usize>,
    /// Whether the result is that of check mode.
    pub(crate) is_check: bool,
    /// Whether differences are shown.
    pub(crate) is_diff: bool,
}

/// A successful result as the view of its command shows it.
pub(crate) fn result_text(command: &Command, result: &Value, options: DisplayOptions) -> String {
    let machines = items(&result["machines"]);
    match command.view {
        View::Steps => steps_text(result, options),
        View::Table(list, columns) => list_table(items(&result[list]), columns, options),
        View::Details(list) => details_text(items(&result[list]), command.returned_fields(list)),
        View::Interfaces => interfaces_text(machines, options),
        View::Reservation => steps_text(result, options) + &held_machines(machines),
        View::Console if options.is_check => "the machine has a console\n".to_owned(),
        View::Console => display_text(&result["console"]["url"]) + "\n",
        View::Status => status_text(machines, options),
        View::Json(key) => json_text(&result[key]),
    }
}

/// The items of a list; none of any other value.
fn items(list: &Value) -> &[Value] {
    list.as_array().map_or(&[], Vec::as_slice)
}

/// A value as JSON. Control characters are escaped, which is the same to a program and harmless to a terminal.
pub(crate) fn json_text(value: &Value) -> String {
    let escaped = |character: char| match character {
        '\n' => "\n".to_owned(),
        control if control.is_control() => format!("\\u{:04x}", u32::from(control)),
        other => other.to_string(),
    };
    format!("{value:#}\n").chars().map(escaped).collect()
}

/// A line for each step, and the differences in diff mode.
fn steps_text(result: &Value, options: DisplayOptions) -> String {
    let steps = step_lines(&result["plan"], options);
    if steps.is_empty() {
        return "nothing to do\n".to_owned();
    }
    steps + &diffs_text(result, options)
}

fn diffs_text(result: &Value, options: DisplayOptions) -> String {
    let diffs = items(&result["diff"]).iter();
    diffs.filter(|_| options.is_diff).map(diff_text).collect()
}

/// What was done before or in spite of a failure: the first steps of a plan, and the plans of other list items.
pub(crate) fn done_text(result: &Value, options: DisplayOptions) -> String {
    let results = match result["results"].as_array() {
        Some(items) => items.as_slice(),
        None => std::slice::from_ref(result),
    };
    let lines = results.iter().map(|result| match result["failed"] == true {
        true => step_lines(&result["done"], options),
        false => step_lines(&result["plan"], options),
    });
    lines.collect::<String>() + &diffs_text(result, options)
}

fn step_lines(steps: &Value, options: DisplayOptions) -> String {
    let steps = items(steps).iter();
    steps.map(|step| step_line(step, options)).collect()
}

fn step_line(step: &Value, options: DisplayOptions) -> String {
    let verb = display_text(&step["action"]);
    let done = match Action::deserialize(&step["action"]) {
        Ok(Action::Wait) if options.is_check => "would wait for".to_owned(),
        _ if options.is_check => format!("would {verb}"),
        Ok(action) => past_tense(action).to_owned(),
        Err(_) => verb,
    };
    let done = paint(colours::CHANGED, &done);
    let word = |key: &str| on_one_line(&display_text(&step[key]));
    let (target, why) = (word("target"), word("why"));
    format!("{done} {target}: {why}\n")
}

fn past_tense(action: Action) -> &'static str {
    match action {
        Action::Create => "created",
        Action::Upload => "uploaded",
        Action::Update => "updated",
        Action::Delete => "deleted",
        Action::Provision => "provisioned",
        Action::Reboot => "rebooted",
        Action::Wait => "waited for",
    }
}

/// How many items of a list failed, then a line for each of their messages and hints.
pub(crate) fn failed_items_text(items: &[Value], messages: &[String]) -> String {
    let failed = items.iter().filter(|item| item["failed"] == true);
    let (abandoned, failed): (Vec<&Value>, Vec<&Value>) =
        failed.partition(|item| item["abandoned"] == true);
    let mut count = format!("{} of {} failed", failed.len(), items.len());
    if !abandoned.is_empty() {
        count.push_str(&format!(", {} not carried on", abandoned.len()));
    }
    let mut lines = vec![count];
    lines.extend(messages.iter().map(|message| format!("  {message}")));
    for hint in failed.iter().filter_map(|item| item["hint"].as_str()) {
        if !lines.iter().any(|line| line == hint) {
            lines.push(hint.to_owned());
        }
    }
    lines.join("\n")
}

fn held_machines(machines: &[Value]) -> String {
    let lines = machines.iter().map(|machine| {
        let (name, arch) = (&machine["name"], &machine["arch"]);
        let text = format!("{} ({})", display_text(name), display_text(arch));
        on_one_line(&text) + "\n"
    });
    lines.collect()
}

fn list_table(list: &[Value], columns: &'static str, options: DisplayOptions) -> String {
    let columns: Vec<&str> = columns.split(' ').collect();
    table_text(&columns, &table_rows(list, &columns), &[], options.width)
}

/// A row for each interface, with its machine.
fn interfaces_text(machines: &[Value], options: DisplayOptions) -> String {
    let mut interfaces = Vec::new();
    for machine in machines {
        for interface in items(&machine["interfaces"]) {
            let mut interface = interface.clone();
            interface["machine"] = machine["name"].clone();
            interfaces.push(interface);
        }
    }
    let columns = "machine identifier mac configured_ipv4 lease_ipv4 config_type_v4 netmaskv4 network_name id";
    list_table(&interfaces, columns, options)
}

fn status_text(machines: &[Value], options: DisplayOptions) -> String {
    let keys = [
        "name",
        "state",
        "holders",
        "addresses",
        "boots",
        "netboot_enabled",
    ];
    let columns = ["name", "state", "holder", "address", "boots", "netboot"];
    let rows = table_rows(machines, &keys);
    let states = rows.iter().map(|row| colours::machine_state(&row[1]));
    let states: Vec<Style> = states.collect();
    let text = table_text(&columns, &rows, &states, options.width);
    match options.height {
        Some(height) => first_lines(&text, height),
        None => text,
    }
}

/// A table cut to `height` lines, the last of which says how many machines are left out.
fn first_lines(table: &str, height: usize) -> String {
    let lines = table.lines().count();
    let machines = lines - 1;
    match height {
        _ if lines <= height => table.to_owned(),
        // On a terminal of one line, a line feed would scroll the text away.
        0 => format!("{machines} machines"),
        1 => format!("{machines} machines\n"),
        _ => {
            let shown = table.lines().take(height - 1);
            let shown: String = shown.map(|line| format!("{line}\n")).collect();
            format!("{shown}and {} more\n", lines - (height - 1))
        }
    }
}

/// A row for each object of a list, with the values of these keys.
fn table_rows(list: &[Value], keys: &[&str]) -> Vec<Vec<String>> {
    let row = |object: &Value| keys.iter().map(|key| cell_text(&object[*key])).collect();
    list.iter().map(row).collect()
}

/// A value in a table. Of interfaces only the identifiers have room there, or the MAC of one without.
fn cell_text(value: &Value) -> String {
    let items = items(value);
    if !items.iter().any(|item| item.get("identifier").is_some()) {
        return display_text(value);
    }
    let names = items
        .iter()
        .map(|item| match display_text(&item["identifier"]) {
            name if name.is_empty() || name == NOTHING => display_text(&item["mac"]),
            name => name,
        });
    names.collect::<Vec<_>>().join(", ")
}

/// All fields of all objects, in the order of the module's documentation.
fn details_text(objects: &[Value], fields: &[Return]) -> String {
    if objects.is_empty() {
        return "none\n".to_owned();
    }
    let blocks = objects.iter().map(|object| fields_text(object, fields));
    blocks.collect::<Vec<_>>().join("\n")
}

/// A line for each field of an object; a list of objects takes a line for each of them.
fn fields_text(object: &Value, fields: &[Return]) -> String {
    let width = fields.iter().map(|field| field.name.len()).max();
    let width = width.unwrap_or(0);
    let mut text = String::new();
    for field in fields {
        let value = &object[field.name];
        if value.is_null() {
            continue;
        }
        let shown = match items(value) {
            items if items.iter().any(Value::is_object) => {
                let items = items.iter();
                items
                    .map(|item| format!("\n  {}", display_text(item)))
                    .collect()
            }
            _ => display_text(value),
        };
        let name = paint(colours::HEADING, &format!("{:width$}", field.name));
        let line = format!("{name}  {}", shown.trim_end());
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
