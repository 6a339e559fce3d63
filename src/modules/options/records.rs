//! Where records of what has to be put back are kept on the computer that a module runs on.

use std::env;
use std::path::PathBuf;

/// Below the directory for what a program has to remember.
const FOLDER: &str = "mrp/boot_once";

/// The directory, whether or not it exists, in the order of the XDG base directories; None where there is no home.
pub(crate) fn directory() -> Option<PathBuf> {
    let absolute = |name: &str| {
        let path = env::var_os(name).map(PathBuf::from);
        path.filter(|path| path.is_absolute())
    };
    let home = || absolute("HOME").map(|home| home.join(".local/state"));
    absolute("XDG_STATE_HOME")
        .or_else(home)
        .map(|directory| directory.join(FOLDER))
}
