//! The command line against the lab, as it is typed.

#![allow(
    clippy::unwrap_used,
    reason = "a test stops where its setting cannot be made"
)]

mod site;

mod commands;
mod labs;
mod old_client;
mod pages;
mod people;
mod terminal;
mod verbose;
