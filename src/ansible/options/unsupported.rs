//! Names that are no option: AnsibleModule's message, and what may have been meant.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::ansible::options::option::Opt;
use crate::ansible::options::spec::all;
use crate::ansible::result::Failure;
use crate::support::suggest::near;

/// A name that is no option where it was written.
#[derive(Debug)]
pub(crate) struct Unsupported {
    name: String,
    /// The names of the options around it.
    path: Vec<&'static str>,
    /// The options that there are.
    groups: &'static [&'static [Opt]],
}

impl Unsupported {
    /// All such names at one level.
    pub(crate) fn among(
        given: &Map<String, Value>,
        groups: &'static [&'static [Opt]],
        path: &[&'static str],
    ) -> Vec<Unsupported> {
        given
            .keys()
            .filter(|name| !names(groups).any(|known| known == name.as_str()))
            .map(|name| Unsupported {
                name: name.clone(),
                path: path.to_vec(),
                groups,
            })
            .collect()
    }

    /// The failure for at least one such name. The options listed are those where the first of them
    /// was written.
    pub(crate) fn failure(found: &[Unsupported], module_name: &str) -> Failure {
        let mut names: Vec<String> = found.iter().map(Unsupported::full_name).collect();
        names.sort_unstable();
        names.dedup();
        let supported = found
            .first()
            .map(Unsupported::supported)
            .unwrap_or_default();
        Failure::new(format!(
            "Unsupported parameters for ({module_name}) module: {}. \
             Supported parameters include: {supported}.",
            names.join(", ")
        ))
    }

    /// What may have been meant, where something is near.
    pub(crate) fn hint(found: &[Unsupported]) -> Option<String> {
        // A list may have the same mistake in every element.
        let guesses: BTreeSet<String> = found
            .iter()
            .filter_map(|wrong| {
                let meant = near(&wrong.name, names(wrong.groups)).into_iter().next()?;
                Some(format!(
                    "Did you mean '{meant}' instead of '{}'?",
                    wrong.name
                ))
            })
            .collect();
        (!guesses.is_empty()).then(|| Vec::from_iter(guesses).join(" "))
    }

    fn full_name(&self) -> String {
        self.path
            .iter()
            .copied()
            .chain([self.name.as_str()])
            .collect::<Vec<_>>()
            .join(".")
    }

    fn supported(&self) -> String {
        let mut names: Vec<&str> = all(self.groups).map(|option| option.name).collect();
        let mut aliases: Vec<&str> = all(self.groups)
            .flat_map(|option| option.aliases)
            .copied()
            .collect();
        names.sort_unstable();
        aliases.sort_unstable();
        let aliases = if aliases.is_empty() {
            String::new()
        } else {
            format!(" ({})", aliases.join(", "))
        };
        format!("{}{aliases}", names.join(", "))
    }
}

/// Every name that an option can be given by.
fn names(groups: &'static [&'static [Opt]]) -> impl Iterator<Item = &'static str> {
    all(groups)
        .flat_map(|option| std::iter::once(option.name).chain(option.aliases.iter().copied()))
}
