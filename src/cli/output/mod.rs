//! Results, failures and progress on a terminal.

pub(crate) mod colours;
pub(crate) mod details_text;
pub(crate) mod diff;
pub(crate) mod format;
pub(crate) mod markup;
pub(crate) mod object_names;
pub(crate) mod progress;
pub(crate) mod result_text;
pub(crate) mod step_text;
pub(crate) mod table;
pub(crate) mod terminal;
pub(crate) mod text;
pub(crate) mod time_text;
