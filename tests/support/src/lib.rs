//! The harness of the tests: a lab, and the programs that are run against it.
//!
//! Cargo gives the paths of binaries only to the tests of their own package, so every test names its program:
//!
//! ```ignore
//! let lab = TestLab::start().with_program(env!("CARGO_BIN_EXE_mrp-ansible"));
//! ```

#![allow(
    clippy::unwrap_used,
    reason = "a test stops where its setting cannot be made"
)]

pub mod ansible;
pub mod collection;
pub mod command_line;
pub mod inventory;
mod lab;
pub mod module;
mod text;

pub use lab::{ADMIN_TOKEN, SERVER_VARIABLE, TOKEN, TestLab, project_folder};
pub use mrp_lab::{Lab, Release, Sessions};
pub use text::{actions, assert_contains, assert_failed, assert_no_token, column, message, text};
