//! The Ansible modules: one file each, with its options and the way from options to a task and from the
//! task's outcome to a result.

mod existence;
mod outcome;
pub(crate) mod reading;
pub(crate) mod respond;
pub(crate) mod target;
mod together;
pub(crate) mod waiting;

mod assignee;
mod console;
mod image;
mod image_info;
mod interface;
mod machine;
mod machine_info;
mod network_facts;
mod old_role;
mod power;
mod preseed;
mod preseed_info;
mod reservation;

use crate::ansible::Module;
use crate::connection;

pub(crate) use console::MODULE as CONSOLE;
pub(crate) use image::MODULE as IMAGE;
pub(crate) use image_info::MODULE as IMAGE_INFO;
pub(crate) use interface::MODULE as INTERFACE;
pub(crate) use machine::MODULE as MACHINE;
pub(crate) use machine_info::MODULE as MACHINE_INFO;
pub(crate) use network_facts::MODULE as NETWORK_FACTS;
pub(crate) use old_role::preseed::in_text_mode;
pub(crate) use power::MODULE as POWER;
pub(crate) use preseed::MODULE as PRESEED;
pub(crate) use preseed_info::MODULE as PRESEED_INFO;
pub(crate) use reservation::MODULE as RESERVATION;

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
    old_role::image::MODULE,
    old_role::preseed::MODULE,
    old_role::machine_provision::MODULE,
    old_role::get_ip::MODULE,
];
