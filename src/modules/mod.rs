//! The Ansible modules: one file each, with its options and the way from options to a task and from the
//! task's outcome to a result.

mod connection;
mod respond;
mod target;
mod waiting;

mod assignee;
mod console;
mod image;
mod interface;
mod machine;
mod network_facts;
mod power;
mod preseed;
mod reservation;

use crate::ansible::Module;

/// All modules that the binary answers as.
pub const ALL: &[Module] = &[
    assignee::MODULE,
    console::MODULE,
    image::MODULE,
    interface::MODULE,
    machine::MODULE,
    network_facts::MODULE,
    power::MODULE,
    preseed::MODULE,
    reservation::MODULE,
];
