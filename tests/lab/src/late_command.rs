//! The late command of a Debian preseed, which the installer runs at its end.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// On a real machine `in-target` changes root into the installed system. Here it only runs the command.
const IN_TARGET: &str = "#!/bin/sh\nexec \"$@\"\n";

/// Returns the late command of a rendered preseed, with its continuation lines joined.
pub(crate) fn find(preseed: &str) -> Option<String> {
    join_lines(preseed)
        .lines()
        .find_map(|line| line.strip_prefix("d-i preseed/late_command string "))
        .map(str::to_owned)
}

/// Joins lines that end in a backslash, without the indentation of the next line.
fn join_lines(text: &str) -> String {
    let mut parts = text.split("\\\n");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.trim_start())
}

/// Runs a command with `sh`. `/proc/cmdline` is replaced by a file with the given command line.
pub(crate) fn run(command: &str, command_line: &str) -> Result<(), String> {
    let failed = |error: io::Error| format!("the late command could not be run: {error}.");
    let output = output(command, command_line).map_err(failed)?;
    if output.status.success() {
        return Ok(());
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    Err(format!(
        "the late command ended with {}: {}",
        output.status,
        complaint.trim_end()
    ))
}

fn output(command: &str, command_line: &str) -> io::Result<std::process::Output> {
    let folder = tempfile::tempdir()?;
    let told = folder.path().join("cmdline");
    fs::write(&told, format!("{command_line}\n"))?;
    let in_target = folder.path().join("in-target");
    fs::write(&in_target, IN_TARGET)?;
    fs::set_permissions(&in_target, fs::Permissions::from_mode(0o755))?;
    Command::new("sh")
        .arg("-c")
        .arg(command.replace("/proc/cmdline", &told.display().to_string()))
        .env_clear()
        .env("PATH", path_with(folder.path())?)
        .output()
}

fn path_with(folder: &Path) -> io::Result<std::ffi::OsString> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(folder.to_owned()).chain(std::env::split_paths(&path));
    std::env::join_paths(folders).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn late_command_is_found_and_its_lines_joined() {
        let preseed = "# one\nd-i a/b string c\nd-i preseed/late_command string \\\n    a b; \\\n\tc 'd \\\n  e'\nd-i f/g note";
        assert_eq!(find(preseed).as_deref(), Some("a b; c 'd e'"));
        assert_eq!(find("# d-i preseed/late_command string a"), None);
    }

    #[test]
    fn late_command_runs_like_in_the_installer() {
        run(
            "in-target test \"$(in-target cat /proc/cmdline)\" = 'a=1 b'",
            "a=1 b",
        )
        .unwrap();
        let problem = run("echo no >&2; exit 3", "").unwrap_err();
        assert_eq!(problem, "the late command ended with exit status: 3: no");
    }
}
