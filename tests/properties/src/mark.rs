//! The mark in the name of an uploaded image.

use mr_provisioner::client::{Sha256, mark_of};
use mr_provisioner::internals;
use mrp_lab::stored_name;

/// The longest name of a file.
const LONGEST: usize = 255;

/// The server keeps the mark of an upload, whatever the user and the file are called.
pub fn mark_survives_the_server(user: &str, file_name: &str, contents: &[u8]) {
    let sha256 = Sha256::hash(contents);
    let uploaded = internals::upload_name(file_name, &sha256);
    let stored = stored_name(user, &uploaded);
    assert_eq!(mark_of(&stored), Some(sha256.mark().as_str()), "{stored:?}");
    let file = stored.rsplit('/').next().unwrap_or_default();
    assert!(file.len() <= LONGEST, "{stored}");
    // Dots and lines in front are all that it drops.
    assert!(
        file.starts_with(uploaded.trim_start_matches(['_', '.'])),
        "{stored}"
    );
}

/// Any name has a mark or none, and a mark is a part of the name.
pub fn any_name_has_a_mark_or_none(name: &str) {
    if let Some(mark) = mark_of(name) {
        assert_eq!(mark.len(), "s256-".len() + 32, "{name:?}");
        assert!(name.contains(mark), "{name:?}");
    }
}
