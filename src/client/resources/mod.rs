//! The server's resources: one file each, with the same verbs (`list`, `get`, `find`, `create`, `update`, `delete`).

pub(crate) mod assignee;
pub(crate) mod console;
pub(crate) mod handle;
pub(crate) mod image;
pub(crate) mod image_file;
pub(crate) mod image_upload;
pub(crate) mod interface;
pub(crate) mod machine;
pub(crate) mod power;
pub(crate) mod preseed;
pub(crate) mod rendered_preseed;
pub(crate) mod reservation;
pub(crate) mod scope;
pub(crate) mod state;
pub(crate) mod wire_types;
