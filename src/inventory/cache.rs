//! A copy of the inventory for when the server cannot be reached.
//!
//! It is sealed with the token and with what was asked for, so that a copy of another server, of another user or by
//! another hand is none.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::client::Sha256;
use crate::support::io_error;

/// Where the copy is, and for how long it is good.
pub(super) struct Cache {
    pub(super) path: PathBuf,
    pub(super) lifetime: Duration,
    /// What only who may ask the same of the same server knows.
    pub(super) secret: String,
}

/// A copy that may be used.
pub(super) struct Copy {
    pub(super) inventory: Value,
    /// As a person says it.
    pub(super) age: String,
}

impl Cache {
    /// Puts a copy in the place of the last one, or says why that is not possible.
    pub(super) fn store(&self, inventory: &Value) -> Result<(), String> {
        let copy = self.copy(now(), inventory).to_string();
        replace(&self.path, copy.as_bytes()).map_err(|error| {
            format!(
                "the copy {} cannot be written: {}",
                self.path.display(),
                io_error::of(&error)
            )
        })
    }

    /// The last copy, or why there is none to use.
    pub(super) fn load(&self) -> Result<Copy, String> {
        let path = self.path.display();
        let text = require_file(&self.path)
            .and_then(|()| fs::read(&self.path))
            .map_err(|error| format!("there is no copy {path}: {}", io_error::of(&error)))?;
        let mut copy: Value = serde_json::from_slice(&text).unwrap_or_default();
        let made = copy["made"].as_str().and_then(|made| made.parse().ok());
        let Some(made) = made.map(Duration::from_millis) else {
            return Err(format!("the copy {path} is damaged"));
        };
        if copy != self.copy(made, &copy["inventory"]) {
            return Err(format!(
                "the copy {path} was not made with this token and these settings"
            ));
        }
        match now().checked_sub(made) {
            Some(age) if age < self.lifetime => Ok(Copy {
                inventory: copy["inventory"].take(),
                age: old(age),
            }),
            Some(_) => Err(format!("the copy {path} is older than its cache_lifetime")),
            None => Err(format!(
                "the copy {path} was made in the future, as this machine's clock has it"
            )),
        }
    }

    fn copy(&self, made: Duration, inventory: &Value) -> Value {
        let made = made.as_millis().to_string();
        json!({ "made": made, "seal": self.seal(&made, inventory), "inventory": inventory })
    }

    fn seal(&self, made: &str, inventory: &Value) -> String {
        let contents = Sha256::of(format!("{made} {inventory}").as_bytes());
        let secret = Sha256::of(self.secret.as_bytes());
        Sha256::of(format!("{secret} {contents}").as_bytes()).to_string()
    }
}

fn now() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}

/// Whoever reads the file meanwhile finds the old text or the new one; nobody but its owner reads it at all.
fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    match require_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut new = path.as_os_str().to_owned();
    // Processes of two containers that share the directory may have the same number.
    new.push(format!(".{}.{}.new", std::process::id(), now().as_nanos()));
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&new)?;
    let written = file.write_all(text).and_then(|()| fs::rename(&new, path));
    if written.is_err() {
        // It is this run's own; nothing of it is left behind.
        let _ = fs::remove_file(&new);
    }
    written
}

/// A pipe would never be read to its end, and a device must not give way to a file.
fn require_file(path: &Path) -> io::Result<()> {
    match fs::metadata(path)?.is_file() {
        true => Ok(()),
        false => Err(io::Error::other("it is not a file")),
    }
}

fn old(age: Duration) -> String {
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
    fn a_copy_from_the_future_is_no_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache {
            path: folder.path().join("copy"),
            lifetime: Duration::MAX,
            secret: "secret".into(),
        };
        for (made, complaint) in [
            (now(), None),
            (now() + Duration::from_secs(600), Some("in the future")),
        ] {
            let copy = cache.copy(made, &json!({}));
            fs::write(&cache.path, copy.to_string()).unwrap();
            let said = cache.load().err();
            assert_eq!(said.is_some(), complaint.is_some(), "{said:?}");
            assert!(said.unwrap_or_default().contains(complaint.unwrap_or("")));
        }
    }
}
