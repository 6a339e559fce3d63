//! Filters that a user types.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mrp_properties::query;

fuzz_target!(|text: &str| {
    query::accepted_filter_is_accepted_by_the_server(text);
});
