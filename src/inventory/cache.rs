//! A copy of the inventory in a file, for when the server cannot be reached.
//!
//! A seal over the token and the options makes a copy of another server or user, or one that somebody else wrote, invalid.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::client::Sha256;
use crate::support::{io_error, regular_file};

/// The most bytes that are read of a copy: ten thousand machines have less.
const SIZE_LIMIT: u64 = 64 * 1024 * 1024;

pub(crate) struct InventoryCache {
    pub(crate) path: PathBuf,
    /// How long a copy is valid.
    pub(crate) lifetime: Duration,
    /// The key of the seal.
    pub(crate) secret: String,
}

impl InventoryCache {
    /// Replaces the copy; a sentence where that fails.
    pub(super) fn store(&self, inventory: &Value) -> Result<(), String> {
        replace_file(&self.path, self.copy(inventory).as_bytes()).map_err(|error| {
            let (path, error) = (self.path.display(), io_error::text(&error));
            format!("the copy {path} cannot be written: {error}")
        })
    }

    /// A copy that is made now.
    pub(crate) fn copy(&self, inventory: &Value) -> String {
        self.sealed_copy(now(), inventory).to_string()
    }

    /// The copy and its age, as in `5 minutes old`; a sentence where there is no valid one.
    pub(super) fn load(&self) -> Result<(Value, String), String> {
        let path = self.path.display();
        let copy = require_file(&self.path)
            .and_then(|()| regular_file::read(&self.path, SIZE_LIMIT))
            .map_err(|error| format!("there is no copy {path}: {}", io_error::text(&error)))?;
        self.open(&copy)
    }

    /// What a copy holds, and its age.
    pub(crate) fn open(&self, copy: &[u8]) -> Result<(Value, String), String> {
        let path = self.path.display();
        let mut copy: Value = serde_json::from_slice(copy).unwrap_or_default();
        let made = copy["made"].as_str().and_then(|made| made.parse().ok());
        let Some(made) = made.map(Duration::from_millis) else {
            return Err(format!("the copy {path} is damaged"));
        };
        if copy != self.sealed_copy(made, &copy["inventory"]) {
            return Err(format!(
                "the copy {path} was not made with this token and these settings"
            ));
        }
        match now().checked_sub(made) {
            Some(age) if age < self.lifetime => Ok((copy["inventory"].take(), age_text(age))),
            Some(_) => Err(format!("the copy {path} is older than its cache_lifetime")),
            None => Err(format!(
                "the copy {path} was made in the future, as this machine's clock has it"
            )),
        }
    }

    fn sealed_copy(&self, made: Duration, inventory: &Value) -> Value {
        let made = made.as_millis().to_string();
        json!({ "made": made, "seal": self.seal(&made, inventory), "inventory": inventory })
    }

    fn seal(&self, made: &str, inventory: &Value) -> String {
        let contents = Sha256::hash(format!("{made} {inventory}").as_bytes());
        let secret = Sha256::hash(self.secret.as_bytes());
        Sha256::hash(format!("{secret} {contents}").as_bytes()).to_string()
    }
}

fn now() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}

/// Replaces a file in one step, so that a concurrent reader finds the old text or the new one. Only its owner can read it.
fn replace_file(path: &Path, text: &[u8]) -> io::Result<()> {
    match require_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    // Hidden: Ansible passes over such a file where the directory is an inventory.
    let mut new = OsString::from(".");
    new.push(path.file_name().unwrap_or_default());
    // With the time: processes of two containers that share the directory may have the same id.
    new.push(format!(".{}.{}.new", std::process::id(), now().as_nanos()));
    let new = path.with_file_name(new);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&new)?;
    let written = file.write_all(text).and_then(|()| fs::rename(&new, path));
    if written.is_err() {
        let _ = fs::remove_file(&new);
    }
    written
}

/// Fails for what exists and is no regular file: a pipe may never end, and a device must not be replaced.
fn require_file(path: &Path) -> io::Result<()> {
    match fs::metadata(path)?.is_file() {
        true => Ok(()),
        false => Err(io::Error::other("it is not a file")),
    }
}

fn age_text(age: Duration) -> String {
    match age.as_secs() {
        seconds @ 0..120 => format!("{seconds} seconds old"),
        seconds @ 120..7200 => format!("{} minutes old", seconds / 60),
        seconds => format!("{} hours old", seconds / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copy_from_the_future_is_invalid() {
        let folder = tempfile::tempdir().unwrap();
        let cache = InventoryCache {
            path: folder.path().join("copy"),
            lifetime: Duration::MAX,
            secret: "secret".into(),
        };
        for (made, expected) in [
            (now(), None),
            (now() + Duration::from_secs(600), Some("in the future")),
        ] {
            let copy = cache.sealed_copy(made, &json!({}));
            fs::write(&cache.path, copy.to_string()).unwrap();
            let problem = cache.load().err();
            assert_eq!(problem.is_some(), expected.is_some(), "{problem:?}");
            assert!(problem.unwrap_or_default().contains(expected.unwrap_or("")));
        }
    }
}
