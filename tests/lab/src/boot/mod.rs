//! The endpoints that the DHCP and TFTP bridges and the installers ask; nobody needs a token here.

pub(crate) mod dhcp;
mod jinja28;
pub(crate) mod preseed;
pub(crate) mod template;
pub(crate) mod tftp;
mod values;
mod wording;
