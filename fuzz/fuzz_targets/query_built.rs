//! Queries that the library builds.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mrp_properties::query;

fuzz_target!(|input: (Vec<String>, bool, bool)| {
    let (names, is_part, all) = input;
    query::built_query_selects_what_it_says(&names, is_part, all);
});
