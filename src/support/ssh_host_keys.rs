//! Host keys of SSH servers, as OpenSSH's `ssh-keyscan` reads them.
//!
//! A host key is only told in the key exchange. Its cryptography is left to OpenSSH, which every controller has that
//! manages machines by SSH.

use std::io;
use std::net::Ipv4Addr;
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use sha2::{Digest, Sha256};

const PROGRAM: &str = "ssh-keyscan";

/// Seconds for each of its connections.
const PATIENCE: &str = "5";

/// How the encoding of every key begins: the length of its type's name.
const KEY_START: &str = "AAAA";

const FINGERPRINT_START: &str = "SHA256:";

/// A host key that is expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HostKey {
    /// In base64, as in `known_hosts`.
    Key(String),
    /// The SHA-256 of the key in base64 without padding, as `ssh-keygen -l` prints it.
    Fingerprint(String),
}

impl HostKey {
    /// Reads a fingerprint, a public key, or a line of `known_hosts`; None for anything else.
    pub(crate) fn parse(text: &str) -> Option<HostKey> {
        let mut words = text.split_whitespace();
        if let Some(print) = words
            .clone()
            .find_map(|word| word.strip_prefix(FINGERPRINT_START))
        {
            let print = print.trim_end_matches('=');
            let is_sha256 = STANDARD_NO_PAD
                .decode(print)
                .is_ok_and(|bytes| bytes.len() == 32);
            return is_sha256.then(|| HostKey::Fingerprint(print.to_owned()));
        }
        let key = words.find(|word| word.starts_with(KEY_START))?;
        STANDARD
            .decode(key)
            .is_ok()
            .then(|| HostKey::Key(key.to_owned()))
    }

    /// Whether one of these keys, in base64, is the expected one.
    pub(crate) fn is_among(&self, keys: &[String]) -> bool {
        keys.iter().any(|key| match self {
            HostKey::Key(expected) => expected == key,
            HostKey::Fingerprint(expected) => fingerprint(key).as_ref() == Some(expected),
        })
    }
}

fn fingerprint(key: &str) -> Option<String> {
    let bytes = STANDARD.decode(key).ok()?;
    Some(STANDARD_NO_PAD.encode(Sha256::digest(bytes)))
}

/// Whether the program is there.
pub(crate) fn can_scan() -> bool {
    let run = command().arg("-?").status();
    !run.is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

/// The host keys of a server in base64; none where it is no SSH server, or the program is not there.
pub(crate) fn scan(address: Ipv4Addr, port: u16) -> Vec<String> {
    let (address, port) = (address.to_string(), port.to_string());
    let output = command()
        .args(["-T", PATIENCE, "-p", &port, &address])
        .output();
    let Ok(output) = output else {
        return Vec::new();
    };
    let text = String::from_utf8_lossy(&output.stdout);
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let mut keys: Vec<String> = lines
        .filter_map(|line| {
            line.split_whitespace()
                .find(|word| word.starts_with(KEY_START))
        })
        .map(str::to_owned)
        .collect();
    keys.sort();
    keys
}

fn command() -> Command {
    let mut command = Command::new(PROGRAM);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";
    const PRINT: &str = "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU";

    #[test]
    fn fingerprint_and_every_line_with_a_key_name_the_same_key() {
        let keys = [KEY.to_owned()];
        for text in [
            KEY,
            &format!("ssh-ed25519 {KEY} root@qdc01"),
            &format!("[10.40.5.12]:2222 ssh-ed25519 {KEY}\n"),
            &format!(
                "|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg= ssh-ed25519 {KEY}"
            ),
            PRINT,
            &format!("256 {PRINT} root@qdc01 (ED25519)"),
        ] {
            let key = HostKey::parse(text).unwrap_or_else(|| panic!("{text}"));
            assert!(key.is_among(&keys), "{text}");
            assert!(!key.is_among(&[]), "{text}");
        }
    }

    #[test]
    fn other_texts_are_no_host_keys() {
        for text in [
            "",
            "MD5:1a:2b",
            "SHA256:",
            "SHA256:short",
            "AAAA!",
            "ssh-ed25519",
            "1a:2b:3c:4d:5e:6f:70:81:92:a3:b4:c5:d6:e7:f8:09",
        ] {
            assert_eq!(HostKey::parse(text), None, "{text}");
        }
    }
}
