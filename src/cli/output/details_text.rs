//! All fields of an object, a line for each.

use std::time::SystemTime;

use serde_json::Value;

use crate::ansible::Return;
use crate::cli::output::colours::{self, paint};
use crate::cli::output::object_names::{field_text, kind_of};
use crate::cli::output::result_text::DisplayOptions;
use crate::cli::output::table::{TableOptions, table_text};
use crate::cli::output::text::{NOTHING, display_text};
use crate::cli::output::time_text::{age_text, local_age_text};

/// The columns of an interface among the details of its machine.
const INTERFACE_COLUMNS: [&str; 7] = [
    "identifier",
    "mac",
    "lease_ipv4",
    "configured_ipv4",
    "config_type_v4",
    "last_seen_date",
    "network_name",
];

/// All fields of all objects, in the order of the module's documentation.
pub(crate) fn details_text(
    objects: &[Value],
    fields: &[Return],
    options: DisplayOptions,
) -> String {
    if objects.is_empty() {
        return "none\n".to_owned();
    }
    let blocks = objects
        .iter()
        .map(|object| fields_text(object, fields, options));
    blocks.collect::<Vec<_>>().join("\n")
}

/// A line for each field of an object; a list of objects takes a line for each of them.
fn fields_text(object: &Value, fields: &[Return], options: DisplayOptions) -> String {
    let width = fields.iter().map(|field| field.name.len()).max();
    let width = width.unwrap_or(0);
    let mut text = String::new();
    for field in fields {
        let value = &object[field.name];
        if value.is_null() {
            continue;
        }
        let (label, shown) = match (kind_of(field.name), value.as_array()) {
            (Some(_), _) => field_text(field.name, value, options.facts.names()),
            (None, Some(items)) if items.iter().any(Value::is_object) => {
                (field.name.to_owned(), items_text(items, options))
            }
            _ => (field.name.to_owned(), cell_text(field.name, value)),
        };
        let name = paint(colours::HEADING, &format!("{label:width$}"));
        let line = format!("{name}  {}", shown.trim_end());
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// A line for each object of a list, below the name of the field.
fn items_text(items: &[Value], options: DisplayOptions) -> String {
    let is_interface = items.iter().all(|item| item.get("identifier").is_some());
    let lines = match is_interface {
        true => {
            let rows = table_rows(items, &INTERFACE_COLUMNS);
            let layout = TableOptions {
                width: options.width.map(|width| width.saturating_sub(2)),
                has_heading: false,
            };
            table_text(&INTERFACE_COLUMNS, &rows, &[], layout)
        }
        false => items.iter().map(|item| display_text(item) + "\n").collect(),
    };
    lines.lines().map(|line| format!("\n  {line}")).collect()
}

/// A row for each object of a list, with the values of these keys.
pub(crate) fn table_rows(list: &[Value], keys: &[&str]) -> Vec<Vec<String>> {
    let row = |object: &Value| {
        keys.iter()
            .map(|key| cell_text(key, &object[*key]))
            .collect()
    };
    list.iter().map(row).collect()
}

/// A value on one line. Of interfaces only the identifiers have room there, or the MAC of one without.
fn cell_text(key: &str, value: &Value) -> String {
    match (key, value) {
        ("last_seen_date", Value::String(date)) => return age_text(date, SystemTime::now()),
        ("upload_date", Value::String(date)) => return local_age_text(date, SystemTime::now()),
        _ => {}
    }
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
