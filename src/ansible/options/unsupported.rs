//! Names that are no option of the module: AnsibleModule's message, and a hint with the names that were probably meant.

use serde_json::{Map, Value};

use crate::ansible::args::Internal;
use crate::ansible::options::option::Opt;
use crate::ansible::options::spec::{ModuleSpec, all};
use crate::ansible::result::Failure;
use crate::support::suggest::near;

/// Fails when a name is no option, unless Ansible says to ignore such names.
pub(crate) fn require_supported(
    given: &Map<String, Value>,
    spec: &ModuleSpec,
    internal: &Internal,
) -> Result<(), Failure> {
    let unsupported = names(given, spec.options);
    if unsupported.is_empty() || internal.ignore_unknown_options {
        return Ok(());
    }
    let module_name = internal.module_name.as_deref().unwrap_or(spec.name);
    let message = format!(
        "Unsupported parameters for ({module_name}) module: {}. Supported parameters include: {}.",
        unsupported.join(", "),
        supported(spec)
    );
    Err(Failure {
        hint: hint(given, spec.options),
        ..Failure::invalid_call(message)
    })
}

/// For each such name the option that was probably meant, where there is one.
pub(crate) fn hint(
    given: &Map<String, Value>,
    groups: &'static [&'static [Opt]],
) -> Option<String> {
    let suggestion = |name: &str| {
        let meant = near(name, all(groups).flat_map(Opt::names));
        let meant = meant.first()?;
        Some(format!("Did you mean '{meant}' instead of '{name}'?"))
    };
    let suggestions: Vec<String> = names(given, groups)
        .into_iter()
        .filter_map(suggestion)
        .collect();
    (!suggestions.is_empty()).then(|| suggestions.join(" "))
}

/// The given names that are no option, sorted.
fn names<'a>(given: &'a Map<String, Value>, groups: &'static [&'static [Opt]]) -> Vec<&'a str> {
    let is_option = |name: &str| all(groups).any(|option| option.has_name(name));
    let names = given.keys().map(String::as_str);
    let mut names: Vec<&str> = names.filter(|name| !is_option(name)).collect();
    names.sort_unstable();
    names
}

/// The names of all options, and their aliases in one pair of parentheses.
fn supported(spec: &ModuleSpec) -> String {
    let mut names: Vec<&str> = spec.all_options().map(|option| option.name).collect();
    let aliases = spec.all_options().flat_map(|option| option.aliases);
    let mut aliases: Vec<&str> = aliases.copied().collect();
    names.sort_unstable();
    aliases.sort_unstable();
    let names = names.join(", ");
    match aliases.is_empty() {
        true => names,
        false => format!("{names} ({})", aliases.join(", ")),
    }
}
