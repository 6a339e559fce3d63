//! The option `state` of modules that create and delete an object.

use serde::Deserialize;

use crate::ansible::{Kind, Opt};

/// The option; what it means for the object is added by the module.
pub(crate) const OPTION: Opt = Opt::new("state", Kind::Str)
    .choices(&["present", "absent"])
    .default_str("present");

/// Its values.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Existence {
    Present,
    Absent,
}
