//! Lists that arrive in parts.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mrp_properties::answers;

fuzz_target!(|input: (Vec<u8>, &[u8])| {
    let (lengths, list) = input;
    answers::list_is_read_the_same_in_any_parts(list, &lengths);
});
