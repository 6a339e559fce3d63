//! The words of the modules' tables, as a terminal shows them.

/// A paragraph without Ansible's markup: `O(kernel_opts)` becomes `--kernel-opts`, `V(ready)` becomes `ready`.
pub(super) fn plain(paragraph: &str) -> String {
    let mut text = String::new();
    let mut rest = paragraph;
    while let Some(open) = rest.find('(') {
        let (before, behind) = rest.split_at(open);
        let mark = ["RV", "O", "V", "C", "M"]
            .into_iter()
            .find(|mark| is_mark(before, mark));
        let (Some(mark), Some(length)) = (mark, closing(behind)) else {
            text.push_str(&rest[..=open]);
            rest = &rest[open + 1..];
            continue;
        };
        text.push_str(&before[..before.len() - mark.len()]);
        let inside = behind[1..length].replace('\\', "");
        text.push_str(&match mark {
            "O" => option(&inside),
            _ => inside,
        });
        rest = &behind[length + 1..];
    }
    text + rest
}

/// Markup is letters of its own, not the end of a word.
fn is_mark(before: &str, mark: &str) -> bool {
    before
        .strip_suffix(mark)
        .is_some_and(|head| !head.ends_with(|last: char| last.is_alphanumeric()))
}

/// Where the parenthesis ends that the text begins with; there may be others inside.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0;
    text.char_indices()
        .find(|(_, character)| {
            match character {
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => {}
            }
            depth == 0
        })
        .map(|(index, _)| index)
}

fn option(inside: &str) -> String {
    match inside.split_once('=') {
        Some((name, value)) => format!("{}={value}", flag(name)),
        None => flag(inside),
    }
}

/// An option's name as it is typed.
pub(super) fn flag(name: &str) -> String {
    format!("--{}", name.replace('_', "-"))
}

/// `a, b and c`.
pub(super) fn listed<Name: AsRef<str>>(names: &[Name]) -> String {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    match &names[..] {
        [others @ .., last] if !others.is_empty() => format!("{} and {last}", others.join(", ")),
        _ => names.concat(),
    }
}

/// Names that look like what was typed, as a hint; none without one.
pub(super) fn did_you_mean(names: &[&str]) -> Option<String> {
    (!names.is_empty()).then(|| format!("Did you mean: {}?", names.join(", ")))
}

/// The gist of a paragraph in at most so many characters: its first sentence, or as much of that as fits.
pub(super) fn gist(paragraph: &str, width: usize) -> String {
    let text = capitalised(without_condition(&plain(paragraph)));
    let text = text.as_str();
    let sentence = text.split(". ").next().unwrap_or(text);
    let sentence = sentence.trim_end_matches('.');
    if sentence.chars().count() <= width {
        return sentence.to_owned();
    }
    let mut clauses = sentence
        .match_indices([',', ':', ';'])
        .map(|(end, _)| &sentence[..end])
        .filter(|clause| clause.chars().count() <= width);
    match clauses.next_back() {
        Some(clause) => clause.to_owned(),
        None => shortened(sentence, width),
    }
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(characters).collect()
}

/// `With --state=provisioned, wait` is said where the command has decided that already.
fn without_condition(text: &str) -> &str {
    text.strip_prefix("With ")
        .and_then(|rest| rest.split_once(", "))
        .map_or(text, |(_, rest)| rest)
}

/// As many words as fit, and a sign that there are more.
fn shortened(sentence: &str, width: usize) -> String {
    let mut text = String::new();
    for word in sentence.split(' ') {
        if text.chars().count() + word.chars().count() + 2 > width {
            break;
        }
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(word);
    }
    text.push('…');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_becomes_what_is_typed() {
        assert_eq!(
            plain(
                "With O(state=absent), V(ready) and C((= arch \"arm64\")) (a note), see O(kernel_opts) and RV(plan)."
            ),
            "With --state=absent, ready and (= arch \"arm64\") (a note), see --kernel-opts and plan."
        );
        assert_eq!(plain("the BMC(s)"), "the BMC(s)");
    }

    #[test]
    fn a_gist_is_as_much_of_the_first_sentence_as_fits() {
        let text = "With O(wait), name of the subarch, the firmware variant that decides. More.";
        assert_eq!(
            gist(text, 80),
            "Name of the subarch, the firmware variant that decides"
        );
        assert_eq!(gist(text, 30), "Name of the subarch");
        assert_eq!(gist("one two three four", 10), "One two…");
    }
}
