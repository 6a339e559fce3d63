//! Opening regular files only.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::Path;

/// Opens a regular file for reading, and no pipe, device or directory.
///
/// The type is checked before the file is opened, because opening a named pipe would block until its other end is
/// opened, and again afterwards, because the name may lead to another file by then.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    require_regular(&fs::metadata(path)?)?;
    let file = File::open(path)?;
    require_regular(&file.metadata()?)?;
    Ok(file)
}

fn require_regular(metadata: &Metadata) -> io::Result<()> {
    if metadata.is_file() {
        Ok(())
    } else {
        Err(io::Error::other("it is not a regular file"))
    }
}
