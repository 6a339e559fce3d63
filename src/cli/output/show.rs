//! How results look on a terminal.
//!
//! What the server says is shown without its control characters: it must not be able to steer a terminal.

use anstyle::Style;
use serde_json::Value;

use crate::ansible::Return;
use crate::cli::commands::{Command, View};
use crate::cli::output::style;
use crate::cli::output::style::paint;
use crate::cli::output::text::{NOTHING, text_of, without_controls};
use crate::cli::output::{diff, markup, table};
use crate::modules::failure::about;

/// Where it is shown.
#[derive(Clone, Copy)]
pub(crate) struct Page {
    /// The columns of the terminal; none where there is no terminal, and nothing has to fit.
    pub(crate) width: Option<u16>,
    /// The lines of the terminal, where no more are wanted.
    pub(crate) height: Option<usize>,
    /// Whether nothing was done, and the result tells what would be.
    pub(crate) is_check: bool,
    /// Whether differences are shown.
    pub(crate) is_diff: bool,
}

/// A result as text, with styles that mean nothing to what is no terminal.
pub(crate) fn result(command: &Command, result: &Value, page: Page) -> String {
    match command.view {
        View::Steps => steps(result, page),
        View::Table(list, columns) => {
            table::plain(columns, &rows(&result[list], columns), page.width)
        }
        View::Details(list) => details(&result[list], fields_of(command, list)),
        View::Interfaces => interfaces(&result["machines"], page),
        View::Reservation => steps(result, page) + &held(&result["machines"]),
        View::Console => console(&result["console"], page),
        View::Status => status(&result["machines"], page),
        View::Json(key) => json(&result[key]),
    }
}

/// As JSON, in which controls can be written so that they say the same to a program and nothing to a terminal.
pub(crate) fn json(value: &Value) -> String {
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
    let text: String = steps.iter().map(|step| step_line(step, page)).collect();
    text + &diffs(result, page)
}

/// The differences, where they are wanted.
fn diffs(result: &Value, page: Page) -> String {
    let diffs = result["diff"].as_array().filter(|_| page.is_diff);
    diffs.into_iter().flatten().map(diff::of).collect()
}

/// What was done although something failed: of a plan its first steps, of several plans those that went well.
pub(crate) fn done(result: &Value, page: Page) -> String {
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
    let text: String = steps.flatten().map(|step| step_line(step, page)).collect();
    text + &diffs(result, page)
}

/// Of several machines, how many failed, and what is to be said of each of those.
pub(crate) fn failures(command: &Command, result: &Value) -> Option<(String, String)> {
    let items = result["results"].as_array()?;
    let failed = items.iter().filter(|item| item["failed"] == true);
    let (abandoned, failed): (Vec<&Value>, Vec<&Value>) =
        failed.partition(|item| item["abandoned"] == true);
    if failed.is_empty() {
        return None;
    }
    let mut lines: Vec<String> = failed.iter().map(|item| failure_line(item)).collect();
    for hint in failed.iter().filter_map(|item| item["hint"].as_str()) {
        let line = without_controls(&markup::typed(hint, command.module.spec)) + "\n";
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

fn failure_line(item: &Value) -> String {
    let (title, sentence) = (text_of(&item["item"]), text_of(&item["msg"]));
    format!("  {}\n", about(&title, &sentence))
}

fn step_line(step: &Value, page: Page) -> String {
    let word = |key: &str| text_of(&step[key]);
    let verb = word("action");
    let done = match page.is_check {
        true => format!("would {verb}"),
        false => format!("{}ed", verb.strip_suffix('e').unwrap_or(&verb)),
    };
    let preposition = if verb == "wait" { " for" } else { "" };
    format!(
        "{} {}: {}\n",
        paint(style::CHANGED, &(done + preposition)),
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
        "identifier",
        "mac",
        "configured_ipv4",
        "lease_ipv4",
        "config_type_v4",
        "netmaskv4",
        "network_name",
        "id",
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
    table::plain(&[&["machine"], COLUMNS].concat(), &rows, page.width)
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
    let text = table::coloured(&columns, &rows, &styles, page.width);
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
    match height.saturating_sub(1) {
        // Under its head, a line is a machine. On a terminal of one line, the end of the line would move it away.
        0 => format!("{} machines{}", lines - 1, ["", "\n"][height]),
        room => {
            let shown = text.lines().take(room).map(|line| format!("{line}\n"));
            format!("{}and {} more\n", shown.collect::<String>(), lines - room)
        }
    }
}

/// The values of a list's objects under some keys.
fn rows(list: &Value, keys: &[&str]) -> Vec<Vec<String>> {
    let objects = list.as_array().into_iter().flatten();
    objects
        .map(|object| keys.iter().map(|key| cell(&object[*key])).collect())
        .collect()
}

/// What names a value in a table, where there is no room for all that is in it.
fn cell(value: &Value) -> String {
    let is_interface = |item: &Value| item.get("identifier").is_some();
    match value.as_array() {
        Some(items) if items.iter().any(is_interface) => {
            let names = items.iter().map(|item| match text_of(&item["identifier"]) {
                name if name.is_empty() || name == NOTHING => text_of(&item["mac"]),
                name => name,
            });
            names.collect::<Vec<_>>().join(", ")
        }
        _ => text_of(value),
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::task::Action;

    const PAGE: Page = Page {
        width: None,
        height: None,
        is_check: false,
        is_diff: true,
    };

    /// A new one has to be told here, and in the list of the test.
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
    fn what_was_done_is_told_in_words_that_there_are() {
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
            let line = step_line(&step, PAGE);
            assert_eq!(
                line,
                paint(style::CHANGED, past(action)) + " it: so\n",
                "{action:?}"
            );
        }
    }

    #[test]
    fn a_difference_that_is_none_is_not_shown() {
        let of = |after: &str| {
            let diff = json!({ "before_header": "it", "after_header": "it", "before": "a\n", "after": after });
            diffs(&json!({ "diff": [diff] }), PAGE)
        };
        assert_eq!(of("a\n"), "");
        assert!(of("b\n").starts_with("--- it\n+++ it\n"));
    }
}
