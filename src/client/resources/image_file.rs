//! A local file to upload: opened once, and hashed at once.
//!
//! The file stays open, so what is sent is the file that was hashed, even when another takes its name meanwhile.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::client::digest::{Digest, Hasher, Sha256};
use crate::client::file_stamp::FileStamp;
use crate::client::http::upload_body::Upload;
use crate::client::{Error, NewImage, Result};
use crate::support::{regular_file, vault};

/// The longest stem of a name; with the mark, the server's own suffix and the user it stays far below 255 bytes, where
/// the server fails and leaves an image without a file.
const LONGEST_STEM: usize = 128;

/// How many of the first bytes are kept.
const HEAD: usize = 1024;

/// An open file and what it holds.
#[derive(Debug)]
pub struct ImageFile {
    path: PathBuf,
    file: Arc<File>,
    digest: Digest,
    head: Vec<u8>,
    /// Taken before it was hashed, where it will show every later change.
    stamp: Option<FileStamp>,
}

impl ImageFile {
    /// Opens a regular file and hashes it, in constant memory.
    ///
    /// # Errors
    ///
    /// [`File`](crate::client::ErrorKind::File) when it is not a regular file, is encrypted with Ansible Vault or cannot be
    /// read,
    /// [`FileChanged`](crate::client::ErrorKind::FileChanged) when its size or time changes meanwhile.
    pub fn open(path: &Path) -> Result<ImageFile> {
        let failed = |source| Error::file(path, source);
        let file = regular_file::open(path).map_err(failed)?;
        let before = FileStamp::of(&file).map_err(failed)?;
        let shows_changes = before.shows_changes();
        let mut head = Vec::new();
        let digest = hash(&file, &mut head).map_err(failed)?;
        let stamp = FileStamp::of(&file).map_err(failed)?;
        if !stamp.has_same_contents(&before) || digest.size != stamp.size {
            return Err(Error::file_changed(path));
        }
        Ok(ImageFile {
            path: path.to_owned(),
            file: Arc::new(file),
            digest,
            head,
            // A file that got another name meanwhile has changed for the system.
            stamp: (shows_changes && stamp == before).then_some(stamp),
        })
    }

    /// The size and hash of what the file held when it was opened.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Its first bytes, at most a kilobyte.
    pub(crate) fn head(&self) -> &[u8] {
        &self.head
    }

    /// The path it was opened at.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The name under which it is uploaded: `STEM.s256-HEX`, where the stem is what the server keeps of the file's name.
    pub fn upload_name(&self) -> String {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        marked_name(&name, &self.digest.sha256)
    }

    pub(crate) fn upload(&self, new: &NewImage) -> Upload {
        Upload {
            // A struct of strings and booleans always serializes.
            fields: serde_json::to_string(new).unwrap_or_default(),
            name: self.upload_name(),
            path: self.path.clone(),
            file: Arc::clone(&self.file),
            digest: self.digest.clone(),
            stamp: self.stamp.clone(),
        }
    }
}

/// The name under which a file of this name with this sum is uploaded.
pub(crate) fn marked_name(name: &str, sha256: &Sha256) -> String {
    format!("{}.{}", stem(name), sha256.mark())
}

fn stem(name: &str) -> String {
    let kept = name
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
    let stem: String = kept.skip_while(|&c| c == '.').take(LONGEST_STEM).collect();
    if stem.is_empty() {
        "image".to_owned()
    } else {
        stem
    }
}

/// Hashes a file from its beginning, and keeps its first bytes.
pub(crate) fn hash(mut file: &File, head: &mut Vec<u8>) -> io::Result<Digest> {
    file.rewind()?;
    file.take(HEAD as u64).read_to_end(head)?;
    vault::require_plain(head)?;
    let mut hasher = Hasher::default();
    hasher.update(head);
    let mut buffer = vec![0; 128 * 1024];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(hasher.finish()),
            Ok(count) => hasher.update(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upload_name_has_only_characters_that_the_server_keeps() {
        for (name, expected) in [
            ("vmlinuz-6.1.0", "vmlinuz-6.1.0"),
            ("my kernel.img", "mykernel.img"),
            ("...hidden", "hidden"),
            ("é.x", "x"),
            ("日本", "image"),
            ("", "image"),
            ("..", "image"),
            ("a/b\"c\r\n", "abc"),
        ] {
            assert_eq!(stem(name), expected, "{name}");
        }
        assert_eq!(stem(&"k".repeat(300)).len(), 128);
    }
}
