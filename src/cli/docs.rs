//! `mrp docs`: the documentation that `ansible-doc` finds beside a module, from the module's own spec.

use std::path::Path;

use crate::ansible::docs::sidecar;
use crate::modules;
use crate::reason;

/// Writes `NAME.yml` for every module into `dir`, and tells their names.
pub(super) fn write(dir: &Path) -> Result<String, String> {
    let mut told = String::new();
    for module in modules::ALL {
        let path = dir.join(format!("{}.yml", module.spec.name));
        std::fs::write(&path, sidecar(module.spec)).map_err(|error| {
            format!(
                "{} cannot be written: {}",
                path.display(),
                reason::of(&error)
            )
        })?;
        told.push_str(&format!("{}\n", path.display()));
    }
    Ok(told)
}
