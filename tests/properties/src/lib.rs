//! What holds for any text that comes from outside, whoever wrote it.
//!
//! Each function checks one property for one input and panics where it does not hold. The property tests, in `tests/`,
//! call them with random inputs, and the fuzz targets, in `fuzz/` of the repository, with inputs that reach new code.

pub mod answers;
pub mod arguments;
pub mod inventory;
pub mod labs;
pub mod mark;
pub mod options;
pub mod query;
pub mod scrubber;

/// A name that is in no text of the library's own.
pub(crate) const CANARY: &str = "canary-8f3b1c/+=";
