//! Drives a Mr-Provisioner bare-metal provisioning server from Ansible.
//!
//! Three faces over one client library, in two programs: what Ansible copies for every task is small, and what only
//! people need is in the other. Arrows run one way:
//!
//! - [`api`] is the client library: it knows HTTP and the server, nothing of Ansible.
//! - [`task`] holds desired states against what the server has: a plan, then its application.
//!   It knows [`api`], nothing of Ansible.
//! - [`ansible`] is the protocol of binary modules: options in, one JSON result out. It knows no server.
//! - [`modules`] has one file for each Ansible module: its options, and the way from options to a task
//!   and from the task's outcome to a result.
//! - [`inventory`] is the lab as Ansible reads an inventory.
//! - [`cli`] is the command line.
//!
//! Three files stand between the layers: `connection` has the options by which all faces reach the server, `options_file` the
//! files that options come from, and `failure` what a user reads of a task's error. The others (`glob`, `near`, `order`,
//! `reason`, `streams`, `watch`) know none of the layers, and any may use them.

pub mod ansible;
pub mod api;
pub mod cli;
mod connection;
mod failure;
pub mod glob;
pub mod inventory;
pub mod modules;
mod near;
mod options_file;
mod order;
mod reason;
pub mod streams;
pub mod task;
mod watch;
