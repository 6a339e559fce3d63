//! Helpers that depend on no layer.

pub(crate) mod append_file;
pub(crate) mod console_text;
#[cfg(feature = "cli")]
pub(crate) mod dash_values;
pub(crate) mod encodings;
pub mod glob;
pub(crate) mod io_error;
pub(crate) mod markup;
pub(crate) mod progress;
pub(crate) mod redaction;
pub(crate) mod regular_file;
pub(crate) mod sort;
pub(crate) mod ssh_host_keys;
pub mod stdio;
pub(crate) mod suggest;
pub(crate) mod tcp_answer;
pub(crate) mod user_text;
pub(crate) mod utc;
pub(crate) mod vault;
