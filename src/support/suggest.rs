//! Near matches: which known names a mistyped one may have meant.

/// The candidates that `name` was probably meant to be, the nearest first.
///
/// Case does not count. A name that is contained in a candidate, or the other way round, is near as
/// well: people leave out prefixes (`token` for `mrp_token`). An exact match is not a near match.
#[must_use]
pub(crate) fn near<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let wanted = name.to_lowercase();
    let mut found: Vec<(usize, &str)> = candidates
        .into_iter()
        .filter(|candidate| *candidate != name)
        .filter_map(|candidate| Some((closeness(&wanted, &candidate.to_lowercase())?, candidate)))
        .collect();
    found.sort_unstable();
    found.dedup();
    found.truncate(3);
    found.into_iter().map(|(_, candidate)| candidate).collect()
}

/// How far apart two words are, or nothing when they are too far apart to be meant for each other.
fn closeness(wanted: &str, candidate: &str) -> Option<usize> {
    let (short, long) = {
        let (a, b) = (wanted.chars().count(), candidate.chars().count());
        (a.min(b), a.max(b))
    };
    // Above this length a full comparison costs more than a suggestion is worth.
    if short == 0 || long > 256 {
        return None;
    }
    let edits = edits(wanted, candidate);
    let contained = short >= 3 && (candidate.contains(wanted) || wanted.contains(candidate));
    (contained || edits <= long.div_ceil(4)).then_some(edits)
}

/// Insertions, deletions, replacements and swaps of neighbours between two words (optimal string
/// alignment).
fn edits(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before_last = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let replaced = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = replaced.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before_last[j - 2] + 1);
            }
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[b.len()]
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
            assert_eq!(edits(a, b), expected, "{a} {b}");
        }
    }

    #[test]
    fn suggests_what_was_meant() {
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
    fn stays_silent_about_strangers() {
        assert!(near("bogus", OPTIONS).is_empty());
        assert!(near("", OPTIONS).is_empty());
        assert!(near("state", ["state"]).is_empty());
    }
}
