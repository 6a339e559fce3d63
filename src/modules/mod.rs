//! The Ansible modules: one file each, with its options and the way from options to a task and from the
//! task's outcome to a result.

mod reading;
mod respond;
mod target;
mod waiting;

mod assignee;
mod console;
mod image;
mod image_info;
mod interface;
mod machine;
mod machine_info;
mod network_facts;
mod power;
mod preseed;
mod preseed_info;
mod reservation;

use crate::ansible::Module;
use crate::connection;

/// All modules that the binary answers as.
pub const ALL: &[Module] = &[
    assignee::MODULE,
    console::MODULE,
    image::MODULE,
    interface::MODULE,
    image_info::MODULE,
    machine::MODULE,
    machine_info::MODULE,
    network_facts::MODULE,
    power::MODULE,
    preseed::MODULE,
    reservation::MODULE,
    preseed_info::MODULE,
];
