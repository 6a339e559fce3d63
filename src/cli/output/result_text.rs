//! Results as text, with the styles of `colours`.
//!
//! Texts of the server are shown without control characters, with which it could steer the terminal.

use anstyle::Style;
use serde_json::Value;

use crate::ansible::Return;
use crate::cli::commands::{Command, View};
use crate::cli::output::colours;
use crate::cli::output::colours::paint;
use crate::cli::output::diff::diff_text;
use crate::cli::output::table::table_text;
use crate::cli::output::text::{NOTHING, display_text, without_controls};

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
    match command.view {
        View::Steps => steps_text(result, options),
        View::Table(list, columns) => list_table(&result[list], columns, options),
        View::Details(list) => details_text(&result[list], command.returned_fields(list)),
        View::Interfaces => interfaces_text(&result["machines"], options),
        View::Reservation => steps_text(result, options) + &held_machines(&result["machines"]),
        View::Console if options.is_check => "the machine has a console\n".to_owned(),
        View::Console => display_text(&result["console"]["url"]) + "\n",
        View::Status => status_text(&result["machines"], options),
        View::Json(key) => json_text(&result[key]),
    }
}

/// A value as JSON. Control characters are escaped, which is the same to a program and harmless to a terminal.
pub(crate) fn json_text(value: &Value) -> String {
    let mut text = String::new();
    for character in format!("{value:#}\n").chars() {
        if character.is_control() && character != '\n' {
            text.push_str(&format!("\\u{:04x}", u32::from(character)));
        } else {
            text.push(character);
        }
    }
    text
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
    let diffs = result["diff"].as_array().filter(|_| options.is_diff);
    diffs.into_iter().flatten().map(diff_text).collect()
}

/// What was done before or in spite of a failure: the first steps of a plan, and the plans of other list items.
pub(crate) fn done_text(result: &Value, options: DisplayOptions) -> String {
    let results = match result["results"].as_array() {
        Some(items) => items.as_slice(),
        None => std::slice::from_ref(result),
    };
    let lines = results.iter().map(|result| {
        let key = if result["failed"] == true {
            "done"
        } else {
            "plan"
        };
        step_lines(&result[key], options)
    });
    lines.collect::<String>() + &diffs_text(result, options)
}

fn step_lines(steps: &Value, options: DisplayOptions) -> String {
    let steps = steps.as_array().into_iter().flatten();
    steps.map(|step| step_line(step, options)).collect()
}

fn step_line(step: &Value, options: DisplayOptions) -> String {
    let field = |key: &str| display_text(&step[key]);
    let verb = field("action");
    let mut done = match options.is_check {
        true => format!("would {verb}"),
        false => format!("{}ed", verb.strip_suffix('e').unwrap_or(&verb)),
    };
    if verb == "wait" {
        done.push_str(" for");
    }
    let done = paint(colours::CHANGED, &done);
    format!("{done} {}: {}\n", field("target"), field("why"))
}

/// How many items of a list failed, then a line for each of them and for each of their hints; None without such an item.
pub(crate) fn failed_items_text(result: &Value, messages: &[String]) -> Option<(String, String)> {
    let items = result["results"].as_array()?;
    let failed = items.iter().filter(|item| item["failed"] == true);
    let (abandoned, failed): (Vec<&Value>, Vec<&Value>) =
        failed.partition(|item| item["abandoned"] == true);
    if failed.is_empty() {
        return None;
    }
    let messages = messages.iter();
    let mut lines: Vec<String> = messages.map(|message| format!("  {message}\n")).collect();
    for hint in failed.iter().filter_map(|item| item["hint"].as_str()) {
        let line = without_controls(hint) + "\n";
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    let mut count = format!("{} of {} failed", failed.len(), items.len());
    if !abandoned.is_empty() {
        count.push_str(&format!(", {} not carried on", abandoned.len()));
    }
    Some((count, lines.concat()))
}

fn held_machines(machines: &Value) -> String {
    let machines = machines.as_array().into_iter().flatten();
    let lines = machines.map(|machine| {
        let (name, arch) = (&machine["name"], &machine["arch"]);
        format!("{} ({})\n", display_text(name), display_text(arch))
    });
    lines.collect()
}

fn list_table(list: &Value, columns: &'static str, options: DisplayOptions) -> String {
    let columns: Vec<&str> = columns.split(' ').collect();
    let rows = table_rows(list, &columns);
    table_text(&columns, &rows, &[], options.width)
}

/// A row for each interface, with its machine.
fn interfaces_text(machines: &Value, options: DisplayOptions) -> String {
    let mut interfaces = Vec::new();
    for machine in machines.as_array().into_iter().flatten() {
        for interface in machine["interfaces"].as_array().into_iter().flatten() {
            let mut interface = interface.clone();
            interface["machine"] = machine["name"].clone();
            interfaces.push(interface);
        }
    }
    let columns = "machine identifier mac configured_ipv4 lease_ipv4 config_type_v4 netmaskv4 network_name id";
    list_table(&interfaces.into(), columns, options)
}

fn status_text(machines: &Value, options: DisplayOptions) -> String {
    let keys = "name state holders addresses boots netboot_enabled";
    let rows = table_rows(machines, &keys.split(' ').collect::<Vec<_>>());
    let states = rows.iter().map(|row| colours::machine_state(&row[1]));
    let states: Vec<Style> = states.collect();
    let columns = ["name", "state", "holder", "address", "boots", "netboot"];
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
    if lines <= height {
        return table.to_owned();
    }
    match height {
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
fn table_rows(list: &Value, keys: &[&str]) -> Vec<Vec<String>> {
    let objects = list.as_array().into_iter().flatten();
    let rows = objects.map(|object| keys.iter().map(|key| cell_text(&object[*key])).collect());
    rows.collect()
}

/// A value in a table. Of interfaces only the identifiers have room there, or the MAC of one without.
fn cell_text(value: &Value) -> String {
    let items = value.as_array().map_or(&[][..], Vec::as_slice);
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
fn details_text(list: &Value, fields: &[Return]) -> String {
    let objects = list.as_array().map_or(&[][..], Vec::as_slice);
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
        let items = value.as_array().map_or(&[][..], Vec::as_slice);
        let value = if items.iter().any(Value::is_object) {
            let items = items.iter();
            let lines = items.map(|item| format!("\n  {}", display_text(item)));
            lines.collect()
        } else {
            display_text(value)
        };
        let name = paint(colours::HEADING, &format!("{:width$}", field.name));
        let line = format!("{name}  {}", value.trim_end());
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::task::Action;

    const OPTIONS: DisplayOptions = DisplayOptions {
        width: None,
        height: None,
        is_check: false,
        is_diff: true,
    };

    /// A new action needs a word here, and a place in the list of the test.
    fn past(action: Action) -> &'static str {
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

    #[test]
    fn past_tense_of_every_action_is_a_word() {
        for action in [
            Action::Create,
            Action::Upload,
            Action::Update,
            Action::Delete,
            Action::Provision,
            Action::Reboot,
            Action::Wait,
        ] {
            let step = json!({ "action": action, "target": "it", "why": "so" });
            let line = step_line(&step, OPTIONS);
            assert_eq!(
                line,
                paint(colours::CHANGED, past(action)) + " it: so\n",
                "{action:?}"
            );
        }
    }

    #[test]
    fn equal_texts_have_no_difference() {
        let of = |after: &str| {
            let diff = json!({ "before_header": "it", "after_header": "it", "before": "a\n", "after": after });
            diffs_text(&json!({ "diff": [diff] }), OPTIONS)
        };
        assert_eq!(of("a\n"), "");
        assert!(of("b\n").starts_with("--- it\n+++ it\n"));
    }
}
