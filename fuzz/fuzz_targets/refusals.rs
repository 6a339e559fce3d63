//! Refusals of the server.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mrp_properties::answers;

fuzz_target!(|input: (u16, &[u8], &[u8])| {
    let (status, before, after) = input;
    answers::refusal_is_a_sentence_without_the_token(status, before, after);
});
