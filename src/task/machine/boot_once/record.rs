//! The record of what a machine booted before a boot once: a file on the computer that the task runs on.
//!
//! The server has no place for it. The file is there before anything is changed, and until all of it is put back.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::client::{BaseUrl, ImageId, Machine, MachineId, MachineState, PreseedId, Sha256};
use crate::support::{io_error, regular_file, utc};
use crate::task::machine::{machine_title, netboot_of};
use crate::task::{Result, TaskError};

/// The most bytes that are read of a record; kernel options have up to 1024 characters.
const SIZE_LIMIT: u64 = 1024 * 1024;

/// Digits of the server's hash in the name of a file.
const HASH_DIGITS: usize = 16;

pub(super) const UNWRITTEN_HINT: &str = "Nothing was changed. What has to be put back is kept in a file below XDG_STATE_HOME, or else in .local/state of the home \
     directory: name a directory there that can be written to and lasts.";

const UNREADABLE_HINT: &str = "The file has what a run with O(boot_once) has to put back. See what the machine boots, and delete the file when that is \
     right.";

const RUNNING_HINT: &str = "Wait for that run, or end it: the next one puts back what it changed.";

/// What a machine boots, as far as a boot once may change it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct BootSettings {
    pub(super) subarch: Option<String>,
    pub(super) kernel_id: Option<ImageId>,
    pub(super) kernel_opts: String,
    pub(super) initrd_id: Option<ImageId>,
    pub(super) preseed_id: Option<PreseedId>,
    pub(super) netboot_enabled: bool,
}

impl BootSettings {
    pub(super) fn of(machine: &Machine) -> BootSettings {
        BootSettings {
            subarch: machine.subarch.clone(),
            kernel_id: machine.kernel_id,
            kernel_opts: machine.kernel_opts.clone().unwrap_or_default(),
            initrd_id: machine.initrd_id,
            preseed_id: machine.preseed_id,
            netboot_enabled: netboot_of(machine),
        }
    }
}

/// What has to be put back, and what it replaces if nobody else has changed it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Record {
    /// For people who look at the file.
    server: String,
    machine: String,
    pub(super) made: String,
    process: ProcessId,
    pub(super) before: BootSettings,
    /// The word of the state.
    pub(super) state_before: String,
    pub(super) once: BootSettings,
}

impl Record {
    pub(super) fn new(
        server: &BaseUrl,
        machine: &Machine,
        state: &MachineState,
        once: &Machine,
    ) -> Record {
        Record {
            server: server.to_string(),
            machine: machine.name.clone(),
            made: utc::text(SystemTime::now()),
            process: ProcessId::own(),
            before: BootSettings::of(machine),
            state_before: state.to_string(),
            once: BootSettings {
                netboot_enabled: true,
                ..BootSettings::of(once)
            },
        }
    }
}

/// Where the record of one machine of one server is.
#[derive(Clone, Debug)]
pub(super) struct RecordFile {
    path: PathBuf,
    machine: String,
}

impl RecordFile {
    /// The name has no part of the server's address: that may hold any character.
    pub(super) fn new(directory: &Path, server: &BaseUrl, machine: &Machine) -> RecordFile {
        let hash = Sha256::hash(server.to_string().as_bytes()).to_string();
        let MachineId(id) = machine.id;
        RecordFile {
            path: directory.join(format!("{}-{id}.json", &hash[..HASH_DIGITS])),
            machine: machine_title(machine),
        }
    }

    /// `file '/home/alice/.local/state/mrp/boot_once/0123456789abcdef-2.json'`
    pub(super) fn title(&self) -> String {
        format!("file '{}'", self.path.display())
    }

    /// The record of a run that did not end; None where there is none.
    pub(super) fn unfinished(&self) -> Result<Option<Record>> {
        // A directory that cannot be entered has no record of this user.
        if fs::metadata(&self.path).is_err() {
            return Ok(None);
        }
        let bytes = regular_file::read(&self.path, SIZE_LIMIT);
        let bytes = bytes.map_err(|error| self.unreadable(&io_error::text(&error)))?;
        let record: Record =
            serde_json::from_slice(&bytes).map_err(|_| self.unreadable("it is damaged"))?;
        match record.process.is_running() {
            false => Ok(Some(record)),
            true => Err(TaskError::Failed {
                object: Some(self.machine.clone()),
                problem: format!(
                    "is booted once by another run on this computer, process {}, which is not over",
                    record.process.id
                ),
                hint: Some(RUNNING_HINT),
            }),
        }
    }

    fn unreadable(&self, problem: &str) -> TaskError {
        TaskError::Failed {
            object: Some(self.machine.clone()),
            problem: format!("has a {} that cannot be read: {problem}", self.title()),
            hint: Some(UNREADABLE_HINT),
        }
    }

    /// Writes the record to a new file, which only its owner can read: kernel options may hold passwords.
    pub(super) fn create(&self, record: &Record) -> Result<()> {
        let write = || -> io::Result<()> {
            if let Some(directory) = self.path.parent() {
                DirBuilder::new()
                    .recursive(true)
                    .mode(0o700)
                    .create(directory)?;
            }
            let mut file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&self.path)?;
            let text = serde_json::to_vec_pretty(record)?;
            let written = file.write_all(&text).and_then(|()| file.sync_all());
            if written.is_err() {
                let _ = fs::remove_file(&self.path);
            }
            written
        };
        write().map_err(|error| match error.kind() {
            // There was none when the plan was made.
            ErrorKind::AlreadyExists => TaskError::Failed {
                object: Some(self.machine.clone()),
                problem: "was not rebooted, since another run has begun to boot it once meanwhile"
                    .into(),
                hint: Some(RUNNING_HINT),
            },
            _ => self.unwritten(&error),
        })
    }

    fn unwritten(&self, error: &io::Error) -> TaskError {
        TaskError::Failed {
            object: Some(self.machine.clone()),
            problem: format!(
                "was not rebooted, since what it boots now cannot be kept in {}: {}",
                self.title(),
                io_error::text(error)
            ),
            hint: Some(UNWRITTEN_HINT),
        }
    }

    pub(super) fn delete(&self) -> io::Result<()> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// A process of this computer. Its number alone is used again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct ProcessId {
    id: u32,
    /// In ticks since the computer was started.
    started: String,
    /// The run of the computer itself.
    boot: String,
}

impl ProcessId {
    fn own() -> ProcessId {
        ProcessId::with(std::process::id())
    }

    /// The process that has this number now.
    fn with(id: u32) -> ProcessId {
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        ProcessId {
            id,
            started: start_of(id).unwrap_or_default(),
            boot: boot.trim().to_owned(),
        }
    }

    fn is_running(&self) -> bool {
        !self.started.is_empty() && *self == ProcessId::with(self.id)
    }
}

/// When a process was started; None for one that is not there, or has ended and is only not asked for its status yet.
fn start_of(id: u32) -> Option<String> {
    let stat = File::open(format!("/proc/{id}/stat")).and_then(io::read_to_string);
    let stat = stat.ok()?;
    // The name in parentheses may hold blanks and parentheses itself.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    // The 22nd of all fields is the 20th after the name.
    let started = fields.nth(18)?;
    (!matches!(state, "Z" | "X")).then(|| started.to_owned())
}
