//! A client library, Ansible modules, a dynamic inventory and a command line for the Mr-Provisioner bare-metal provisioning
//! server.
//!
//! ```no_run
//! use mr_provisioner::client::{Client, Result, Scope};
//!
//! fn list_kernels() -> Result<()> {
//!     let client = Client::builder("https://lab.example/mrp/", "the token").connect()?;
//!     for image in client.images().list(Scope::Own)? {
//!         println!("{} {}", image.id, image.description.unwrap_or_default());
//!     }
//!     Ok(())
//! }
//! ```
//!
//! # Layers
//!
//! A layer depends only on layers above it in this list. There are two programs: `mrp-ansible`, which Ansible copies for
//! every task and which is small, and `mrp`, the command line.
//!
//! - [`client`] is the client library: it knows HTTP and the server, nothing of Ansible.
//! - `task` has idempotent tasks: a desired state is compared with the server's, which gives a plan, and the plan is
//!   applied. It knows [`client`], nothing of Ansible.
//! - `ansible` is the protocol of binary modules: options in, one JSON result out. It knows no server.
//! - `modules` has one file for each Ansible module: its options, and the conversions from options to a task and from the
//!   task's outcome to a result.
//! - `inventory` is the lab as Ansible reads an inventory.
//! - `cli` is the command line.
//! - `compat` is what exists only for the predecessors; `support` knows none of the layers.

pub mod client;

// The programs of this package are crates of their own, so what they call is public; it is no interface for others.
#[doc(hidden)]
pub mod ansible;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
mod compat;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod internals;
#[doc(hidden)]
pub mod inventory;
#[doc(hidden)]
pub mod modules;
#[doc(hidden)]
pub mod support;
mod task;

use ansible::Module;

#[doc(hidden)]
/// All modules of `mrp-ansible`: this project's own, and those of the old role under their old names.
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
