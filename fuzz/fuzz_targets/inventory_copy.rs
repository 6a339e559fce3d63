//! The copy of the inventory.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mrp_properties::inventory;

fuzz_target!(|input: (&str, usize, u8, &[u8])| {
    let (secret, at, byte, copy) = input;
    inventory::bytes_are_no_copy(copy);
    if let Ok(value) = serde_json::from_slice(copy) {
        inventory::copy_is_read_only_as_it_was_written(&value, secret, at, byte);
    }
});
