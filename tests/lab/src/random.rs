//! Random hexadecimal digits for file names and tokens. They need not be unpredictable.

use std::hash::{BuildHasher, Hasher, RandomState};

pub(crate) fn hex(digits: usize) -> String {
    let mut text = String::new();
    while text.len() < digits {
        text.push_str(&format!(
            "{:016x}",
            RandomState::new().build_hasher().finish()
        ));
    }
    text.truncate(digits);
    text
}
