//! Answers of the server.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mrp_properties::answers;

fuzz_target!(|body: &[u8]| {
    answers::answer_is_complete_or_an_error(body);
});
