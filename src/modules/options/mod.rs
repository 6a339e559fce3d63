//! Options that several modules share, one group a file.

pub(crate) mod connection;
pub(crate) mod info;
pub(crate) mod labs;
pub(crate) mod machine;
pub(crate) mod ready_when;
pub(crate) mod records;
pub(crate) mod state;
pub(crate) mod wait;
