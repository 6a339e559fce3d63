//! The protocol between Ansible and a module, tested with the probe: a program with small modules of its own.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod call;
mod cases;
mod coercion;
mod harness;
mod interruptions;
mod output;
mod secrets;
mod sidecar;
