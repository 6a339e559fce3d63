//! Values that begin with a dash, as those of a kernel's command line do.

use std::ffi::OsString;

/// The words of a line, with each value that begins with a dash and has a blank in it joined to its option:
/// `--kernel-opts '--- quiet'`. A word that `is_option`, up to its `=`, is none. Without a blank it is always an option,
/// so that no value swallows one: `--kernel-opts=--debug` says otherwise.
pub(crate) fn joined(
    words: impl Iterator<Item = OsString>,
    is_option: impl Fn(&str) -> bool,
) -> Vec<OsString> {
    let is_value = |word: &str| {
        let name = word.split('=').next().unwrap_or(word);
        word.starts_with('-') && word.contains(' ') && !is_option(name)
    };
    let mut joined: Vec<OsString> = Vec::new();
    for word in words {
        let is_value = word.to_str().is_some_and(is_value);
        match joined.last_mut() {
            Some(option) if is_value && is_bare_option(option) => {
                option.push("=");
                option.push(word);
            }
            _ => joined.push(word),
        }
    }
    joined
}

/// Whether it may be an option by its looks.
pub(crate) fn looks_like_an_option(name: &str) -> bool {
    let letters = name.strip_prefix("--").unwrap_or_default();
    letters.starts_with(|first: char| first.is_ascii_alphabetic()) && !letters.contains(' ')
}

fn is_bare_option(word: &OsString) -> bool {
    word.to_str()
        .is_some_and(|word| looks_like_an_option(word) && !word.contains('='))
}
