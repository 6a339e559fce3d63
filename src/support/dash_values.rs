//! Option values that begin with a dash, as kernel command lines do: `--kernel-opts '--- quiet'`.

use std::ffi::OsString;

/// Joins each value that begins with a dash and has a blank in it to the option before it: `--kernel-opts=--- quiet`.
///
/// A word that `is_option` accepts, up to its `=`, stays a word of its own. So does a word without a blank, as in
/// `--kernel-opts --check`: a value must not swallow a switch. `--kernel-opts=--debug` passes such a value.
pub(crate) fn join_dash_values(
    words: &[OsString],
    is_option: impl Fn(&str) -> bool,
) -> Vec<OsString> {
    let is_dash_value = |word: &str| {
        let name = word.split('=').next().unwrap_or(word);
        word.starts_with('-') && word.contains(' ') && !is_option(name)
    };
    let mut joined: Vec<OsString> = Vec::new();
    for word in words {
        match joined.last_mut() {
            Some(option)
                if word.to_str().is_some_and(is_dash_value) && is_option_without_value(option) =>
            {
                option.push("=");
                option.push(word);
            }
            _ => joined.push(word.clone()),
        }
    }
    joined
}

/// Whether a name has the form of a long option.
pub(crate) fn looks_like_option(name: &str) -> bool {
    let letters = name.strip_prefix("--").unwrap_or_default();
    letters.starts_with(|first: char| first.is_ascii_alphabetic()) && !letters.contains(' ')
}

fn is_option_without_value(word: &OsString) -> bool {
    word.to_str()
        .is_some_and(|word| looks_like_option(word) && !word.contains('='))
}
