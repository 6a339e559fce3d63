//! Names that are no option of the module: AnsibleModule's message, and a hint with the names that were probably meant.

use serde_json::{Map, Value};

use crate::ansible::options::option::Opt;
use crate::ansible::options::spec::all;
use crate::ansible::result::Failure;
use crate::support::suggest::near;

/// The given names that are no option.
#[derive(Debug)]
pub(crate) struct Unsupported {
    /// Sorted.
    pub(crate) names: Vec<String>,
    /// The options that there are.
    groups: &'static [&'static [Opt]],
}

impl Unsupported {
    /// All such names among the given options.
    pub(crate) fn find(
        given: &Map<String, Value>,
        groups: &'static [&'static [Opt]],
    ) -> Unsupported {
        let is_option = |name: &str| all(groups).any(|option| option.has_name(name));
        let mut names: Vec<String> = given.keys().cloned().collect();
        names.retain(|name| !is_option(name));
        names.sort_unstable();
        Unsupported { names, groups }
    }

    /// The failure for at least one such name.
    pub(crate) fn failure(&self, module_name: &str) -> Failure {
        Failure::invalid_call(format!(
            "Unsupported parameters for ({module_name}) module: {}. Supported parameters include: {}.",
            self.names.join(", "),
            self.supported()
        ))
    }

    /// For each name the option that was probably meant, where there is one.
    pub(crate) fn hint(&self) -> Option<String> {
        let options = || all(self.groups).flat_map(Opt::names);
        let suggestions: Vec<String> = self
            .names
            .iter()
            .filter_map(|name| {
                let meant = near(name, options()).into_iter().next()?;
                Some(format!("Did you mean '{meant}' instead of '{name}'?"))
            })
            .collect();
        (!suggestions.is_empty()).then(|| suggestions.join(" "))
    }

    /// The names of all options, and their aliases in one pair of parentheses.
    fn supported(&self) -> String {
        let mut names: Vec<&str> = all(self.groups).map(|option| option.name).collect();
        let mut aliases: Vec<&str> = all(self.groups)
            .flat_map(|option| option.aliases)
            .copied()
            .collect();
        names.sort_unstable();
        aliases.sort_unstable();
        let names = names.join(", ");
        match aliases.is_empty() {
            true => names,
            false => format!("{names} ({})", aliases.join(", ")),
        }
    }
}
