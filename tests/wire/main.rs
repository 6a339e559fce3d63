//! The client library against a scripted server: what goes over the wire, and what is made of what comes back.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod connections;
mod consoles;
mod errors;
mod incomplete_objects;
mod lost_answers;
mod own_process;
mod resources;
mod retries;
mod security;
mod server;
mod support;
mod tls;
mod uploads;
