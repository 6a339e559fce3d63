//! When a file was last changed, and whether that tells of every change.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, SystemTime};

/// The file systems of which is known that they keep the time of every change, also of one through mapped memory. Over a
/// network or in memory not every change shows.
const RELIABLE: [&str; 4] = ["ext2", "ext3", "ext4", "xfs"];

/// How long a file must have been left alone. A change within the same tick of the clock has the same time, and memory that
/// was mapped before changes the file unseen until the system has written it to the disk, which takes half a minute.
const LONG_AGO: Duration = Duration::from_secs(60);

/// The size and times of an open file. It is the same file as long as it is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileStamp {
    pub(crate) size: u64,
    /// When its contents were changed; a program can set it.
    modified: (i64, i64),
    /// When it was changed, renamed or made another user's; nothing can set it.
    changed: (i64, i64),
    device: u64,
}

impl FileStamp {
    pub(crate) fn of(file: &File) -> io::Result<FileStamp> {
        let metadata = file.metadata()?;
        Ok(FileStamp {
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
            device: metadata.dev(),
        })
    }

    /// Whether a change from now on will show in another stamp of the file.
    pub(crate) fn shows_changes(&self) -> bool {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let changed = Duration::from_secs(self.changed.0.try_into().unwrap_or(u64::MAX));
        let is_old = now.is_ok_and(|now| now.saturating_sub(changed) > LONG_AGO);
        let mounts = || fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        is_old && is_reliable(self.device, &mounts())
    }

    /// Whether no byte was changed since, as far as times and size tell. The file may have another name by now.
    pub(crate) fn has_same_contents(&self, earlier: &FileStamp) -> bool {
        self.size == earlier.size && self.modified == earlier.modified
    }
}

/// Whether a device has a file system that is known to be reliable. One that is not in the list, as a subvolume, is not.
fn is_reliable(device: u64, mounts: &str) -> bool {
    let major = device >> 8 & 0xfff | device >> 32 & !0xfff;
    let minor = device & 0xff | device >> 12 & !0xff;
    let number = format!("{major}:{minor}");
    mounts.lines().any(|mount| {
        let kind = mount.split_once(" - ").map_or("", |(_, source)| source);
        let kind = kind.split(' ').next().unwrap_or_default();
        mount.split(' ').nth(2) == Some(&number) && RELIABLE.contains(&kind)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
23 22 0:21 / /proc rw,nosuid - proc proc rw
30 22 0:45 / /home rw,relatime shared:2 - nfs4 server:/home rw
31 22 259:1048577 / /data rw - xfs /dev/nvme9n1 rw
";

    #[test]
    fn only_local_disks_are_reliable() {
        let device = |major: u64, minor: u64| (major << 8) | (minor & 0xff) | (minor & !0xff) << 12;
        assert!(is_reliable(device(254, 0), MOUNTS));
        assert!(is_reliable(device(259, 1_048_577), MOUNTS));
        assert!(!is_reliable(device(0, 45), MOUNTS));
        assert!(!is_reliable(device(0, 99), MOUNTS));
        assert!(!is_reliable(device(254, 0), ""));
    }

    #[test]
    fn fresh_file_does_not_show_changes() {
        let file = tempfile::tempfile().unwrap();
        assert!(!FileStamp::of(&file).unwrap().shows_changes());
    }
}
