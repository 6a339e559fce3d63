//! Results as text, with the styles of `colours`.
//!
//! Texts of the server are shown without control characters, with which it could steer the terminal.

use anstyle::Style;
use serde_json::Value;

use crate::cli::commands::{Command, View};
use crate::cli::display_facts::DisplayFacts;
use crate::cli::output::colours;
use crate::cli::output::details_text::{details_text, table_rows};
use crate::cli::output::diff::diff_text;
use crate::cli::output::step_text::ObjectSteps;
use crate::cli::output::table::{TableOptions, table_text};
use crate::cli::output::text::{display_text, enumerate};
use crate::support::user_text::on_one_line;

/// What the display depends on besides the result.
#[derive(Clone, Copy)]
pub(crate) struct DisplayOptions<'a> {
    /// The columns of the terminal; None where there is no terminal.
    pub(crate) width: Option<u16>,
    /// The most lines to show, where the screen is drawn again and again.
    pub(crate) height: Option<usize>,
    /// Whether the result is that of check mode.
    pub(crate) is_check: bool,
    /// Whether differences are shown.
    pub(crate) is_diff: bool,
    /// Whether tables have a line of headings.
    pub(crate) has_heading: bool,
    /// What is shown besides the result.
    pub(crate) facts: &'a DisplayFacts,
}

/// A successful result as the view of its command shows it.
pub(crate) fn result_text(command: &Command, result: &Value, options: DisplayOptions) -> String {
    let machines = items(&result["machines"]);
    match command.view {
        View::Steps => steps_text(command, result, options),
        View::Table(list, columns) => list_table(items(&result[list]), columns, options),
        View::Details(list) => {
            details_text(items(&result[list]), command.returned_fields(list), options)
        }
        View::Interfaces => interfaces_text(machines, options),
        View::Reservation => steps_text(command, result, options) + &held_machines(machines),
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
fn steps_text(command: &Command, result: &Value, options: DisplayOptions) -> String {
    let unchanged = unchanged_text(command, result, options);
    let steps = done_text(result, options) + &unchanged;
    match steps.is_empty() {
        true => nothing_text(result),
        false => steps,
    }
}

/// What is true of the machines that were already as the command leaves them, where that is one word.
fn unchanged_text(command: &Command, result: &Value, options: DisplayOptions) -> String {
    let unchanged = objects(result).iter();
    let unchanged = unchanged.filter(|result| items(&result["plan"]).is_empty());
    let lines = unchanged.filter_map(|result| {
        let machine = display_text(&result["machine"]["name"]);
        let (key, fact) = match command.words {
            ["machine", "wait"] => ("wait", display_text(&result["machine"]["state"])),
            ["power", "on" | "off"] => ("power", display_text(&result["power"])),
            _ => return None,
        };
        let rest = match (key, options.facts.address(&machine)) {
            ("power", _) => " already".to_owned(),
            (_, Some(address)) => format!(" at {address}"),
            (_, None) => String::new(),
        };
        Some(on_one_line(&format!("{machine} is {fact}{rest}")) + "\n")
    });
    lines.collect()
}

/// Nothing was to be done. Where a machine is being installed, that is why.
fn nothing_text(result: &Value) -> String {
    let installing = objects(result).iter().filter_map(|result| {
        let machine = &result["machine"];
        (machine["state"] == "provisioning").then(|| display_text(&machine["name"]))
    });
    let installing: Vec<String> = installing.collect();
    match installing.is_empty() {
        true => "nothing to do\n".to_owned(),
        false => format!(
            "nothing to do: being installed already: {}\n",
            enumerate(&installing)
        ),
    }
}

/// The result of each object.
fn objects(result: &Value) -> &[Value] {
    match result["results"].as_array() {
        Some(items) => items.as_slice(),
        None => std::slice::from_ref(result),
    }
}

/// What was done, also before or in spite of a failure: the first steps of a plan, and the plans of other list items.
pub(crate) fn done_text(result: &Value, options: DisplayOptions) -> String {
    let lines = objects(result).iter().map(|result| {
        let key = if result["failed"] == true {
            "done"
        } else {
            "plan"
        };
        let steps = ObjectSteps {
            result,
            steps: items(&result[key]),
            facts: options.facts,
            is_check: options.is_check,
            width: options.width,
        };
        steps.lines()
    });
    lines.collect::<String>() + &diffs_text(result, options)
}

fn diffs_text(result: &Value, options: DisplayOptions) -> String {
    let targets = items(&result["plan"]).iter().map(|step| &step["target"]);
    let targets: Vec<&Value> = targets.collect();
    let diffs = items(&result["diff"]).iter().filter(|_| options.is_diff);
    let shown = diffs.map(|diff| {
        // The difference of a text has a header of its own.
        let is_of_fields = targets.contains(&&diff["before_header"]);
        diff_text(diff, is_of_fields.then(|| options.facts.names()))
    });
    shown.collect()
}

/// The last lines of the consoles of machines that failed, each behind the name of its machine.
pub(crate) fn console_tails(result: &Value) -> String {
    let objects = objects(result).iter();
    let tails = objects.filter_map(|object| {
        let lines = object["console_tail"].as_array()?;
        // A failure has no machine but in its plan.
        let target = &object["plan"][0]["target"];
        let heading = format!("The console of {} ended with:", display_text(target));
        let lines = lines.iter().map(|line| format!("  {}", display_text(line)));
        let lines: Vec<String> = [heading].into_iter().chain(lines).collect();
        (lines.len() > 1).then(|| lines.join("\n") + "\n")
    });
    tails.collect()
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
    table_text(&columns, &table_rows(list, &columns), &[], options.layout())
}

impl DisplayOptions<'_> {
    fn layout(self) -> TableOptions {
        TableOptions {
            width: self.width,
            has_heading: self.has_heading,
        }
    }
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
    let columns = "machine identifier mac configured_ipv4 lease_ipv4 last_seen_date config_type_v4 netmaskv4 network_name id";
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
    let text = table_text(&columns, &rows, &states, options.layout());
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
