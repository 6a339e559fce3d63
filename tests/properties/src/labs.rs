//! The labs of `labs.cfg`.

use std::path::Path;

use mr_provisioner::internals;

use crate::CANARY;
use crate::arguments::require_sentence;

/// Any text is a list of labs or a failure, and no failure repeats a value: it may be a token.
pub fn text_is_labs_or_a_failure(text: &str) {
    let path = Path::new("/nowhere/mrp/labs.cfg");
    // A line that is a token alone, the same with a name, and one behind what is there.
    for line in [format!("{CANARY}\n"), format!("mrp_token = {CANARY}\n")] {
        for text in [
            text.to_owned(),
            format!("{line}{text}"),
            format!("{text}\n{line}"),
        ] {
            let labs = match internals::read_labs(path, &text) {
                Ok(labs) => labs,
                Err(failure) => {
                    require_sentence(&failure);
                    assert!(!failure.text().contains(CANARY), "{}", failure.text());
                    continue;
                }
            };
            for (name, options) in labs {
                assert!(!name.is_empty() && name == name.trim(), "{name:?}");
                match options {
                    Ok(options) => assert!(options["mrp_url"].is_string(), "{options}"),
                    Err(failure) => {
                        require_sentence(&failure);
                        assert!(!failure.text().contains(CANARY), "{}", failure.text());
                    }
                }
            }
        }
    }
}
