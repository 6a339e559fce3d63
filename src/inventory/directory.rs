//! The directory of the inventory: Ansible may be given the directory, and then reads every file below it as a list of hosts.

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

use crate::ansible::Failure;

/// The ends of names that every release from 2.15 on passes over; `.ini` only until 2.18.
const IGNORED_ENDS: [&str; 12] = [
    ".pyc", ".pyo", ".swp", ".bak", "~", ".rpm", ".md", ".txt", ".rst", ".orig", ".cfg", ".retry",
];
/// The directories that are no source of hosts.
const IGNORED_NAMES: [&str; 3] = ["group_vars", "host_vars", "vars_plugins"];

/// Refuses a file below the directory of the inventory's link whose lines Ansible would take for hosts: a token would
/// become the name of one. `what` is the option that names the file.
pub(super) fn require_ignored(what: &str, file: &Path, link: &Path) -> Result<(), Failure> {
    let (Some(file_name), Some(below)) = (file.file_name(), below(file, link)) else {
        return Ok(());
    };
    let mut names = below.components().map(Component::as_os_str);
    if is_ignored(file_name) || names.any(is_ignored) {
        return Ok(());
    }
    Err(Failure {
        hint: Some("Begin its name with a dot, end it with .cfg, or keep it elsewhere.".into()),
        ..Failure::invalid_call(format!(
            "{what}: {} is in the inventory's directory, and Ansible takes what is in it for hosts when it is given the \
             directory",
            file.display()
        ))
    })
}

/// The directories between the link's directory and a file; None for a file that is elsewhere.
fn below(file: &Path, link: &Path) -> Option<PathBuf> {
    let directory = |path: &Path| match path.parent()? {
        here if here == Path::new("") => Path::new(".").canonicalize().ok(),
        directory => directory.canonicalize().ok(),
    };
    let below = directory(file)?;
    below
        .strip_prefix(directory(link)?)
        .ok()
        .map(Path::to_path_buf)
}

fn is_ignored(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with('.')
        || IGNORED_NAMES.contains(&&*name)
        || IGNORED_ENDS.iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_that_ansible_reads_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("lab/mrp_inventory");
        for directory in [
            "lab/sub",
            "lab/.hidden/deep",
            "lab/group_vars",
            "lab/old.bak",
            "other",
        ] {
            std::fs::create_dir_all(folder.path().join(directory)).unwrap();
        }
        for (path, is_refused) in [
            ("lab/token", true),
            ("lab/sub/token", true),
            ("lab/sub/../token", true),
            ("lab/token.ini", true),
            ("lab/token.cfg2", true),
            ("lab/.token", false),
            ("lab/token.cfg", false),
            ("lab/token~", false),
            ("lab/.hidden/deep/token", false),
            ("lab/group_vars/token", false),
            ("lab/old.bak/token", false),
            ("other/token", false),
            ("token", false),
            ("missing/token", false),
        ] {
            let checked = require_ignored("token_file", &folder.path().join(path), &link);
            assert_eq!(checked.is_err(), is_refused, "{path}");
        }
    }
}
