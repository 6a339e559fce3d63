//! The Ansible modules, one file each: table, options, run, conversion to a task. `options/` has the options that several
//! modules share; `run`, `result` and `batch_result` make the result.

mod batch_result;
pub(crate) mod failure;
pub(crate) mod options;
pub(crate) mod result;
pub(crate) mod returns;
pub(crate) mod run;

pub(crate) mod assignee;
pub(crate) mod console;
pub(crate) mod image;
pub(crate) mod image_info;
pub(crate) mod interface;
pub(crate) mod machine;
pub(crate) mod machine_info;
pub(crate) mod network_facts;
pub(crate) mod power;
pub(crate) mod preseed;
pub(crate) mod preseed_info;
pub(crate) mod reservation;

pub(crate) use assignee::MODULE as ASSIGNEE;
pub(crate) use console::MODULE as CONSOLE;
pub(crate) use image::MODULE as IMAGE;
pub(crate) use image_info::MODULE as IMAGE_INFO;
pub(crate) use interface::MODULE as INTERFACE;
pub(crate) use machine::MODULE as MACHINE;
pub(crate) use machine_info::MODULE as MACHINE_INFO;
pub(crate) use network_facts::MODULE as NETWORK_FACTS;
pub(crate) use power::MODULE as POWER;
pub(crate) use preseed::MODULE as PRESEED;
pub(crate) use preseed_info::MODULE as PRESEED_INFO;
pub(crate) use reservation::MODULE as RESERVATION;
