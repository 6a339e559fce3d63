//! What a person sees on a terminal.

pub(crate) mod diff;
pub(crate) mod markup;
pub(crate) mod progress;
pub(crate) mod show;
pub(crate) mod style;
pub(crate) mod table;
pub(crate) mod terminal;
pub(crate) mod text;
