//! The identity of an image's bytes, and the mark that carries it in the image's name.
//!
//! The server offers no checksum, but keeps the name of an uploaded file as `USER/FILENAME.xxxxxxxx`. An image is
//! uploaded as `STEM.s256-<32 hex>`, so its name says which bytes it holds.

use std::fmt;

use sha2::Digest as _;

const PREFIX: &str = "s256-";
const HEX: usize = 32;

/// The size and the SHA-256 of some bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Digest {
    /// The SHA-256 of the bytes.
    pub sha256: Sha256,
    /// The number of bytes.
    pub size: u64,
}

/// A SHA-256 sum; `Display` is 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sha256(pub [u8; 32]);

impl Sha256 {
    /// The sum of these bytes.
    pub fn hash(bytes: &[u8]) -> Sha256 {
        Sha256(sha2::Sha256::digest(bytes).into())
    }

    /// The mark of an image with these bytes: `s256-` and the first 32 hexadecimal digits.
    pub fn mark(&self) -> String {
        let hex = self.to_string();
        format!("{PREFIX}{}", &hex[..HEX])
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Sha256({self})")
    }
}

/// The mark in an image's name on the server, `USER/STEM.s256-HEX.xxxxxxxx` or `USER/s256-HEX.xxxxxxxx`, if it has one.
pub fn mark_of(image_name: &str) -> Option<&str> {
    let (_user, file) = image_name.rsplit_once('/')?;
    let (file, suffix) = file.rsplit_once('.')?;
    let mark = file.rsplit_once('.').map_or(file, |(_stem, mark)| mark);
    let hex = mark.strip_prefix(PREFIX)?;
    let is_hex = |text: &str, len| {
        text.len() == len && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    };
    (is_hex(hex, HEX) && is_hex(suffix, 8)).then_some(mark)
}

/// Hashes and counts bytes that come in pieces.
#[derive(Clone, Default)]
pub(crate) struct Hasher {
    sum: sha2::Sha256,
    size: u64,
}

impl Hasher {
    /// Adds the next bytes.
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.sum.update(bytes);
        self.size += bytes.len() as u64;
    }

    /// How many bytes were added.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// The digest of everything added.
    pub(crate) fn finish(self) -> Digest {
        Digest {
            sha256: Sha256(self.sum.finalize().into()),
            size: self.size,
        }
    }
}
