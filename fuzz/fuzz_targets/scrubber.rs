//! The removal of secrets.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mrp_properties::scrubber;

fuzz_target!(|input: (&str, Vec<u8>, &str, &str)| {
    let (secret, encoders, before, after) = input;
    scrubber::no_spelling_is_left(secret, &encoders, before, after);
});
