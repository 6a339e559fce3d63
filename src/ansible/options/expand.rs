//! Options that stand for others: they are replaced before all checks, so that what they stand for is checked too.

use serde_json::{Map, Value};

use crate::ansible::options::python;
use crate::ansible::options::spec::ModuleSpec;
use crate::ansible::result::Failure;
use crate::support::markup::OptionStyle;

/// The options with those in place of which others stand. What is given itself comes first.
pub(crate) fn expand(
    spec: &ModuleSpec,
    given: &Map<String, Value>,
) -> Result<Map<String, Value>, Failure> {
    let mut options = given.clone();
    for option in spec.all_options() {
        let Some(expansion) = option.expansion else {
            continue;
        };
        let name = options.remove(option.name).filter(|name| !name.is_null());
        let name = name.map(|name| python::str_of(&name).trim().to_owned());
        let name = name.as_deref().filter(|name| !name.is_empty());
        let expanded = expansion(name, &options)
            // No call has an option style yet.
            .map_err(|failure| failure.rendered(OptionStyle::default()))?;
        for (name, value) in expanded {
            let mut meant = spec.all_options().filter(|option| option.has_name(&name));
            let names = meant.next().into_iter().flat_map(|option| option.names());
            let is_given = |name: &str| options.get(name).is_some_and(|value| !value.is_null());
            if !names.into_iter().any(is_given) {
                options.insert(name, value);
            }
        }
    }
    Ok(options)
}
