//! Reads the arguments file that Ansible writes: one JSON object with the module's options and Ansible's own keys.
//!
//! Ansible's own keys start with `_ansible_`. Releases of ansible-core add some, so unknown ones are ignored.

use std::path::Path;

use serde_json::{Map, Value};

use crate::ansible::options::{coerce, not_utf8};
use crate::ansible::result::Failure;
use crate::support::{io_error, regular_file};

/// The most bytes that are read: a task may have many preseeds of two million characters.
const SIZE_LIMIT: u64 = 256 * 1024 * 1024;

/// The contents of the arguments file.
#[derive(Debug, Default)]
pub(crate) struct Args {
    /// The options as they were written.
    pub(crate) options: Map<String, Value>,
    pub(crate) internal: Internal,
}

/// Ansible's own keys, as far as a module needs them.
#[derive(Debug, Default)]
pub(crate) struct Internal {
    pub(crate) check_mode: bool,
    pub(crate) diff_mode: bool,
    pub(crate) verbosity: u64,
    /// The module's name as the task wrote it, possibly with a collection in front.
    pub(crate) module_name: Option<String>,
    pub(crate) ignore_unknown_options: bool,
    pub(crate) wants_invocation: bool,
}

/// Reads the file. No message quotes its contents: they hold the token.
pub(crate) fn read(file: &Path) -> Result<Args, Failure> {
    if file.as_os_str().is_empty() {
        return Err(Failure::new(
            "Ansible gave no arguments file: its path is expected as the first argument.",
        ));
    }
    let contents = regular_file::read_with_pipes(file, SIZE_LIMIT).map_err(|error| {
        Failure::new(format!(
            "Cannot read the arguments file {}: {}.",
            file.display(),
            io_error::text(&error)
        ))
    })?;
    parse(&contents)
}

pub(crate) fn parse(contents: &[u8]) -> Result<Args, Failure> {
    let contents = quote_non_finite(contents);
    let value = serde_json::from_slice(&contents).map_err(|error| {
        not_utf8::failure(&contents).unwrap_or_else(|| {
            Failure::new(format!(
                "The arguments file that Ansible gave is not valid JSON: {error}."
            ))
        })
    })?;
    let Value::Object(all) = value else {
        return Err(Failure::new(
            "The arguments file that Ansible gave does not hold a JSON object.",
        ));
    };
    let (internal, options) = all
        .into_iter()
        .partition(|(key, _)| key.starts_with("_ansible_"));
    Ok(Args {
        options,
        internal: Internal::from_keys(&internal)?,
    })
}

impl Internal {
    fn from_keys(keys: &Map<String, Value>) -> Result<Internal, Failure> {
        Ok(Internal {
            check_mode: flag(keys, "_ansible_check_mode")?,
            diff_mode: flag(keys, "_ansible_diff")?,
            verbosity: keys
                .get("_ansible_verbosity")
                .and_then(Value::as_u64)
                .unwrap_or(0),
            module_name: keys
                .get("_ansible_module_name")
                .and_then(Value::as_str)
                .map(str::to_owned),
            ignore_unknown_options: flag(keys, "_ansible_ignore_unknown_opts")?,
            wants_invocation: !invocation_is_on_demand(keys)
                || flag(keys, "_ansible_inject_invocation")?,
        })
    }
}

/// A flag. An invalid value is an error: a run in check mode must not change anything.
fn flag(keys: &Map<String, Value>, key: &str) -> Result<bool, Failure> {
    match keys.get(key) {
        None | Some(Value::Null) => Ok(false),
        Some(value) => {
            coerce::boolean(value).map_err(|error| Failure::new(format!("{key}: {error}")))
        }
    }
}

/// Since 2.21 AnsibleModule prints its invocation only when it is asked to.
fn invocation_is_on_demand(keys: &Map<String, Value>) -> bool {
    let version = keys
        .get("_ansible_version")
        .and_then(Value::as_str)
        .unwrap_or("");
    let mut parts = version
        .split('.')
        .map_while(|part| part.parse::<u32>().ok());
    (parts.next(), parts.next()) >= (Some(2), Some(21))
}

/// Puts NaN and infinities, which Python writes without quotes and which are not JSON, in quotes and in Python's notation.
fn quote_non_finite(contents: &[u8]) -> Vec<u8> {
    const WORDS: [(&[u8], &[u8]); 3] = [
        (b"NaN", b"\"nan\""),
        (b"-Infinity", b"\"-inf\""),
        (b"Infinity", b"\"inf\""),
    ];
    let mut quoted = Vec::with_capacity(contents.len());
    let mut in_string = false;
    let mut rest = contents;
    while let Some(&byte) = rest.first() {
        let word = WORDS.iter().find(|(word, _)| rest.starts_with(word));
        if let Some((word, replacement)) = word.filter(|_| !in_string) {
            quoted.extend_from_slice(replacement);
            rest = &rest[word.len()..];
            continue;
        }
        let is_escape = in_string && byte == b'\\';
        let length = if is_escape { rest.len().min(2) } else { 1 };
        in_string ^= byte == b'"';
        quoted.extend_from_slice(&rest[..length]);
        rest = &rest[length..];
    }
    quoted
}
