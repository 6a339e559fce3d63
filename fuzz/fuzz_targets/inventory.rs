//! The options of the inventory.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mrp_properties::inventory;

fuzz_target!(|text: &str| {
    inventory::text_is_options_or_a_failure(text);
});
