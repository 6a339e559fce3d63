//! Suggestions: which known names a mistyped one may have meant.

use std::borrow::Borrow;

/// The candidates that `name` was probably meant to be, the nearest first, at most three.
///
/// Case does not count. A name that is contained in a candidate, or the other way round, is near as well: people leave
/// out prefixes (`token` for `mrp_token`). An exact match is no suggestion.
pub(crate) fn near<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let lower = name.to_lowercase();
    let mut found: Vec<(usize, &str)> = candidates
        .into_iter()
        .filter(|candidate| *candidate != name)
        .filter_map(|candidate| Some((distance(&lower, &candidate.to_lowercase())?, candidate)))
        .collect();
    found.sort_unstable();
    found.dedup();
    found.truncate(3);
    found.into_iter().map(|(_, candidate)| candidate).collect()
}

/// A hint with the names that may have been meant; None without any.
pub(crate) fn did_you_mean(names: &[impl Borrow<str>]) -> Option<String> {
    (!names.is_empty()).then(|| format!("Did you mean: {}?", names.join(", ")))
}

/// The number of edits between two words; None when they are too far apart for one to be meant by the other.
fn distance(name: &str, candidate: &str) -> Option<usize> {
    let lengths = [name.chars().count(), candidate.chars().count()];
    let (short, long) = (lengths[0].min(lengths[1]), lengths[0].max(lengths[1]));
    // Above this length a full comparison costs more than a suggestion is worth.
    if short == 0 || long > 256 {
        return None;
    }
    let edits = strsim::osa_distance(name, candidate);
    let contained = short >= 3 && (candidate.contains(name) || name.contains(candidate));
    (contained || edits <= long.div_ceil(4)).then_some(edits)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPTIONS: [&str; 6] = [
        "arch",
        "description",
        "mrp_token",
        "mrp_url",
        "state",
        "type",
    ];

    #[test]
    fn counts_edits() {
        for (a, b, expected) in [
            ("", "", 0),
            ("abc", "", 3),
            ("kitten", "sitting", 3),
            ("tpye", "type", 1),
            ("ärch", "arch", 1),
        ] {
            assert_eq!(strsim::osa_distance(a, b), expected, "{a} {b}");
        }
    }

    #[test]
    fn suggests_names_that_are_near() {
        assert_eq!(near("desription", OPTIONS), ["description"]);
        assert_eq!(near("tpye", OPTIONS), ["type"]);
        assert_eq!(near("token", OPTIONS), ["mrp_token"]);
        assert_eq!(near("Arch", OPTIONS), ["arch"]);
        assert_eq!(
            near("machine-12", ["machine-11", "machine-21", "router"]),
            ["machine-11", "machine-21"]
        );
    }

    #[test]
    fn suggests_nothing_for_names_that_are_far_from_all() {
        assert!(near("bogus", OPTIONS).is_empty());
        assert!(near("", OPTIONS).is_empty());
        assert!(near("state", ["state"]).is_empty());
    }
}
