//! The endpoints for the DHCP and TFTP bridges and for installers. They need no token.

pub(crate) mod dhcp;
mod jinja28;
pub(crate) mod preseed;
pub(crate) mod template;
pub(crate) mod tftp;
mod values;
mod wording;
