//! The mark in an image's name.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mrp_properties::mark;

fuzz_target!(|input: (&str, &str, &[u8])| {
    let (user, file_name, contents) = input;
    mark::mark_survives_the_server(user, file_name, contents);
    mark::any_name_has_a_mark_or_none(user);
});
