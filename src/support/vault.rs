//! Files that Ansible Vault encrypted: the programs that read them would get the ciphertext.

use std::fmt;
use std::io;

const HEADER: &[u8] = b"$ANSIBLE_VAULT;";

/// Whether these bytes are, or begin, what `ansible-vault` wrote.
pub(crate) fn is_encrypted(bytes: &[u8]) -> bool {
    bytes.starts_with(HEADER)
}

/// Refuses such bytes.
pub(crate) fn require_plain(bytes: &[u8]) -> io::Result<()> {
    match is_encrypted(bytes) {
        true => Err(io::Error::other(VaultEncrypted)),
        false => Ok(()),
    }
}

/// Whether reading a file failed for this reason.
pub(crate) fn is_refusal(error: &io::Error) -> bool {
    error
        .get_ref()
        .is_some_and(|inner| inner.is::<VaultEncrypted>())
}

#[derive(Debug)]
struct VaultEncrypted;

impl fmt::Display for VaultEncrypted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("it is encrypted with Ansible Vault")
    }
}

impl std::error::Error for VaultEncrypted {}
