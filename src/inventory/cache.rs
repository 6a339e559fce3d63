//! A copy of the inventory for when the server cannot be reached.
//!
//! It is sealed with the token and with what was asked for, so that a copy of another server, of another user or by
//! another hand is none.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::api::Sha256;

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
        let made = now().as_millis().to_string();
        let copy =
            json!({ "made": made, "seal": self.seal(&made, inventory), "inventory": inventory });
        replace(&self.path, copy.to_string().as_bytes()).map_err(|error| {
            format!(
                "the copy {} cannot be written: {error}",
                self.path.display()
            )
        })
    }

    /// The last copy, or why there is none to use.
    pub(super) fn load(&self) -> Result<Copy, String> {
        let path = self.path.display();
        let text =
            fs::read(&self.path).map_err(|error| format!("there is no copy {path}: {error}"))?;
        let foreign = || format!("the copy {path} was not made with this token and these settings");
        let copy: Value = serde_json::from_slice(&text).map_err(|_| foreign())?;
        let made = copy["made"].as_str().unwrap_or_default();
        if copy["seal"] != self.seal(made, &copy["inventory"]) {
            return Err(foreign());
        }
        let made = Duration::from_millis(made.parse().map_err(|_| foreign())?);
        // A copy from the future tells nothing of its age.
        match now().checked_sub(made) {
            Some(age) if age < self.lifetime => Ok(Copy {
                inventory: copy["inventory"].clone(),
                age: old(age),
            }),
            _ => Err(format!("the copy {path} is older than its cache_lifetime")),
        }
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
    let mut new = path.as_os_str().to_owned();
    new.push(format!(".{}.new", std::process::id()));
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&new)
        .and_then(|mut file| file.write_all(text))
        .and_then(|()| fs::rename(&new, path));
    if written.is_err() {
        // It may not be there; then nothing is left behind.
        let _ = fs::remove_file(&new);
    }
    written
}

fn old(age: Duration) -> String {
    match age.as_secs() {
        seconds @ 0..120 => format!("{seconds} seconds old"),
        seconds @ 120..7200 => format!("{} minutes old", seconds / 60),
        seconds => format!("{} hours old", seconds / 3600),
    }
}
