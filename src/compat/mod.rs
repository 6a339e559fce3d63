//! Compatibility with the predecessors: the modules of the old Ansible role, and the command lines of the old client.

#[cfg(feature = "cli")]
pub(crate) mod old_client;
pub(crate) mod old_role;
