//! The words of the modules' tables, as a terminal shows them.

use crate::ansible::{ModuleSpec, Opt};
use crate::cli::output::text::width_of;

/// A paragraph without Ansible's markup: `O(kernel_opts)` becomes `--kernel-opts`, `V(ready)` becomes `ready`.
pub(crate) fn plain(paragraph: &str) -> String {
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

/// A module's sentence about its options, as they are typed here: `force: true` and `the option force` become `--force`.
pub(crate) fn typed(sentence: &str, spec: &ModuleSpec) -> String {
    let mut told: Vec<String> = Vec::new();
    let mut words = sentence.split(' ').peekable();
    while let Some(word) = words.next() {
        let name = word.trim_end_matches(PUNCTUATION);
        let end = &word[name.len()..];
        let Some(option) = spec.all_options().find(|option| option.name == name) else {
            told.push(word.to_owned());
            continue;
        };
        let is_introduced = matches!(&told[..], [.., the, option] if the.eq_ignore_ascii_case("the") && option == "option");
        if is_introduced {
            told.truncate(told.len() - 2);
            told.push(flag(name) + end);
        } else if let Some(value) = words.next_if(|value| end == ":" && is_value(option, value)) {
            told.push(with_value(name, value));
        } else if name.contains('_') && end != ":" {
            told.push(flag(name) + end);
        } else {
            told.push(word.to_owned());
        }
    }
    told.join(" ")
}

const PUNCTUATION: [char; 4] = [':', ',', '.', ';'];

/// Whether it is written behind an option, and not only behind a word that looks like one.
fn is_value(option: &Opt, word: &str) -> bool {
    let word = word.trim_end_matches(PUNCTUATION);
    ["true", "false"].contains(&word) || option.choices.contains(&word)
}

/// An option that is on needs no value, and the value of one that is off stands behind a `=`.
fn with_value(name: &str, value: &str) -> String {
    let word = value.trim_end_matches(PUNCTUATION);
    let end = &value[word.len()..];
    match word {
        "true" => flag(name) + end,
        "false" => format!("{}=no{end}", flag(name)),
        _ => format!("{} {value}", flag(name)),
    }
}

/// An option's name as it is typed.
pub(crate) fn flag(name: &str) -> String {
    format!("--{}", name.replace('_', "-"))
}

/// `a, b and c`.
pub(crate) fn listed<Name: AsRef<str>>(names: &[Name]) -> String {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    match &names[..] {
        [others @ .., last] if !others.is_empty() => format!("{} and {last}", others.join(", ")),
        _ => names.concat(),
    }
}

/// Names that look like what was typed, as a hint; none without one.
pub(crate) fn did_you_mean<Name: AsRef<str>>(names: &[Name]) -> Option<String> {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    (!names.is_empty()).then(|| format!("Did you mean: {}?", names.join(", ")))
}

/// The first sentence of a paragraph, without its full stop.
pub(crate) fn sentence(paragraph: &str) -> String {
    let text = capitalised(without_condition(&plain(paragraph)));
    let sentence = text.split(". ").next().unwrap_or(&text);
    sentence.trim_end_matches('.').to_owned()
}

/// As much of a sentence as fits in so many columns, cut where a clause ends; all of it where none ends that early.
pub(crate) fn clause(sentence: &str, room: usize) -> &str {
    let ends = sentence.match_indices([',', ':', ';']).map(|(end, _)| end);
    let clauses = ends.chain([sentence.len()]).map(|end| &sentence[..end]);
    let mut fitting = clauses.filter(|clause| width_of(clause) <= room);
    fitting.next_back().unwrap_or(sentence)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_of_a_sentence_become_what_is_typed() {
        let spec = crate::modules::MACHINE.spec;
        for (sentence, told) in [
            (
                "netboot_when_ready needs wait: true",
                "--netboot-when-ready needs --wait",
            ),
            (
                "force needs state: provisioned.",
                "force needs --state provisioned.",
            ),
            (
                "with the option allow_unassigned.",
                "with --allow-unassigned.",
            ),
            (
                "set wait: false, or the option force",
                "set --wait=no, or --force",
            ),
            (
                "cannot read client_key: no such file, nor force: it is gone",
                "cannot read client_key: no such file, nor force: it is gone",
            ),
            ("The option force", "--force"),
            (
                "the kernel 'force' of the machine",
                "the kernel 'force' of the machine",
            ),
        ] {
            assert_eq!(typed(sentence, spec), told);
        }
    }

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
    fn a_sentence_is_cut_where_a_clause_ends() {
        let text = "With O(wait), name of the subarch, the firmware variant that decides. More.";
        let sentence = sentence(text);
        assert_eq!(
            sentence,
            "Name of the subarch, the firmware variant that decides"
        );
        assert_eq!(clause(&sentence, 80), sentence);
        assert_eq!(clause(&sentence, 30), "Name of the subarch");
        assert_eq!(clause(&sentence, 10), sentence);
    }
}
