//! The inventory against the lab, run as Ansible runs it. What Ansible makes of it is seen in the ring of the real one.

#![allow(
    clippy::unwrap_used,
    reason = "a test stops where its setting cannot be made"
)]

mod site;

mod cache;
mod configuration;
mod documentation;
mod hostile;
mod listing;
