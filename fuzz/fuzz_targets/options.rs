//! Values of options of every type.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mrp_properties::options;

fuzz_target!(|json: &[u8]| {
    if let Ok(value) = serde_json::from_slice(json) {
        options::value_gets_its_type_or_is_refused(&value);
    }
});
