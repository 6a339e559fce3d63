//! The endpoints for the DHCP and TFTP bridges and for installers. They need no token.

pub(crate) mod dhcp;
mod error_message;
mod jinja28;
pub(crate) mod preseed;
pub(crate) mod template;
mod template_values;
pub(crate) mod tftp;
