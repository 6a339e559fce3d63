//! The command line as it is typed: the program itself against the lab.

#![allow(
    clippy::unwrap_used,
    reason = "a test stops where its setting cannot be made"
)]

mod old_client;
