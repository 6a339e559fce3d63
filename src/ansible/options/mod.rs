//! Options: their tables, and the validation of the values that a task gives.

pub(crate) mod choices;
pub(crate) mod coerce;
pub(crate) mod constraints;
pub(crate) mod expand;
pub(crate) mod list_option;
pub(crate) mod not_utf8;
pub(crate) mod option;
pub(crate) mod options_file;
pub(crate) mod path;
pub(crate) mod python;
pub(crate) mod spec;
pub(crate) mod unsendable;
pub(crate) mod unsupported;
pub(crate) mod validate;
pub(crate) mod yaml_values;
