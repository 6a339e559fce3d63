//! docs/inventory.md: every option, variable and group is described.

use crate::start_lab;
use mr_provisioner::inventory;

const PAGE: &str = include_str!("../../docs/inventory.md");

#[test]
fn every_option_is_in_the_documentation_with_its_default() {
    for option in inventory::OPTIONS {
        let row = format!("| `{}` | ", option.name);
        let row = PAGE.lines().find(|line| line.starts_with(&row));
        let row = row.unwrap_or_else(|| panic!("{} has no row", option.name));
        if let Some(default) = option.default {
            let default = default.to_json().to_string();
            let default = default.trim_matches('"').trim_end_matches(".0");
            assert!(row.contains(&format!("`{default}`")), "{row}: {default}");
        }
    }
}

#[test]
fn every_variable_and_group_is_in_the_documentation() {
    let lab = start_lab();
    lab.configure_inventory("holders = true");
    let inventory = lab.inventory();
    let hosts = inventory["_meta"]["hostvars"].as_object().unwrap();
    let variables = hosts.values().flat_map(|host| host.as_object().unwrap());
    for (variable, _) in variables {
        assert!(PAGE.contains(&format!("`{variable}`")), "{variable}");
    }
    for group in inventory.as_object().unwrap().keys() {
        let kind = group.split('_').next().unwrap();
        let named = [format!("`{group}`"), format!("`{kind}_")];
        let is_named = named.iter().any(|name| PAGE.contains(name));
        assert!(is_named || group == "_meta", "{group}");
    }
}

#[test]
fn the_constructed_groups_shown_are_those_of_the_example() {
    let example = include_str!("../../playbooks/inventory/lab.constructed.yml");
    let shown = PAGE
        .split("```")
        .find_map(|part| part.strip_prefix("yaml fragment\n"))
        .unwrap();
    assert!(example.ends_with(shown), "{shown}");
}
