//! Drives a Mr-Provisioner bare-metal provisioning server from Ansible.
//!
//! Three faces over one client library, in two programs: what Ansible copies for every task is small, and what only
//! people need is in the other. Arrows run one way:
//!
//! - [`client`] is the client library: it knows HTTP and the server, nothing of Ansible.
//! - [`task`] holds desired states against what the server has: a plan, then its application.
//!   It knows [`client`], nothing of Ansible.
//! - [`ansible`] is the protocol of binary modules: options in, one JSON result out. It knows no server.
//! - [`modules`] has one file for each Ansible module: its options, and the way from options to a task
//!   and from the task's outcome to a result.
//! - [`inventory`] is the lab as Ansible reads an inventory.
//! - [`cli`] is the command line.
//! - `compat` is what exists only for the predecessors; `support` knows none of the layers.

pub mod client;

// The programs of this package are crates of their own, so what they call is public; it is no interface for others.
#[doc(hidden)]
pub mod ansible;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
mod compat;
#[doc(hidden)]
pub mod inventory;
#[doc(hidden)]
pub mod modules;
#[doc(hidden)]
pub mod support;
#[doc(hidden)]
pub mod task;

use ansible::Module;

#[doc(hidden)]
/// All modules that `mrp-ansible` answers as: this project's own, and the old role's under their old names.
pub const MODULES: &[Module] = &[
    modules::ASSIGNEE,
    modules::CONSOLE,
    modules::IMAGE,
    modules::INTERFACE,
    modules::IMAGE_INFO,
    modules::MACHINE,
    modules::MACHINE_INFO,
    modules::NETWORK_FACTS,
    modules::POWER,
    modules::PRESEED,
    modules::RESERVATION,
    modules::PRESEED_INFO,
    compat::old_role::image::MODULE,
    compat::old_role::preseed::MODULE,
    compat::old_role::machine_provision::MODULE,
    compat::old_role::get_ip::MODULE,
];
