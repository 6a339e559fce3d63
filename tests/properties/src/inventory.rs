//! The options of the inventory, and its copy for when the server cannot be reached.

use std::path::Path;

use mr_provisioner::internals;
use serde_json::Value;

use crate::CANARY;
use crate::arguments::require_sentence;

/// Any text is a set of options or a failure, and no failure repeats the token.
pub fn text_is_options_or_a_failure(text: &str) {
    let path = Path::new("/nowhere/mrp_inventory.cfg");
    for text in [text.to_owned(), format!("{text}\nmrp_token = {CANARY}\n")] {
        match internals::read_inventory_options(path, &text) {
            Ok(call) => assert!(call.options["mrp_url"].is_string()),
            Err(failure) => {
                require_sentence(&failure);
                assert!(!failure.text().contains(CANARY), "{}", failure.text());
            }
        }
    }
}

/// A copy is read with its own secret and with no other, and not after any of its bytes was changed.
pub fn copy_is_read_only_as_it_was_written(inventory: &Value, secret: &str, at: usize, byte: u8) {
    let copy = internals::seal_copy(secret, inventory);
    assert_eq!(
        internals::open_copy(secret, copy.as_bytes()).as_ref(),
        Ok(inventory)
    );
    assert!(internals::open_copy(&format!("{secret}x"), copy.as_bytes()).is_err());
    let mut changed = copy.into_bytes();
    let at = at % changed.len();
    changed[at] = byte;
    if let Ok(read) = internals::open_copy(secret, &changed) {
        assert_eq!(read, *inventory, "{}", String::from_utf8_lossy(&changed));
    }
}

/// Bytes that nobody sealed are no copy.
pub fn bytes_are_no_copy(copy: &[u8]) {
    let problem = internals::open_copy("secret", copy).err();
    assert!(problem.is_some_and(|problem| !problem.is_empty()));
}
