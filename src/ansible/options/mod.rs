//! Options: their tables, and the way from what a task wrote to the values that a module gets.

pub(crate) mod choices;
pub(crate) mod coerce;
pub(crate) mod constraints;
pub(crate) mod list_option;
pub(crate) mod not_utf8;
pub(crate) mod option;
pub(crate) mod options_file;
pub(crate) mod path;
pub(crate) mod python;
pub(crate) mod spec;
pub(crate) mod unsupported;
pub(crate) mod validate;
