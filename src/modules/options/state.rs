//! The option `state` of modules that make something be there, or not.

use serde::Deserialize;

/// What it says.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Existence {
    Present,
    Absent,
}
