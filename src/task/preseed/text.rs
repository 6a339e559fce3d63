//! The text of a preseed: where it comes from, which one is refused, and which one is worth a warning.

use std::path::{Path, PathBuf};

use crate::support::{io_error, regular_file, vault};
use crate::task::preseed::warnings::{template_warnings, text_warnings};
use crate::task::{Result, TaskError, template, verify};

/// The longest text the server stores, in characters.
const CONTENT_LIMIT: usize = 2_097_152;

/// The most bytes that so many characters can have.
pub(crate) const FILE_LIMIT: u64 = 4 * CONTENT_LIMIT as u64;

const VAULT_HINT: &str = "Ansible decrypts it for mrp_preseed with content: \"{{ lookup('ansible.builtin.file', 'FILE', \
    rstrip=false) }}\"; elsewhere, ansible-vault decrypt does.";

/// The source of a preseed's content.
#[derive(Clone, Debug)]
pub(crate) enum PreseedContent {
    Text(String),
    /// A file, which must be UTF-8.
    File(PathBuf),
}

impl PreseedContent {
    pub(crate) fn read(&self) -> Result<String> {
        let text = match self {
            PreseedContent::Text(text) => text.clone(),
            PreseedContent::File(path) => read_file(path)?,
        };
        let origin = self.origin();
        if vault::is_encrypted(text.as_bytes()) {
            return Err(encrypted(&format!(
                "{origin} is encrypted with Ansible Vault"
            )));
        }
        if text.contains('\0') {
            return Err(TaskError::Refused(format!(
                "{origin} has a NUL character, which the server cannot store"
            )));
        }
        verify::require_length(&origin, Some(&text), CONTENT_LIMIT)?;
        Ok(text)
    }

    /// What is odd about the text.
    pub(crate) fn warnings(&self, text: &str) -> Vec<String> {
        let origin = self.origin();
        let mut found = template_warnings(&origin, &template::check(text));
        found.extend(text_warnings(&origin, text));
        found
    }

    /// The warning for a text that replaces another, or is the first, and says nothing.
    pub(super) fn warning_when_empty(&self, title: &str, text: &str) -> Option<String> {
        let is_empty = text
            .trim_matches(['\u{feff}', ' ', '\t', '\r', '\n'])
            .is_empty();
        is_empty.then(|| format!("{} is empty, so {title} has no text", self.origin()))
    }

    fn origin(&self) -> String {
        match self {
            PreseedContent::Text(_) => "O(content)".to_owned(),
            PreseedContent::File(path) => path.display().to_string(),
        }
    }
}

fn read_file(path: &Path) -> Result<String> {
    let file_error = |problem: String| format!("{}: {problem}", path.display());
    let bytes = regular_file::read_with_pipes(path, FILE_LIMIT).map_err(|error| {
        let message = file_error(io_error::text(&error));
        match vault::is_refusal(&error) {
            true => encrypted(&message),
            false => TaskError::Refused(message),
        }
    })?;
    String::from_utf8(bytes).map_err(|_| TaskError::Refused(file_error("is not UTF-8 text".into())))
}

fn encrypted(problem: &str) -> TaskError {
    TaskError::with_hint(problem, VAULT_HINT)
}
