//! The labs of labs.cfg.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mrp_properties::labs;

fuzz_target!(|text: &str| {
    labs::text_is_labs_or_a_failure(text);
});
