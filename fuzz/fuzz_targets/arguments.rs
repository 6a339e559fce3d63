//! The arguments file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mrp_properties::arguments;

fuzz_target!(|input: (u8, &[u8])| {
    let (module, contents) = input;
    arguments::bytes_are_a_call_or_a_failure(module, contents);
    if let Ok(mode) = serde_json::from_slice(contents) {
        arguments::check_mode_is_never_lost(&mode);
    }
});
