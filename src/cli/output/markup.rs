//! Options as they are typed, in messages and in the help.

use crate::ansible::{Literal, Opt};
use crate::cli::output::text::{display_text, display_width};
use crate::support::markup::OptionStyle;

/// `O(force)` is `--force`, `O(wait=true)` `--wait`, `O(wait=false)` `--wait=no`, `O(state=absent)` `--state absent`.
pub(crate) const OPTION_STYLE: OptionStyle = OptionStyle(|name, value| match value {
    None | Some("true") => flag(name),
    Some("false") => format!("{}=no", flag(name)),
    Some(value) => format!("{} {value}", flag(name)),
});

/// An option's name as it is typed.
pub(crate) fn flag(name: &str) -> String {
    format!("--{}", name.replace('_', "-"))
}

/// A default as it is typed.
pub(crate) fn literal(value: Literal) -> String {
    match value {
        Literal::Float(number) => number.to_owned(),
        other => display_text(&other.to_json()),
    }
}

/// The whole description of an option.
pub(crate) fn description(option: &Opt) -> String {
    let paragraphs = option.description.iter();
    let paragraphs = paragraphs.map(|paragraph| OPTION_STYLE.render_documentation(paragraph));
    paragraphs.collect::<Vec<_>>().join(" ")
}

/// The first sentence of an option's description, without its full stop.
///
/// A condition before it is left out: in `With O(state=provisioned), wait ...` the command has fixed the state.
pub(crate) fn first_sentence(option: &Opt) -> String {
    let paragraph = option.description.first().copied().unwrap_or_default();
    let condition = paragraph.strip_prefix("With ");
    let condition = condition.and_then(|condition| condition.split_once(", "));
    let text = condition.map_or(paragraph, |(_, text)| text);
    let text = OPTION_STYLE.render_documentation(text);
    let sentence = text.split(". ").next().unwrap_or(&text);
    capitalize(sentence.trim_end_matches('.'))
}

/// As many clauses of a sentence as fit in `room` columns; the whole sentence where not even the first one fits.
pub(crate) fn first_clauses(sentence: &str, room: usize) -> &str {
    let ends = sentence.match_indices([',', ':', ';']).map(|(end, _)| end);
    let beginnings = ends.chain([sentence.len()]).map(|end| &sentence[..end]);
    let mut fitting = beginnings.filter(|beginning| display_width(beginning) <= room);
    fitting.next_back().unwrap_or(sentence)
}

fn capitalize(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(characters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ansible::Kind;

    #[test]
    fn options_are_rendered_as_typed() {
        for (sentence, rendered) in [
            (
                "O(netboot_when_ready) needs O(wait=true)",
                "--netboot-when-ready needs --wait",
            ),
            (
                "O(force) needs O(state=provisioned).",
                "--force needs --state provisioned.",
            ),
            (
                "act with the option O(allow_unassigned).",
                "act with the option --allow-unassigned.",
            ),
            (
                "set O(wait=false), or the option O(force)",
                "set --wait=no, or the option --force",
            ),
            (
                "the kernel 'force' of the machine",
                "the kernel 'force' of the machine",
            ),
        ] {
            assert_eq!(OPTION_STYLE.render(sentence), rendered);
        }
    }

    #[test]
    fn description_has_no_markup() {
        let option = Opt {
            description: &[
                "With O(state=absent), V(ready) and C((= arch \"arm64\")) (a note), see O(kernel_opts) and RV(plan).",
                "The BMC(s).",
            ],
            ..Opt::new("x", Kind::Str)
        };
        assert_eq!(
            description(&option),
            "With --state absent, ready and (= arch \"arm64\") (a note), see --kernel-opts and plan. The BMC(s)."
        );
    }

    #[test]
    fn long_sentence_ends_with_a_clause() {
        let option = Opt {
            description: &[
                "With O(wait), name of the subarch, the firmware variant that decides. More.",
            ],
            ..Opt::new("x", Kind::Str)
        };
        let sentence = first_sentence(&option);
        assert_eq!(
            sentence,
            "Name of the subarch, the firmware variant that decides"
        );
        assert_eq!(first_clauses(&sentence, 80), sentence);
        assert_eq!(first_clauses(&sentence, 30), "Name of the subarch");
        assert_eq!(first_clauses(&sentence, 10), sentence);
    }
}
